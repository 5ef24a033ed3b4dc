import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
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
