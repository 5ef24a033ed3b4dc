import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';
import { prefork, watch } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { ORIGIN_SECONDS } from '../support/trace-lines.ts';

async function report(hasRing: boolean, serves: boolean) {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  for (let index = 0; index < 13; index++) first.waitUntil(50 + index * 20, LISTENER).serve(11, 'GET /a');
  first.waitUntil(900);
  if (serves) second.waitUntil(60, LISTENER).serve(11, 'GET /b');
  if (hasRing) second.call('io_uring_enter(9<anon_inode:[io_uring]>, 1, 1, IORING_ENTER_GETEVENTS, NULL, 8', ')', 1, 5);
  second.waitUntil(900);
  return analyzed(trace);
}

describe('a ring of io_uring', () => {
  it('is told, and what it may hide is not clear', async () => {
    const { quality, outcomes } = await report(true, false);
    assert.ok(quality.notes.some((note) => /^Process 102 uses io_uring: accepts, reads and writes/.test(note)));
    for (const kind of ['loop-stall', 'broken-pipe', 'request-retry'] as const) {
      assert.equal(outcomes[kind]?.status, 'not-applicable');
      assert.match(outcomes[kind]?.reason ?? '', /^Process 102 uses io_uring/);
    }
  });

  it('hides the traffic of no process whose connections show in system calls, as those of node', async () => {
    const { outcomes } = await report(true, true);
    assert.equal(outcomes['loop-stall']?.status, 'clear');
  });

  it('is told where only its descriptor shows, in a call or in what drover noted of a thread', async () => {
    for (const shows of ['epoll_ctl', 'seen']) {
      const { trace, workers } = prefork([101, 102]);
      const [first, second] = workers as [ThreadLines, ThreadLines];
      first.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(900);
      if (shows === 'epoll_ctl') watch(second.labels.set(9, 'anon_inode:[io_uring]') && second, 9);
      second.waitUntil(900);
      const stamp = ORIGIN_SECONDS + 1;
      const seen = `strace: drover: event=seen ts=${stamp} for=0 pid=102 tid=102 parent=100 call=futex ring=1 comm=a\n`;
      const { quality } = await analyzed(trace.text() + (shows === 'seen' ? seen : ''));
      assert.ok(
        quality.notes.some((note) => note.startsWith('Process 102 uses io_uring')),
        shows,
      );
    }
  });

  it('is not told where there is none', async () => {
    const { quality, outcomes } = await report(false, false);
    assert.ok(!quality.notes.some((note) => note.includes('io_uring')));
    assert.equal(outcomes['loop-stall']?.status, 'clear');
  });
});
