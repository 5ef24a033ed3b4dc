import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { analyzeFiles } from '../../src/index.ts';
import { type AnalysisMessage, AnalysisThread } from '../../src/pipeline/analysis-thread.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';

const folder = temporaryFolder();

/** All that the thread says, to its end. */
function messages(
  path: string,
  { memoryMb = 512, onStart = (_: AnalysisThread): void => undefined } = {},
): Promise<AnalysisMessage[]> {
  const told: AnalysisMessage[] = [];
  return new Promise((resolve) => {
    const thread: AnalysisThread = new AnalysisThread({
      paths: [path],
      options: {},
      memoryMb,
      tell: (message) => {
        told.push(message);
        if (message.kind === 'done' || message.kind === 'failed') void thread.terminate().then(() => resolve(told));
      },
    });
    onStart(thread);
  });
}

describe('an analysis in a thread', () => {
  it('tells the same report as one without, and what the workers did', async () => {
    const { trace } = sample('distracted-worker');
    const last = (await messages(trace)).at(-1);
    assert.equal(last?.kind, 'done');
    assert.ok(last?.kind === 'done');
    assert.deepEqual(last.picture.report, await analyzeFiles([trace]));
    assert.deepEqual(
      last.picture.activity?.workers.map(({ pid }) => pid),
      last.picture.report.workers.map(({ pid }) => pid),
    );
    assert.equal(last.read.lines, 7_850);
  });

  it('follows a file that somebody else writes, until it is stopped', async () => {
    const text = gunzipSync(readFileSync(sample('distracted-worker').trace)).toString();
    const half = text.indexOf('\n', text.length / 3) + 1;
    const path = join(folder, 'grows.strace');
    writeFileSync(path, text.slice(0, half));
    let isWhole = false;
    const done = await new Promise<AnalysisMessage>((resolve) => {
      const thread: AnalysisThread = new AnalysisThread({
        paths: [path],
        options: {},
        memoryMb: 512,
        kind: 'followed',
        tell: (message) => {
          if (message.kind === 'done' || message.kind === 'failed')
            void thread.terminate().then(() => resolve(message));
          if (message.kind !== 'snapshot' && message.kind !== 'progress') return;
          if (!isWhole) appendFileSync(path, text.slice(half));
          isWhole = true;
          if (message.read.lines >= 7_850) thread.stopReading();
        },
      });
    });
    assert.ok(done.kind === 'done');
    assert.deepEqual([done.stopped, done.read.lines], [true, 7_850]);
    assert.deepEqual([done.picture.report.source.kind, done.picture.report.source.paths], ['file', [path]]);
    assert.match(done.picture.report.verdict.text, /^Likely: GET \/b holds worker 4870/);
  });

  it('says what is wrong with an input that is no trace, and what to do', async () => {
    const path = join(folder, 'notes.txt');
    writeFileSync(path, 'Dear all,\nthe meeting is at nine.\n'.repeat(7));
    const last = (await messages(path)).at(-1);
    assert.ok(last?.kind === 'failed');
    assert.ok(last.isInput);
    assert.match(last.message, /notes\.txt/);
    assert.notEqual(last.hint, '');
  });

  it('that runs out of memory ends with a message, not with the process', async () => {
    const last = (await messages(sample('c-client-flush').trace, { memoryMb: 3 })).at(-1);
    assert.ok(last?.kind === 'failed');
    assert.match(last.message, /more than 3 MB of memory/);
    assert.match(last.hint, /--memory/);
  });

  it('stops where it is when it is asked to, and reports on what was read', async () => {
    const told = await messages(sample('c-client-flush').trace, { onStart: (thread) => thread.stopReading() });
    const last = told.at(-1);
    assert.ok(last?.kind === 'done');
    assert.ok(last.stopped);
    assert.ok(last.picture.report.quality.lines > 0);
  });
});
