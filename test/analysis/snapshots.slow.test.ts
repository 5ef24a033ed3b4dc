import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { detectors } from '../../src/detectors/registry.ts';
import type { Report } from '../../src/index.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { fences, pageOf } from '../support/detector-page.ts';
import { memoryInput } from '../support/memory-input.ts';
import { TraceLines } from '../support/trace-lines.ts';
import { samples } from '../support/truth.ts';

/** The final report, with a snapshot after each chunk or without; and how many snapshots found something. */
async function read(
  text: string,
  chunkBytes: number,
  isWatched: boolean,
): Promise<{ readonly report: Report; readonly found: number }> {
  const input = memoryInput('trace', text, { chunkBytes });
  let found = 0;
  const report = await analyzeInputs(
    { kind: 'file', paths: ['trace'], inputs: [input], leftOut: [], notices: [] },
    {},
    isWatched ? { progress: (progress) => void (progress.snapshot().findings.length > 0 && found++) } : {},
  );
  return { report, found };
}

async function assertUnchanged(text: string, chunkBytes: number): Promise<number> {
  const watched = await read(text, chunkBytes, true);
  assert.deepEqual(watched.report, (await read(text, chunkBytes, false)).report);
  return watched.found;
}

describe('whoever looks at a report on the way gets the same one in the end', () => {
  for (const { kind } of detectors) {
    it(`on the examples of ${kind}, line by line`, async () => {
      for (const { text } of fences(pageOf(kind), '(?:strace|bpftrace) (?:fires|quiet)'))
        await assertUnchanged(text, 150);
    });
  }

  for (const { name, trace } of samples()) {
    it(`on the sample ${name}, each 20 kB`, async () => {
      const text = gunzipSync(readFileSync(trace)).toString('latin1');
      const found = await assertUnchanged(text, Math.max(20_000, Math.ceil(text.length / 100)));
      const { report } = await read(text, 1_000_000, false);
      // A snapshot of which nothing is found on the way would prove nothing.
      if (report.findings.length > 0 && text.length > 200_000) assert.ok(found > 0);
    });
  }

  it('in a capture of accepts alone, of which each EAGAIN waits for a later winner', async () => {
    const trace = new TraceLines();
    const [winner, ...losers] = [101, 102, 103].map((pid) => trace.thread(pid));
    for (const worker of [winner, ...losers]) worker?.labels.set(5, 'socket:[4711]');
    for (let index = 0; index < 41; index++) {
      for (const loser of losers) loser.at(50 + index * 20 - 1).acceptNothing();
      winner
        ?.at(50 + index * 20)
        .accept(11)
        .close(11);
    }
    const text = trace.text({});
    const { report } = await read(text, 150, true);
    assert.equal(report.findings.find(({ kind }) => kind === 'thundering-herd')?.metrics.wastedWakeups, 82);
    await assertUnchanged(text, 150);
  });
});
