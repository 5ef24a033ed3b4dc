import assert from 'node:assert/strict';
import test from 'node:test';
import type { Now } from '../../src/analysis/activity.ts';
import { asKernelSays } from '../../src/cli/dashboard/as-kernel-says.ts';

const SINCE = { sinceMs: 7_000, turnSinceMs: 5_000 } as const;
const LOOP = { hub: 'epoll', hubFd: 7 } as const;

/** What becomes of what the trace says of a worker that the kernel shows in this call. */
function said(now: Partial<Now>, call: string, first: number, isLate = true): readonly (string | number | null)[] {
  const told: Now = { state: 'silent', call: '', target: '', ...SINCE, ...LOOP, ...now };
  const callOf = () => ({ isRunning: false, call, first });
  const { state, turnSinceMs, call: shown } = asKernelSays(new Map([[101, told]]), { isLate, callOf }).get(101) ?? told;
  return [state, shown, turnSinceMs ?? null];
}

test('a worker that waits on the epoll instance of its loop waits, and on one of a library it is in its turn', () => {
  assert.deepEqual(said({}, 'epoll_wait', 7), ['waiting', 'epoll_wait', null]);
  assert.deepEqual(said({}, 'epoll_wait', 20), ['blocked', 'epoll_wait', 5_000]);
});

test('strace says itself what a call is, and not yet on which epoll instance', () => {
  const waiting = { state: 'waiting', call: 'epoll_wait' } as const;
  assert.deepEqual(said(waiting, 'epoll_wait', 7, false), ['waiting', 'epoll_wait', 5_000]);
  assert.deepEqual(said(waiting, 'epoll_wait', 20, false), ['blocked', 'epoll_wait', 5_000]);
  assert.deepEqual(said({ state: 'blocked', call: 'fsync' }, 'epoll_wait', 20, false), ['blocked', 'fsync', 5_000]);
});

test('a worker that waits for its clients in accept is in its turn in any other wait, for an answer', () => {
  const acceptor = { hub: 'accept', hubFd: undefined } as unknown as Partial<Now>;
  assert.deepEqual(said(acceptor, 'poll', 6), ['blocked', 'poll', 5_000]);
  assert.deepEqual(said(acceptor, 'epoll_wait', 20), ['blocked', 'epoll_wait', 5_000]);
  assert.deepEqual(said(acceptor, 'accept', 3), ['waiting', 'accept', null]);
});

test('a worker whose loop is not known waits in any wait; one that computes is in no call', () => {
  const unknown = { hub: undefined, hubFd: undefined } as unknown as Partial<Now>;
  assert.deepEqual(said(unknown, 'epoll_wait', 20), ['waiting', 'epoll_wait', null]);
  assert.deepEqual(said({ call: 'fsync' }, '', 0), ['silent', '', 5_000]);
});
