import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type AnalysisMessage, AnalysisThread } from '../../src/pipeline/analysis-thread.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';
import { messages } from './thread-messages.ts';

const folder = temporaryFolder();

describe('an analysis in a thread', () => {
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

  it('stops where it is when it is asked to, and reports on what was read', async () => {
    const told = await messages(sample('c-client-flush').trace, { onStart: (thread) => thread.stopReading() });
    const last = told.at(-1);
    assert.ok(last?.kind === 'done');
    assert.ok(last.stopped);
    assert.ok(last.picture.report.quality.lines > 0);
  });
});
