import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { WORTH_A_THREAD } from '../../src/pipeline/parser-thread.ts';
import { scan } from '../../src/pipeline/scan.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';
import { memoryInput } from '../support/memory-input.ts';
import { samples } from '../support/truth.ts';

/** The files that `strace -ff` would have written instead of this capture with a column of pids. */
function filesOf(path: string): ReadonlyMap<number, string> {
  const files = new Map<number, string[]>();
  let last: string[] = [];
  for (const line of gunzipSync(readFileSync(path)).toString('latin1').split('\n')) {
    const [, pid, rest] = /^ *(\d+) +(.*)$/.exec(line) ?? [];
    if (pid === undefined || rest === undefined) {
      last.push(line);
      continue;
    }
    last = files.get(Number(pid)) ?? [];
    files.set(Number(pid), last);
    last.push(rest);
  }
  return new Map([...files].map(([pid, lines]) => [pid, `${lines.join('\n')}\n`]));
}

/** Small as they are, the inputs say that they are of that size: so they go the way of large ones, or of small ones. */
function inputsOf(files: ReadonlyMap<number, string>, sizeBytes: number): TraceInput[] {
  return Array.from(files, ([tid, text]) => ({
    ...memoryInput(`trace.${tid}`, text, { tid, chunkBytes: 5_003 }),
    sizeBytes,
  }));
}

async function analyzed(inputs: readonly TraceInput[]): Promise<{ readonly report: Report; readonly threads: number }> {
  let threads = 0;
  const count = () => threads++;
  process.on('worker', count);
  const report = await analyzeInputs({ kind: 'file', paths: ['trace'], notices: [], leftOut: [], inputs }, {});
  process.off('worker', count);
  return { report, threads };
}

/** Servers of several processes, with stacks and without, killed, stopped, or in one call from beginning to end. */
const CHOSEN = new RegExp(
  '^(?:accept-errors|busy-workers|c-client-flush|distracted-worker|gil-starvation|hang-(?:go|celery|gunicorn-gevent))' +
    '\\b',
);

describe('the files of strace -ff, parsed in one thread of their own', () => {
  for (const { name, trace } of samples().filter((sample) => CHOSEN.test(sample.name))) {
    const files = filesOf(trace);
    if (files.size < 2) continue;
    it(`give the same report as files that are not: ${name}`, async () => {
      const beside = await analyzed(inputsOf(files, WORTH_A_THREAD));
      const here = await analyzed(inputsOf(files, 0));
      assert.deepEqual([beside.threads, here.threads], [1, 0]);
      assert.deepEqual(beside.report, here.report);
    });
  }

  it('are parsed in this one where a line names another thread than the name of its file', async () => {
    const line = (tid: number, at: number) =>
      `${tid} 1700000000.${String(at).padStart(6, '0')} getpid() = 7 <0.000003>\n`;
    const files = new Map([
      [101, line(101, 1) + line(102, 3)],
      [102, line(102, 2) + line(101, 4)],
    ]);
    const { inputs } = await scan(inputsOf(files, WORTH_A_THREAD));
    assert.deepEqual(
      inputs.map(({ isOfOneThread }) => isOfOneThread),
      [false, false],
    );
    assert.equal((await analyzed(inputsOf(files, WORTH_A_THREAD))).threads, 0);
  });
});
