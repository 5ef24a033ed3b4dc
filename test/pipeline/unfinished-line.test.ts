import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { straceFormat } from '../../parsers/strace/format.ts';
import { unfinishedCall } from '../../src/pipeline/unfinished-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();
const START = Date.parse('2026-11-20T02:13:29.000Z');
const WHOLE = '4127 1795140810.000000 close(3) = 0 <0.000003>\n';

function unfinished(end: string) {
  const path = join(folder, 'spool');
  writeFileSync(path, WHOLE.repeat(301) + end);
  return unfinishedCall(path, START, straceFormat.lines);
}

test('a line that has no end tells the call that a thread is in, since when, and on what', () => {
  assert.deepEqual(unfinished('4128 1795140811.250000 fsync(9</srv/app/sessions.db>'), {
    tid: 4128,
    now: { state: 'blocked', call: 'fsync', target: '/srv/app/sessions.db', sinceMs: 2_250 },
  });
});

test('waiting for events is not being blocked', () => {
  assert.equal(unfinished('4128 1795140811.250000 epoll_wait(6<anon_inode:[eventpoll]>, ')?.now.state, 'waiting');
  assert.equal(unfinished('[pid 4128] 1795140811.250000 accept4(5<socket:[1]>, ')?.now.state, 'waiting');
});

test('a whole last line, a beginning that says nothing yet, and no file tell nothing', () => {
  assert.equal(unfinished(''), null);
  assert.equal(unfinished('4128 17951'), null);
  assert.equal(unfinished('\x1b[2J'), null);
  assert.equal(unfinishedCall(join(folder, 'missing'), START, straceFormat.lines), null);
});
