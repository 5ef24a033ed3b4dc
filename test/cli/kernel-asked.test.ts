import assert from 'node:assert/strict';
import test from 'node:test';
import type { Now } from '../../src/analysis/activity.ts';
import { KernelAsked } from '../../src/cli/dashboard/kernel-asked.ts';
import type { ProcessSight } from '../../src/sources/live/sights.ts';

function now(sinceMs: number): Now {
  return { state: 'waiting', call: 'epoll_wait', target: '', sinceMs, turnSinceMs: null };
}

/** A process that a look found in an epoll wait on descriptor 7. */
function sight(pid: number): ProcessSight {
  const thread = {
    tid: pid,
    call: 'epoll_wait',
    number: 232,
    args: ['7', '7f01'],
    fd: 7,
    target: '',
    isOfClient: false,
  };
  const times = {
    held: '',
    holder: 0,
    since: 0,
    before: 0,
    at: 0,
    awayFrom: 0,
    ran: 0,
    isFromStart: false,
    stuckAtFirst: null,
  } as const;
  return {
    pid,
    parent: 1,
    name: 'gunicorn',
    innerPid: pid,
    clients: 0,
    hasRing: false,
    threads: [{ ...thread, ...times }],
  };
}

test('the kernel is asked about workers of which the trace told something new; the last look says it of others', () => {
  const asked: number[] = [];
  const kernel = new KernelAsked((pid) => {
    asked.push(pid);
    return { isRunning: false, call: 'fsync', first: 9 };
  });
  const look = (...sinces: readonly number[]) => {
    const pids = [101, 103];
    const callOf = kernel.about(new Map(pids.map((pid, index) => [pid, now(sinces[index] ?? 0)])), [sight(101)]);
    return pids.map((pid) => callOf(pid)?.call);
  };
  assert.deepEqual(look(1, 1), ['fsync', 'fsync']);
  assert.deepEqual(asked.splice(0), [101, 103]);
  // Nothing new of either; only of 101 a look tells.
  assert.deepEqual(look(1, 1), ['epoll_wait', 'fsync']);
  assert.deepEqual(asked.splice(0), [103]);
  assert.deepEqual(look(2, 1), ['fsync', 'fsync']);
  assert.deepEqual(asked.splice(0), [101, 103]);
});
