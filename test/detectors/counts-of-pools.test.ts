import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BusyThreads } from '../../src/detectors/worker-saturation/busy-threads.ts';
import { crewsOf, queuesOf } from '../../src/detectors/worker-saturation/crews.ts';
import type { Saturation } from '../../src/detectors/worker-saturation/finding.ts';
import { Holds, heldFinding } from '../../src/detectors/worker-saturation/holds.ts';
import { Jobs } from '../../src/detectors/worker-saturation/jobs.ts';
import { LeftQueues, leftQueueFinding, together } from '../../src/detectors/worker-saturation/left-queues.ts';
import { NextClients } from '../../src/detectors/worker-saturation/next-clients.ts';
import { Pools } from '../../src/detectors/worker-saturation/pools.ts';
import type { QueueTaken } from '../../src/model/facts.ts';
import { Listener } from '../../src/model/machine/listener.ts';
import type { LongWork } from '../../src/model/machine/long-work.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { threadIn } from '../../src/model/machine/threads-of.ts';
import type { ConnectionHeld } from '../../src/model/topics/pools/hold-tracker.ts';
import { MILLISECOND, SECOND } from '../../src/trace/time.ts';
import { lane, threadOf } from '../support/model-objects.ts';

/** What worker-saturation counts of pools, crews and queues, by figures that were worked out by hand: milliseconds. */
const ms = (of: number): number => of * MILLISECOND;
const line = (number: number) => ({ file: 'trace', line: number, text: '' });
type Pair = readonly [start: number, end: number];
const interval = ([start, end]: Pair) => ({ start: ms(start), end: ms(end) });
const intervals = (...of: readonly Pair[]) => of.map(interval);
const pairs = (of: readonly { readonly start: number; readonly end: number }[]): Pair[] =>
  of.map(({ start, end }) => [start / MILLISECOND, end / MILLISECOND]);
const [a, b, c] = [threadOf(101), threadOf(103), threadOf(107)] as [Thread, Thread, Thread];
const listener = new Listener(0, '127.0.0.1:8000', 'same-socket');
const taken = (thread: Thread, since: number, start: number): QueueTaken => ({
  thread,
  listener,
  since: ms(since),
  start: ms(start),
  end: ms(start),
  accepted: 1,
  line: line(start),
});

describe('intervals that follow each other at once', () => {
  it('are one, whatever their order', () => {
    assert.deepEqual(pairs(together(intervals([200, 300], [0, 100], [150, 160], [310, 320], [210, 290]), ms(39))), [
      [0, 100],
      [150, 160],
      [200, 320],
    ]);
    assert.deepEqual(pairs(together(intervals([0, 100], [150, 160]), ms(50))), [[0, 160]]);
  });
});

describe('a worker that found the next client in its queue', () => {
  const clients = new NextClients();
  for (const [since, start] of [
    [100, 200],
    [240, 400],
    [500, 600],
    [700, 900],
  ] as const)
    clients.taken(taken(a, since, start));
  const awaited = (...turns: readonly Pair[]) => pairs(clients.awaited(a, intervals(...turns)));

  it('was busy in the parts of its turns after which it was there, those at once as one', () => {
    assert.deepEqual(awaited([90, 190], [250, 390], [510, 590], [710, 1000]), [
      [100, 190],
      [250, 390],
      [510, 590],
      [710, 900],
    ]);
    assert.deepEqual(awaited([100, 200], [250, 400]), [[100, 400]]);
    assert.deepEqual(awaited([100, 200], [250.001, 400]), [
      [100, 200],
      [250.001, 400],
    ]);
  });

  it('was not where it had no turn, or another thread is asked for', () => {
    assert.deepEqual(awaited([200, 240], [400, 500], [900, 1000]), []);
    assert.deepEqual(awaited(), []);
    assert.deepEqual(clients.awaited(b, intervals([0, 1000])), []);
    // One turn, after parts of which the next client was there.
    assert.deepEqual(awaited([0, 1000]), [
      [100, 400],
      [500, 600],
      [700, 900],
    ]);
  });

  it('is remembered 10,000 times at least', () => {
    const many = new NextClients();
    for (let at = 0; at <= 20_000; at++) many.taken(taken(a, at * 100, at * 100 + 10));
    assert.equal(many.awaited(a, intervals([0, 1_000_000])).length, 0);
    assert.equal(many.awaited(a, intervals([1_000_000, 1_000_010])).length, 1);
    many.forget(a);
    assert.equal(many.awaited(a, intervals([1_000_000, 1_000_010])).length, 0);
  });
});

describe('clients that were left in a queue', () => {
  it('waited while their acceptor waited for a lock, whichever of both is told first', () => {
    for (const order of [0, 1]) {
      const queues = new LeftQueues();
      const tell = [() => queues.away(a, interval([100, 500])), () => queues.taken(taken(a, 200, 600))];
      for (const each of order === 0 ? tell : tell.toReversed()) each();
      // What follows is told with the other that came last.
      queues.away(a, interval([600, 700]));
      queues.taken(taken(a, 530, 650));
      const turns = queues.turnsOf([a, b], ms(50)).get(a)?.turns ?? [];
      assert.deepEqual(pairs(turns), [
        [200, 500],
        [600, 650],
      ]);
      assert.deepEqual(turns[0]?.lines, [line(600)]);
      assert.equal(queues.turnsOf([b], 0).get(b)?.turns.length, 0);
    }
  });

  it('count from the length that is asked for, those at most 50 ms apart as one', () => {
    const queues = new LeftQueues();
    const thread = threadOf(101);
    thread.accepts.listeners.add(listener);
    for (const [start, end] of [
      [100, 200],
      [250, 300],
      [350.001, 400],
    ] as const) {
      queues.taken(taken(thread, start, end));
      queues.away(thread, interval([start, end]));
    }
    const turns = (least: number) => pairs(queues.turnsOf([thread], ms(least)).get(thread)?.turns ?? []);
    assert.deepEqual(turns(49), [
      [100, 300],
      [350.001, 400],
    ]);
    assert.deepEqual([turns(200), turns(201)], [[[100, 300]], []]);
    assert.deepEqual(queues.crews(), [[thread]]);
    queues.forget(thread);
    assert.deepEqual([turns(0), queues.crews()], [[], []]);
  });

  it('are told as a warning at most', () => {
    const draft = { severity: 'critical', title: '', summary: '' } as unknown as Parameters<typeof leftQueueFinding>[0];
    const saturation: Saturation = {
      stretches: intervals([0, 300], [500, 1200]),
      total: SECOND,
      share: 0.37,
      severity: 'critical',
    };
    const one = leftQueueFinding(draft, [a], saturation);
    assert.deepEqual(
      [one.severity, one.title],
      ['warning', 'Worker 101 left new clients waiting 37 % of the time, longest 700 ms'],
    );
    assert.match(
      one.summary,
      /^The thread that accepts for the pool of worker 101 waited for a lock for 1\.00 s \(2 times, the longest 700 ms\)/,
    );
    const two = leftQueueFinding(draft, [a, b], { ...saturation, severity: 'info' });
    assert.deepEqual(
      [two.severity, two.title],
      ['info', 'All 2 workers left new clients waiting 37 % of the time, longest 700 ms'],
    );
    assert.match(two.summary, /^The threads that accept for the pools of all 2 workers waited/);
  });
});

describe('workers that connections held', () => {
  const held = (thread: Thread, start: number, end: number, nextWasThere: boolean): ConnectionHeld =>
    ({
      thread,
      start: ms(start),
      end: ms(end),
      open: false,
      idle: ms(30),
      nextWasThere,
      line: line(start),
    }) as ConnectionHeld;
  const holds = new Holds();
  holds.held(held(a, 0, 200, true));
  holds.held(held(a, 300, 500, false));
  holds.held(held(b, 0, 400, true));

  it('have the time in which their client asked nothing', () => {
    const [first, second] = holds.turns.get(a)?.turns ?? [];
    assert.deepEqual([first?.outside, second?.lines], [ms(170), [line(300)]]);
    assert.equal(holds.turns.size, 2);
  });

  it('were awaited where a client was in the queue when one of them came back', () => {
    const awaited = (...stretches: readonly Pair[]) => pairs(holds.awaited([a, b], intervals(...stretches)));
    assert.deepEqual(awaited([0, 200], [300, 400], [350, 401]), [
      [0, 200],
      [300, 400],
    ]);
    assert.deepEqual(pairs(holds.awaited([a], intervals([0, 200], [100, 201], [300, 400]))), [[0, 200]]);
    holds.forget(a);
    assert.deepEqual(pairs(holds.awaited([a], intervals([0, 200]))), []);
  });

  it('are told with how long all of them were', () => {
    const draft = { title: '', summary: '' } as unknown as Parameters<typeof heldFinding>[0];
    const saturation: Saturation = {
      stretches: intervals([0, 300], [500, 1200]),
      total: SECOND,
      share: 0.37,
      severity: 'warning',
    };
    const { title, summary } = heldFinding(draft, 3, saturation);
    assert.equal(title, 'All 3 workers held by idle connections 37 % of the time');
    assert.match(summary, /^All 3 workers were held by connections at once for 1\.00 s, 37 % .* stretch 700 ms\. /);
    assert.match(summary, /another client was in the queue of the listener\.$/);
    assert.match(
      heldFinding(draft, 3, saturation, 'threads').summary,
      /Meanwhile the thread that accepts waited for a free one\.$/,
    );
  });
});

const work = (thread: Thread, start: number, end: number, parts: Partial<LongWork> = {}): LongWork => ({
  thread,
  start: ms(start),
  end: ms(end),
  open: false,
  request: 'GET /item/17',
  call: 'read',
  target: '/a',
  callTime: ms((end - start) * 0.6),
  line: line(start),
  ...parts,
});

describe('threads that do one thing at a time', () => {
  it('were in a call where it took 60 % of the work', () => {
    const busy = new BusyThreads();
    busy.add(work(a, 0, 100));
    busy.add(work(a, 100, 200, { callTime: ms(59.9) }));
    busy.add(work(a, 200, 300, { call: 'poll', callTime: ms(170) }));
    assert.deepEqual(
      busy.turns.get(a)?.turns.map(({ place, outside }) => [place.cause, place.call, place.target, outside / 1e6]),
      [
        ['blocking-call', 'read', '/a', 40],
        ['no-syscall', '', '', 40.1],
        ['foreign-poll', 'poll', '/a', 0],
      ],
    );
    assert.deepEqual([busy.requests.get(a), busy.turns.get(a)?.turns[0]?.place.request], [3, 'GET /item/*']);
    busy.forget(a);
    assert.deepEqual([busy.turns.size, busy.requests.size], [0, 0]);
  });

  it('are 4,096 at most', () => {
    const busy = new BusyThreads();
    for (let thread = 0; thread < 4096; thread++) assert.equal(busy.add(work(threadOf(1000 + thread), 0, 1)), true);
    assert.equal(busy.add(work(a, 0, 1)), false);
    assert.equal(busy.turns.size, 4096);
  });
});

describe('a pool', () => {
  it('is awaited in the parts of its busy stretches in which somebody waited for long enough', () => {
    const pools = new Pools(ms(50));
    pools.waited({ thread: a, start: ms(100), end: ms(200) });
    pools.waited({ thread: a, start: ms(190), end: ms(300) });
    pools.waited({ thread: b, start: ms(400), end: ms(449) });
    pools.waited({ thread: b, start: ms(500), end: ms(550) });
    pools.waited({ thread: c, start: ms(0), end: ms(1000) });
    const awaited = (...stretches: readonly Pair[]) => pairs(pools.awaited([a, b], intervals(...stretches)));
    assert.deepEqual(awaited([0, 150], [250, 520]), [
      [100, 150],
      [250, 300],
      [500, 520],
    ]);
    assert.deepEqual(awaited([300, 500], [550, 900]), []);
    pools.forget(a);
    assert.deepEqual(awaited([0, 520]), [[500, 520]]);
  });

  it('is awaited where its acceptor stayed away, those times at once as one', () => {
    const pools = new Pools(ms(100));
    a.accepts.handedOver = 5;
    for (const [since, start] of [
      [100, 160],
      [210, 260],
      [400, 450],
    ] as const)
      pools.queued(taken(a, since, start));
    const stretches = intervals([0, 1000]);
    // 100 to 260 with 50 ms in between; the third one is too short.
    assert.deepEqual(pairs(pools.awaited([a], stretches)), [[100, 260]]);
    a.accepts.servedItself = 5;
    pools.queued(taken(a, 500, 900));
    assert.deepEqual(pairs(pools.awaited([a], stretches)), [[100, 260]]);
    a.accepts.handedOver = 0;
    a.accepts.servedItself = 0;
  });

  it('was held by connections where their clients asked nothing for most of the time', () => {
    const by = (servedMs: number) => {
      const pools = new Pools(ms(50));
      pools.served(work(a, 0, servedMs));
      pools.held({ thread: a, start: ms(servedMs), end: ms(2000), open: false, line: line(1) });
      pools.held({ thread: a, start: ms(3000), end: ms(3049), open: false, line: line(1) });
      pools.waited({ thread: a, start: ms(0), end: ms(5000) });
      return pairs(pools.awaitedByHeld([a], intervals([200, 1000])));
    };
    // Of 800 ms that it was taken it served so long.
    assert.deepEqual([by(600), by(601)], [[[200, 1000]], []]);
  });

  it('that shares no loop serves with all its threads', () => {
    const pools = new Pools(ms(50));
    assert.equal(pools.mostOf([a, b]), undefined);
  });
});

describe('crews', () => {
  const own = (pid: number, parent: Thread | null, ...listeners: readonly Listener[]): Thread => {
    const thread = threadOf(pid);
    thread.process.parent = parent?.process ?? null;
    for (const each of listeners) thread.accepts.listeners.add(each);
    return thread;
  };
  const tids = (threads: readonly Thread[], byParent = true) =>
    crewsOf(threads, ({ accepts }) => queuesOf(accepts.listeners), byParent).map((crew) =>
      crew.map(({ tid }) => tid).sort(),
    );
  const [second, unnamed] = [new Listener(1, '127.0.0.1:8001', 'same-socket'), new Listener(2, 'fd 5', 'same-number')];

  it('share a queue, also by way of a third thread, or an address', () => {
    const alike = new Listener(3, '127.0.0.1:8001', 'same-address');
    assert.deepEqual(tids([own(1, null, listener), own(2, null, second), own(3, null, listener, second)]), [[1, 2, 3]]);
    assert.deepEqual(tids([own(1, a, second), own(2, b, alike)]), [[1, 2]]);
    assert.deepEqual(tids([own(1, a, unnamed), own(2, b, new Listener(4, 'fd 5', 'same-number'))]), [[1], [2]]);
  });

  it('that share none belong together when they have one parent, if that counts', () => {
    const threads = [own(1, a, listener), own(2, a, second), own(3, b)];
    assert.deepEqual(
      [tids(threads), tids(threads, false)],
      [
        [[1, 2], [3]],
        [[1], [2], [3]],
      ],
    );
    assert.deepEqual(tids([own(1, null), own(2, null)]), [[1, 2]]);
  });
});

describe('a job waited for one of these threads', () => {
  const jobs = new Jobs();
  const process = threadOf(200).process;
  const [first, other] = [threadIn(process, lane(0, 201)), threadOf(300)];
  jobs.add({ ...work(first, 100, 200), nextWasThere: true });
  jobs.add({ ...work(first, 300, 400), nextWasThere: false });
  jobs.arrived({ process, at: ms(600) });
  jobs.arrived({ process, at: ms(800) });
  const awaited = (crew: readonly Thread[], ...stretches: readonly Pair[]) =>
    jobs.isAwaited(crew, intervals(...stretches));

  it('where the next one was there after a job of theirs', () => {
    assert.deepEqual([awaited([first], [0, 101]), awaited([first], [0, 100])], [true, false]);
    assert.deepEqual([awaited([first], [199, 290]), awaited([first], [200, 290])], [true, false]);
    assert.equal(awaited([first], [300, 400]), false);
    assert.equal(awaited([other], [100, 200]), false);
  });

  it('where one came to their master meanwhile', () => {
    assert.deepEqual(
      [awaited([first], [599, 601]), awaited([first], [600, 700]), awaited([first], [500, 600])],
      [true, false, false],
    );
    assert.equal(awaited([first], [799, 801]), true);
    assert.equal(awaited([other], [500, 700]), false);
    jobs.forget(first);
    assert.equal(awaited([first], [100, 200]), false);
  });
});
