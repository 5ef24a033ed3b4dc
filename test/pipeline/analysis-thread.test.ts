import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';
import { messages } from './thread-messages.ts';

const folder = temporaryFolder();

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
});
