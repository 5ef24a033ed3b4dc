import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Delays, Queue } from '../../src/detectors/accept-delay/queue.ts';
import { Hoards, type Waited } from '../../src/detectors/accept-hoarding/hoards.ts';
import { attendancesOf, mostAtOnce } from '../../src/detectors/accept-queues/attendance.ts';
import { gini } from '../../src/detectors/accept-queues/gini.ts';
import { History } from '../../src/detectors/accept-skew/history.ts';
import { Floods } from '../../src/detectors/backlog-overflow/floods.ts';
import { FreeWorkers } from '../../src/detectors/stranded-queue/detector.ts';
import { BareAccepts } from '../../src/detectors/thundering-herd/bare-accepts.ts';
import { figuresOf } from '../../src/detectors/thundering-herd/figures.ts';
import { Queue as HerdQueue } from '../../src/detectors/thundering-herd/queue.ts';
import { TimesOfThreads } from '../../src/detectors/times-of-threads.ts';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { Listener } from '../../src/model/machine/listener.ts';
import type { Model } from '../../src/model/model.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

/** What the detectors of accept queues count, by figures that were worked out by hand. */
const listener = new Listener(0, '127.0.0.1:8000', 'same-socket');
const line = (number: number) => ({ file: 'trace', line: number, text: '' });
const [a, b, c] = [threadOf(101), threadOf(103), threadOf(107)];

describe('what had queued up while nobody looked', () => {
  const taken = (thread: typeof a, since: number, start: number, accepted: number, end = start + 1) => ({
    thread,
    listener,
    since,
    start,
    end,
    accepted,
    line: line(start),
  });

  it('is one flood of several workers where they looked away together for so long', () => {
    const floods = new Floods(100);
    floods.add(taken(a, 0, 300, 7));
    floods.add(taken(b, 200, 310, 5));
    // 100 of the time up to 300 is common to all three.
    assert.deepEqual(
      floods.ofAtLeast(1).map(({ threads, lines, ...rest }) => [threads.size, lines.length, rest]),
      [[2, 2, { since: 200, start: 300, end: 311, accepted: 12 }]],
    );
    floods.add(taken(c, 201, 320, 3));
    assert.deepEqual(
      floods.ofAtLeast(1).map(({ accepted }) => accepted),
      [12, 3],
    );
  });

  it('has the first start, the last end, and is another flood where the same worker comes again', () => {
    const floods = new Floods(100);
    floods.add(taken(a, 0, 300, 7, 350));
    floods.add(taken(b, 0, 290, 5, 295));
    floods.add(taken(a, 0, 295, 11));
    assert.deepEqual(
      floods.ofAtLeast(1).map(({ start, end, accepted, since }) => [since, start, end, accepted]),
      [
        [0, 290, 350, 12],
        [0, 295, 296, 11],
      ],
    );
    assert.equal(floods.most, 12);
    assert.equal(floods.ofAtLeast(12).length, 1);
    assert.equal(floods.ofAtLeast(13).length, 0);
  });

  it('is remembered up to 200 times, and 100 of them, the largest, once there are more', () => {
    const floods = new Floods(1000);
    for (let flood = 1; flood <= 200; flood++) floods.add(taken(a, flood * 10, flood * 10 + 1, flood));
    assert.deepEqual([floods.ofAtLeast(1).length, floods.dropped], [200, 0]);
    floods.add(taken(a, 5000, 5001, 1));
    assert.deepEqual([floods.ofAtLeast(1).length, floods.dropped, floods.most], [101, 100, 200]);
    assert.deepEqual([floods.ofAtLeast(1)[0]?.accepted, floods.ofAtLeast(1).at(-1)?.start], [101, 5001]);
  });
});

describe('how long connections waited to be accepted', () => {
  it('is told by percentiles that are right within 5 %, and by the longest', () => {
    const delays = new Delays();
    for (let ms = 1; ms <= 1000; ms++) delays.add(ms * MILLISECOND);
    assert.equal(delays.longest, 1000 * MILLISECOND);
    for (const share of [0.5, 0.95, 0.99]) {
      const told = delays.percentile(share) / MILLISECOND;
      assert.ok(told >= share * 1000 && told <= share * 1000 * 1.05, `${share}: ${told}`);
    }
    assert.equal(delays.percentile(1), 1000 * MILLISECOND);
    assert.equal(new Delays().percentile(0.5), 0);
  });

  it('is a microsecond at most where it is less, and none is too long', () => {
    const delays = new Delays();
    delays.add(0);
    delays.add(999);
    assert.equal(delays.percentile(1), 999);
    delays.add(1500);
    assert.equal(delays.percentile(0.5), 1000);
    delays.add(1e18);
    assert.equal(delays.count, 4);
    assert.ok(delays.percentile(1) > 0);
  });

  it('begins with the first that came, and counts those whose client had left', () => {
    const queue = new Queue();
    const wait = (thread: typeof a, time: number, delay: number, goneBefore: boolean) => {
      const connection = foundConnection(new Descriptor('connection', '', true), 11, thread, time, 1);
      queue.add({ connection, listener, delay, goneBefore, time, line: line(time) });
    };
    wait(a, 500, 100, false);
    wait(b, 700, 350, true);
    wait(b, 600, 200, true);
    wait(a, 900, 350, false);
    assert.deepEqual(
      [queue.first, queue.last, queue.longest?.line, queue.threads.size, queue.deadCount, queue.delays.longest],
      [350, 900, 700, 2, 2, 350],
    );
    assert.deepEqual(
      queue.dead.map(({ thread, delay, time }) => [thread.tid, delay, time]),
      [
        [103, 350, 700],
        [103, 200, 600],
      ],
    );
    for (let time = 1000; time < 1019; time++) wait(c, time, 1, true);
    assert.deepEqual([queue.dead.length, queue.deadCount], [20, 21]);
    assert.equal(new Queue().first, UNKNOWN);
  });
});

describe('a request that waited in one worker while another was idle', () => {
  const waited = (from: number, to: number, behind: number): Waited => ({
    thread: a,
    request: `GET /${from}`,
    from,
    to,
    behind,
    line: line(from),
  });

  it('counts where another one was idle for so long, and names the one that was idle longest', () => {
    const idle = new TimesOfThreads();
    idle.add(a, 0, 1000);
    idle.add(b, 0, 150);
    idle.add(c, 120, 180);
    const hoards = new Hoards(idle, 50);
    hoards.add(waited(100, 200, 30), () => []);
    hoards.add(waited(140, 300, 70), () => []);
    hoards.add(waited(180, 400, 90), () => []);
    hoards.add(waited(0, 50, 60), () => []);
    const { count, workers, worst } = hoards.totals([a, b, c]);
    assert.deepEqual([count, [...workers].map(({ tid }) => tid)], [2, [101]]);
    assert.deepEqual(
      worst.map(({ request, idle: other, idleFor }) => [request, other.tid, idleFor]),
      [
        ['GET /0', 103, 50],
        ['GET /100', 107, 60],
      ],
    );
    assert.equal(hoards.totals([a]).count, 0);
  });

  it('is decided later where there are many, and the 20 that waited longest are shown in order of time', () => {
    const idle = new TimesOfThreads();
    idle.add(b, 0, 10_000);
    const hoards = new Hoards(idle, 1);
    for (let at = 0; at < 2003; at++) hoards.add(waited(at, at + 2, at % 100), () => [a, b]);
    const { count, workers, worst } = hoards.totals([a, b]);
    assert.deepEqual([count, workers.size, worst.length], [2003, 1, 20]);
    assert.deepEqual(
      worst.map(({ from }) => from),
      Array.from({ length: 20 }, (_, index) => 100 * index + 99),
    );
  });
});

describe('how much of a time a thread was in a state', () => {
  const times = new TimesOfThreads();
  for (const [start, end] of [
    [100, 200],
    [300, 350],
    [400, 500],
  ] as const)
    times.add(a, start, end);

  it('is what its stretches cover', () => {
    const within = (from: number, to: number): number => times.within(a, from, to);
    assert.deepEqual([within(0, 1000), within(150, 320), within(200, 300), within(310, 330)], [250, 70, 0, 20]);
    assert.deepEqual([within(350, 401), within(500, 900), within(499, 900), within(0, 100)], [1, 0, 1, 0]);
    assert.equal(times.within(b, 0, 1000), 0);
  });

  it('goes back 5,000 stretches at least', () => {
    const many = new TimesOfThreads();
    for (let at = 0; at <= 10_000; at++) many.add(a, at * 10, at * 10 + 5);
    assert.equal(many.within(a, 0, 1_000_000), 5001 * 5);
    assert.equal(many.within(a, 50_000, 50_010), 5);
    assert.equal(many.within(a, 49_990, 50_000), 0);
    many.delete(a);
    assert.equal(many.within(a, 0, 1_000_000), 0);
  });
});

describe('the shares that are fair', () => {
  it('are equal parts of what came while one lived', () => {
    const history = new History();
    for (let count = 0; count < 6; count++) history.add(10 * MILLISECOND);
    for (let count = 0; count < 4; count++) history.add(50 * MILLISECOND);
    const all = { start: 0, end: 100 * MILLISECOND };
    const lives = [all, { start: 0, end: 30 * MILLISECOND }, { start: 30 * MILLISECOND, end: 100 * MILLISECOND }];
    assert.deepEqual(history.fairShares(lives), [5, 3, 2]);
    assert.deepEqual(history.fairShares([all]), [10]);
  });

  it('reach over any time: what came is then told apart by longer stretches', () => {
    const history = new History();
    history.add(0);
    for (let count = 0; count < 3; count++) history.add(127 * MILLISECOND);
    // From here on stretches are 2 ms long, then 8 ms.
    for (let count = 0; count < 5; count++) history.add(128 * MILLISECOND);
    for (let count = 0; count < 7; count++) history.add(1000 * MILLISECOND);
    const lives = [
      { start: 0, end: 60 * MILLISECOND },
      { start: 100 * MILLISECOND, end: 200 * MILLISECOND },
      { start: 900 * MILLISECOND, end: 1100 * MILLISECOND },
    ];
    assert.deepEqual(history.fairShares(lives), [1, 8, 7]);
    // What comes before the first counts with it.
    history.add(-5);
    assert.deepEqual(history.fairShares(lives), [2, 8, 7]);
  });

  it('are as unequal as half of the mean difference of two of them, over their mean', () => {
    assert.equal(gini([5, 5, 5]), 0);
    assert.equal(gini([0, 0, 12]), 2 / 3);
    assert.equal(gini([1, 3]), 0.25);
    assert.equal(gini([]), 0);
    assert.equal(gini([0, 0]), 0);
  });
});

describe('accepts of a capture without waits', () => {
  const accept = (thread: typeof a, startMs: number, accepted: boolean, endMs = startMs) => ({
    thread,
    listener,
    accepted,
    start: startMs * MILLISECOND,
    end: endMs * MILLISECOND,
    line: line(1),
  });
  const counted = (...accepts: readonly (readonly [typeof a, number, boolean])[]) => {
    const bare = new BareAccepts();
    for (const [thread, ms, accepted] of accepts) bare.add(accept(thread, ms, accepted));
    return [bare.accepted, bare.lost, bare.threads.size, bare.shares.get(a) ?? 0];
  };

  it('were lost where another thread had accepted up to 5 ms before or after', () => {
    assert.deepEqual(counted([a, 0, true], [b, 5, false]), [1, 1, 2, 1]);
    assert.deepEqual(counted([a, 0, true], [b, 5.001, false]), [1, 0, 2, 1]);
    assert.deepEqual(counted([b, 0, false], [a, 5, true]), [1, 1, 2, 1]);
    assert.deepEqual(counted([b, 0, false], [a, 5.001, true]), [1, 0, 2, 1]);
    assert.deepEqual(counted([b, 0, false], [c, 1, false], [a, 4, true], [b, 6, false]), [1, 3, 3, 1]);
  });

  it('were none of a race where the thread had accepted itself, or nobody did', () => {
    assert.deepEqual(counted([a, 0, true], [a, 1, false]), [1, 0, 1, 1]);
    assert.deepEqual(counted([a, 0, false], [a, 1, true], [a, 2, true]), [2, 0, 1, 2]);
    assert.deepEqual(counted([a, 0, false], [b, 1, false]), [0, 0, 2, 0]);
    // Once lost it is not lost again.
    assert.deepEqual(counted([b, 0, false], [a, 1, true], [a, 2, true]), [2, 1, 2, 2]);
  });

  it('are counted of threads that were let go', () => {
    const bare = new BareAccepts();
    bare.add(accept(a, 0, true));
    bare.add(accept(b, 1, true));
    bare.forget(a);
    bare.forget(c);
    assert.deepEqual([bare.gone, bare.threads.size, bare.shares.size, bare.accepted], [1, 1, 1, 2]);
  });
});

describe('the acceptors of a queue', () => {
  it('are those that are known and those that were let go', () => {
    const context = { model: { scheduler: { active: false } }, capabilities: { times: true, stopsThreads: true } };
    const queue = new HerdQueue();
    const acceptors = (): number => figuresOf(context as never, listener, [a, b], queue).acceptors;
    const cycle = (thread: typeof a, start: number) =>
      queue.cycle({ thread, kind: 'productive', start, end: start + 1, accepted: 1, drained: 0 } as never);
    for (const [index, thread] of [a, b, c].entries()) cycle(thread, index);
    queue.forget(c);
    assert.equal(acceptors(), 3);
    queue.forget(a);
    queue.forget(a);
    assert.equal(acceptors(), 3);
    for (const pid of [109, 113]) cycle(threadOf(pid), pid);
    assert.equal(acceptors(), 5);
  });
});

describe('the workers that could have accepted', () => {
  it('lived all the time, and were free for long enough of it', () => {
    const free = new FreeWorkers();
    const [late, ended, endedLater, busy, unseen] = [201, 203, 205, 207, 209].map(threadOf);
    for (const thread of [late, ended, endedLater, busy]) if (thread !== undefined) thread.firstTime = 100;
    Object.assign(late ?? {}, { firstTime: 101 });
    Object.assign(ended ?? {}, { ended: true, lastTime: 199 });
    Object.assign(endedLater ?? {}, { ended: true, lastTime: 200 });
    free.longTurn({ thread: busy, turn: { start: 120 }, length: 31 } as never);
    const all = [late, ended, endedLater, busy, unseen].flatMap((thread) => thread ?? []);
    const told = (least: number) => free.of(all, 100, 200, least).map(({ tid }) => tid);
    assert.deepEqual([told(69), told(70), told(100), told(101)], [[205, 207], [205], [205], []]);
    free.hubChanged(all[3] as (typeof all)[0]);
    assert.deepEqual(told(100), [205, 207]);
  });
});

describe('who looked after a listener', () => {
  const model = { lastTime: 1000, zero: -7 } as unknown as Model;
  const inWait = (pid: number, listeners: readonly Listener[]): typeof a => {
    const thread = threadOf(pid);
    thread.process.forkedAt = 100;
    thread.leftIn = { since: 300, descriptor: { epoll: { listeners: new Set(listeners) } } } as never;
    return thread;
  };
  const told = (...threads: readonly (typeof a)[]) =>
    attendancesOf(listener, threads, model).map(({ thread, start, end, hasLeft }) => [thread.tid, start, end, hasLeft]);

  it('is who waits for it to the end, and who tended it, until it gave it up or ended', () => {
    const tending = threadOf(201);
    tending.process.forkedAt = 100;
    tending.accepts.tending.begins(listener, 150, 0);
    assert.deepEqual(told(inWait(202, [listener]), inWait(203, []), threadOf(204), tending), [
      [202, 300, 1000, false],
      [201, 150, 1000, false],
    ]);
    tending.ended = true;
    tending.lastTime = 700;
    assert.deepEqual(told(tending), [[201, 150, 700, true]]);
    tending.accepts.tending.leaves(listener, 400, line(400));
    assert.deepEqual(told(tending), [[201, 150, 400, true]]);
    tending.ended = false;
    assert.deepEqual(told(tending), [[201, 150, 400, true]]);
  });

  it('did so from the beginning where it was there before the capture, and so was the listener', () => {
    const old = inWait(205, [listener]);
    old.process.forkedAt = UNKNOWN;
    assert.deepEqual(told(old), [[205, -7, 1000, false]]);
    listener.openedBy = { pid: 100 };
    assert.deepEqual(told(old), [[205, 300, 1000, false]]);
    listener.openedBy = null;
  });

  it('and how many did at once is the most that overlap or meet', () => {
    const of = (...pairs: readonly (readonly [number, number])[]) =>
      mostAtOnce(pairs.map(([start, end]) => ({ start, end })));
    assert.deepEqual([of([0, 10], [10, 20]), of([0, 9], [10, 20]), of([0, 30], [5, 10], [10, 20]), of()], [2, 1, 3, 0]);
  });
});
