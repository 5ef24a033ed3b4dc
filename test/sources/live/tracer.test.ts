import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Tracer } from '../../../src/sources/live/tracer.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function said(script: string): Promise<{ words: readonly string[]; log: string }> {
  const log = join(temporaryFolder(), 'log');
  writeFileSync(log, '');
  const tracer = await Tracer.start({ command: ['sh', '-c', script], log, stdout: 'log' });
  await tracer.ended;
  rmSync(log);
  return { words: await tracer.lastWords(), log };
}

test('of a tracer that talks much the last twenty lines are kept, also when its log is gone', async () => {
  const { words } = await said('i=1; while [ $i -le 20011 ]; do echo "strace: line $i é" >&2; i=$((i+1)); done');
  assert.equal(words.length, 20);
  assert.equal(words[0], 'strace: line 19992 é');
  assert.equal(words.at(-1), 'strace: line 20011 é');
});

test('a last message without the end of its line is a message, and a line without an end is none', async () => {
  const { words } = await said(
    "echo first >&2; head -c 200003 /dev/zero | tr '\\0' x >&2; echo >&2; printf 'strace: last' >&2",
  );
  assert.deepEqual(words, ['first', 'strace: last']);
});

test('a tracer that says nothing has no last words', async () => {
  assert.deepEqual((await said('exit 3')).words, []);
});

test('what a tracer said is known while it still runs', async () => {
  const log = join(temporaryFolder(), 'log');
  writeFileSync(log, '');
  const tracer = await Tracer.start({ command: ['sh', '-c', 'echo attached >&2; sleep 7'], log, stdout: 'log' });
  for (let looks = 0; looks < 100 && (await tracer.lastWords()).length === 0; looks++)
    await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(tracer.isOver, false);
  assert.deepEqual(await tracer.lastWords(), ['attached']);
  await tracer.stop({ signal: 'SIGTERM', patienceMs: 2_000, repeatMs: 100, deafMs: 0 });
});
