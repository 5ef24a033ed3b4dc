import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { tailInput } from '../../src/sources/tail-input.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();

test('a file that grows while it is read is read to its end, cut anywhere', async () => {
  const path = join(FOLDER, 'growing.strace');
  const text = workerLines({ pid: 17, count: 1_009 });
  writeFileSync(path, '');
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const writing = (async () => {
    for (let from = 0; from < text.length; from += 7_919) {
      appendFileSync(path, text.slice(from, from + 7_919));
      await pause(3);
    }
    // The last bytes may come after the reader has looked for the last time before the end.
    end();
  })();
  const input = tailInput({ path, ended, diagnostics: [] });
  const report = await analyzeInputs({ kind: 'live', paths: [path], inputs: [input], leftOut: [], notices: [] }, {});
  await writing;
  assert.equal(report.quality.lines, text.split('\n').length - 1);
  assert.equal(report.quality.unparsedLines, 0);
  assert.equal(input.bytesRead, text.length);
  assert.equal(report.source.kind, 'live');
});

test('the end of a tracer that failed is an end as well', async () => {
  const path = join(FOLDER, 'failed.strace');
  writeFileSync(path, 'x'.repeat(97));
  const chunks: number[] = [];
  for await (const chunk of tailInput({ path, ended: Promise.reject(new Error('gone')), diagnostics: [] }).chunks())
    chunks.push(chunk.length);
  assert.deepEqual(chunks, [97]);
});
