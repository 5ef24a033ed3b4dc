import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const MUTEX = '0x5598f1a58a18';
const WAIT = `futex(${MUTEX}, FUTEX_WAIT_PRIVATE, 2, NULL`;

/**
 * Three threads of uWSGI that ran before the tracer came, in turn at one mutex: who has it waits for a client and gives
 * it on. `accepts` false: what they have the mutex for is something else.
 */
function inTurn(accepts = true): TraceLines {
  const trace = new TraceLines();
  const threads = [101, 102, 103].map((tid) => {
    const thread = trace.thread(tid).at(0);
    thread.labels.set(LISTENER, 'socket:[4711]');
    thread.labels.set(7, 'anon_inode:[eventpoll]');
    return thread;
  });
  const serve = (thread: ThreadLines, until: number): void => {
    if (accepts) {
      thread.call(
        `epoll_wait(${thread.fd(7)}, `,
        `[{events=EPOLLIN, data={u32=5, u64=5}}], 1, -1)`,
        1,
        until - thread.now,
      );
      thread.accept(11);
    } else thread.call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=1, tv_nsec=0}, ', 'NULL)', 0, until - thread.now);
    thread.call(`futex(${MUTEX}, FUTEX_WAKE_PRIVATE, 1`, ')', 1);
    if (accepts) thread.read(11, 'GET /a').reply(11).close(11);
  };
  for (let round = 0; round < 7; round++) {
    const thread = threads[round % 3] as ThreadLines;
    const begins = round * 500;
    if (begins > thread.now) thread.call(WAIT, ')', 0, begins - thread.now);
    serve(thread, begins + 499);
  }
  for (const thread of threads) thread.stays(WAIT);
  trace.thread(104).at(4999).call('getpid(', ')', 104);
  return trace;
}

it('threads that were there before the tracer are not stuck in the mutex for their turn to accept', async () => {
  none(await analyzed(inTurn()), 'stuck-call');
});

it('they are in a mutex for anything else', async () => {
  assert.match(only(await analyzed(inTurn(false)), 'stuck-call').title, /the lock at 0x5598f1a58a18 is taken/);
});
