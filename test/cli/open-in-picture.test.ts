import assert from 'node:assert/strict';
import test from 'node:test';
import { openInPicture } from '../../src/cli/dashboard/open-in-picture.ts';
import { analyzed } from '../support/analyzed.ts';

/** Worker 101 is in a sleep of 5 s when the capture ends; `before` stands in front of that. */
const hang = (before: string): string =>
  [
    ...(before === '' ? [] : [before]),
    '101 1795197672.000000 epoll_wait(4<anon_inode:[eventpoll]>, [], 8, 100) = 0 <0.100000>',
    '101 1795197672.200000 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3}}], 8, -1) = 1 <0.000100>',
    '101 1795197672.300000 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=25, tv_nsec=0}, <unfinished ...>',
    '103 1795197677.300000 getpid() = 103 <0.000009>',
    '',
  ].join('\n');

test('what goes on began when it did, though the report on it knows of an earlier event than the picture', async () => {
  const report = await analyzed(hang(''));
  const open = report.findings.filter(({ openEnded }) => openEnded);
  assert.ok(open.length > 0);
  const earlier = await analyzed(hang('103 1795197667.000000 getpid() = 103 <0.000009>'));
  assert.deepEqual(
    openInPicture(earlier, { report, activity: null }).map(({ startMs, endMs }) => [startMs, endMs]),
    open.map(({ startMs, endMs }) => [startMs, endMs]),
  );
  assert.notDeepEqual(
    earlier.findings.filter(({ openEnded }) => openEnded).map(({ startMs }) => startMs),
    open.map(({ startMs }) => startMs),
  );
  assert.deepEqual(openInPicture(report, { report, activity: null }), open);
});
