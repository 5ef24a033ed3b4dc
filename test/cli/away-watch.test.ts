import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwayWatch } from '../../src/cli/capture/away-watch.ts';
import type { ProcessSight, ThreadSight } from '../../src/sources/live/sights.ts';

const SECOND = 1e9;

/** A thread that has been in a call since some second, and out of its wait since another one. */
function thread(tid: number, call: string, since: number, at: number, more: Partial<ThreadSight> = {}): ThreadSight {
  const none = {
    number: 0,
    args: [],
    fd: -1,
    target: '',
    held: '' as const,
    holder: 0,
    isOfClient: false,
    ran: 0,
    isFromStart: false,
    stuckAtFirst: null,
  };
  const [from, to] = [since * SECOND, at * SECOND];
  return { tid, call, ...none, since: from, before: from, at: to, awayFrom: from, ...more };
}

function sight(pid: number, ...threads: readonly ThreadSight[]): ProcessSight {
  return { pid, parent: 97, name: 'gunicorn', innerPid: pid, clients: 1, hasRing: false, threads };
}

/** The seconds at which the ring was read, of a thread that is seen once a second. */
function looksAt(stallMs: number, seconds: number, threadAt: (second: number) => ThreadSight): number[] {
  const watch = new AwayWatch(stallMs);
  const looks: number[] = [];
  for (let second = 1; second <= seconds; second++) {
    watch.look([sight(103, threadAt(second))], second * SECOND);
    if (!watch.isWorthALook(() => false)) continue;
    looks.push(second);
    watch.looked();
  }
  return looks;
}

describe('who is away from its wait', () => {
  it('is a worker that hangs in poll of the one connection that it made, and not one that waits for clients', () => {
    const watch = new AwayWatch(500);
    const asks = thread(103, 'poll', 1, 9, { target: '10.0.0.5:5432', awayFrom: SECOND });
    const waits = thread(107, 'poll', 1, 9, { target: '10.0.0.7:4100', isOfClient: true, awayFrom: 9 * SECOND });
    const loops = thread(109, 'epoll_wait', 1, 9, { awayFrom: 9 * SECOND });
    const away = watch.look([sight(103, asks), sight(107, waits), sight(109, loops)], 9 * SECOND);
    assert.deepEqual([...away], [103]);
    assert.equal(
      watch.isWorthALook(() => false),
      true,
    );
    assert.equal(
      watch.isWorthALook((pid) => pid === 103),
      false,
    );
  });

  it('is a worker of which another thread has not come back', () => {
    const watch = new AwayWatch(500);
    const main = thread(103, 'epoll_wait', 1, 9, { awayFrom: 9 * SECOND });
    const parked = thread(104, 'futex', 1, 9);
    assert.deepEqual([...watch.look([sight(103, main, parked)], 9 * SECOND)], []);
    const asks = thread(105, 'recvfrom', 5, 9, { target: '10.0.0.5:5432' });
    assert.deepEqual([...watch.look([sight(103, main, parked, asks)], 9 * SECOND)], [103]);
  });

  it('is nobody for less than the stall that is waited for', () => {
    const watch = new AwayWatch(5_000);
    assert.equal(watch.look([sight(103, thread(103, 'recvfrom', 1, 5.9))], 5.9 * SECOND).size, 0);
    assert.equal(watch.look([sight(103, thread(103, 'recvfrom', 1, 6))], 6 * SECOND).size, 1);
  });
});

describe('a ring is read again', () => {
  it('ever more rarely for a thread that is parked, in one call or in many', () => {
    assert.deepEqual(
      looksAt(500, 100, (second) => thread(103, 'futex', 0, second)),
      [1, 2, 4, 8, 16, 32, 64],
    );
    // A main thread that sleeps for a second, again and again.
    assert.deepEqual(
      looksAt(500, 100, (second) => thread(103, 'clock_nanosleep', second - 1, second)),
      [1],
    );
  });

  it('ever more rarely for a worker that never waits, and at once when it hangs in a call', () => {
    const busy = (second: number) => thread(103, 'sendto', second - 0.01, second, { awayFrom: 0 });
    assert.deepEqual(looksAt(500, 50, busy), [2, 4, 8, 16, 32]);
    assert.deepEqual(
      looksAt(500, 50, (second) => (second < 40 ? busy(second) : thread(103, 'recvfrom', 39, second, { awayFrom: 0 }))),
      [2, 4, 8, 16, 32, 40, 41, 43, 47],
    );
  });

  it('for each thread that hangs anew', () => {
    const hangs = (second: number) => thread(103, 'recvfrom', Math.floor(second / 10) * 10 - 1, second);
    assert.deepEqual(looksAt(500, 22, hangs), [1, 3, 7, 10, 11, 13, 17, 20, 21]);
  });
});
