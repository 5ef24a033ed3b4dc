import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ageOf, worstOf } from '../../src/detectors/broken-pipe/tally.ts';
import { BusyTurns, type Place } from '../../src/detectors/busy-at-once/busy-turns.ts';
import { SyncTally } from '../../src/detectors/disk-sync/sync-tally.ts';
import { growthOf } from '../../src/detectors/fd-leak/growth.ts';
import { Families } from '../../src/detectors/fork-then-load/families.ts';
import { add as addCall, begin as beginCalls } from '../../src/detectors/gc-io/calls.ts';
import {
  first as firstBeat,
  isPaceOfLoop,
  stretch,
  timeoutOf,
  upTo,
} from '../../src/detectors/heartbeat-late/pulse.ts';
import { LongestWaits } from '../../src/detectors/longest-waits.ts';
import { LineRates } from '../../src/detectors/request-retry/demand.ts';
import type { FailedWrite } from '../../src/model/facts.ts';
import type { Request } from '../../src/model/machine/connections.ts';
import type { Process } from '../../src/model/machine/process.ts';
import { threadIn } from '../../src/model/machine/threads-of.ts';
import type { CensusPoint } from '../../src/model/topics/leaks/descriptor-census.ts';
import type { StartUp } from '../../src/model/topics/loading/start-up.ts';
import type { CollectorCall } from '../../src/model/topics/stacks/stack-tracker.ts';
import { MILLISECOND, SECOND, UNKNOWN } from '../../src/trace/time.ts';
import { callOf, lane, threadOf } from '../support/model-objects.ts';

/** What the detectors count of workers, by figures that were worked out by hand. */
const line = (number: number) => ({ file: 'trace', line: number, text: '' });

describe('the longest waits', () => {
  it('are the 20 longest, the longest first, and of equal ones the earlier first', () => {
    const thread = threadOf(101);
    const waits = new LongestWaits();
    const lengths = Array.from({ length: 23 }, (_, index) => ((index * 7) % 23) + 1);
    for (const [index, ms] of lengths.entries()) waits.add(thread, index * SECOND, index * SECOND + ms * MILLISECOND);
    const told = waits.told({ zero: 0 });
    assert.deepEqual(
      told.map(({ startMs, endMs }) => endMs - startMs),
      Array.from({ length: 20 }, (_, index) => 23 - index),
    );
    assert.deepEqual([told[0]?.startMs, told[0]?.pid], [1000 * lengths.indexOf(23), 101]);
    const alike = new LongestWaits();
    for (const second of [3, 1, 2]) alike.add(thread, second * SECOND, second * SECOND + MILLISECOND);
    assert.deepEqual(
      alike.told({ zero: SECOND }).map(({ startMs }) => startMs),
      [0, 1000, 2000],
    );
    // What began before the capture is told from its beginning on.
    assert.deepEqual(alike.told({ zero: 2.0005 * SECOND })[0], { pid: 101, startMs: 0, endMs: 0 });
  });
});

describe('syncs of one thread', () => {
  const sync = (second: number, ms: number, target = '/a', name = 'fsync') => ({
    thread: threadOf(101),
    record: callOf(name, second * SECOND, second * SECOND + ms * MILLISECOND, {
      line: second * 10,
      startLine: second * 10,
    }),
    target,
  });

  it('have their sums, the worst second, and the files by name', () => {
    const all = [sync(1.2, 30), sync(1.3, 50, '/b'), sync(1.9, 10), sync(2, 70, '/b', 'fdatasync'), sync(2.5, 60)];
    const tally = new SyncTally(all[0] as (typeof all)[0]);
    for (const each of all) tally.add({ ...each, thread: tally.thread });
    assert.deepEqual(
      [tally.calls.count, tally.calls.total, tally.calls.longest].map((value, index) =>
        index === 0 ? value : value / MILLISECOND,
      ),
      [5, 220, 70],
    );
    // 3 syncs of 90 ms in the first second, 2 of 130 ms in the other.
    assert.deepEqual([tally.mostInSecond, tally.longestInSecond / MILLISECOND], [3, 130]);
    assert.equal(tally.longestTogether / MILLISECOND, 130);
    assert.deepEqual([tally.first / SECOND, tally.last / SECOND, tally.served], [1.2, 2.56, 0]);
    assert.equal(tally.longestName, 'fdatasync');
    assert.deepEqual(
      tally.lines.map((kept) => kept.line),
      [20, 13, 12],
    );
    assert.deepEqual(
      [...tally.files].map(([path, { count, total, longest }]) => [path, count, total / 1e6, longest / 1e6]),
      [
        ['/a', 3, 100, 60],
        ['/b', 2, 120, 70],
      ],
    );
  });

  it('have the line of the first, however short it is, and of those that are longer', () => {
    const tally = new SyncTally(sync(1, 0));
    for (const [second, ms] of [
      [1, 0],
      [2, 0],
      [3, 5],
      [4, 5],
      [5, 3],
    ] as const)
      tally.add({ ...sync(second, ms), thread: tally.thread });
    assert.deepEqual(
      tally.lines.map((kept) => kept.line),
      [30, 10],
    );
  });

  it('are told apart by 50 files at most, and six lines are kept', () => {
    const tally = new SyncTally(sync(1, 1));
    for (let file = 0; file < 53; file++) tally.add(sync(1 + file, 1 + file, `/${file}`));
    tally.add(sync(60, 1, '/49'));
    assert.deepEqual([tally.files.size, tally.files.get('/49')?.count, tally.lines.length], [50, 2, 6]);
    assert.equal(tally.lines[0]?.line, 530);
    // A call that another one split has two lines.
    const split = sync(90, 100);
    tally.add({ ...split, record: { ...split.record, startLine: 899 } });
    assert.deepEqual(
      tally.lines.slice(0, 3).map((kept) => kept.line),
      [899, 900, 530],
    );
  });
});

describe('the long turns of a worker', () => {
  const place: Place = { cause: 'no-syscall', call: '', target: '', isBrief: false, request: '' };
  const turn = (start: number, end: number) => ({
    start,
    end,
    outside: 0,
    open: false,
    lines: [line(start)],
    pauseStart: start,
    pauseEnd: end,
  });
  const turns = new BusyTurns();
  for (const [start, end] of [
    [100, 200],
    [250, 300],
    [300, 349],
    [500, 700],
    [800, 900],
  ] as const)
    turns.add(turn(start, end), { ...place });
  const during = (start: number, end: number) => turns.during({ start, end }).map((each) => each.start);

  it('in an interval are those that share some of it', () => {
    assert.deepEqual(during(0, 1000), [100, 250, 300, 500, 800]);
    assert.deepEqual(during(200, 250), []);
    assert.deepEqual(during(199, 251), [100, 250]);
    assert.deepEqual(during(300, 501), [300, 500]);
    assert.deepEqual(during(900, 1000), []);
    assert.deepEqual(
      turns
        .without(({ start }) => start === 300)
        .during({ start: 0, end: 400 })
        .map((each) => each.start),
      [100, 250],
    );
  });

  it('keep their lines where they are half as long as the longest so far, and share what they were in', () => {
    assert.deepEqual(
      turns.turns.map(({ lines }) => lines.length),
      [1, 1, 0, 1, 1],
    );
    assert.equal(new Set(turns.turns.map((each) => each.place)).size, 1);
    const others = new BusyTurns();
    for (const other of [place, { ...place, isBrief: true }, { ...place, target: '/a' }, { ...place, call: 'read' }])
      others.add(turn(0, 1), other);
    assert.equal(new Set(others.turns.map((each) => each.place)).size, 4);
  });

  it('make room for later ones in halves', () => {
    const many = new BusyTurns();
    for (let at = 0; at <= 100_000; at++) many.add(turn(at, at + 1), place);
    assert.deepEqual([many.dropped, many.turns.length, many.turns[0]?.start], [50_000, 50_001, 50_000]);
    assert.equal(many.without(() => false).dropped, 50_000);
  });
});

describe('a heartbeat', () => {
  const living = () => threadIn(threadOf(101).process, lane(0, 101));
  const beat = (thread = living()) => firstBeat(thread, 10 * SECOND, line(1));

  it('is that of a loop where two are half a second to one and a half apart', () => {
    assert.deepEqual(
      [0.499, 0.5, 1, 1.5, 1.501].map((seconds) => isPaceOfLoop(seconds * SECOND)),
      [false, true, true, true, false],
    );
  });

  it('remembers the longest time without one, and what goes on at the end', () => {
    const pulse = beat();
    stretch(pulse, 13 * SECOND, [line(1), line(2)], 0);
    assert.deepEqual([pulse.longest, pulse.since, pulse.lines.length], [3 * SECOND, 10 * SECOND, 2]);
    pulse.last = 20 * SECOND;
    stretch(pulse, 23 * SECOND, [line(3)], 0);
    assert.deepEqual([pulse.since, pulse.lines.length], [10 * SECOND, 2]);
    assert.equal(upTo(pulse, 23 * SECOND), pulse);
    const open = upTo(pulse, 24 * SECOND);
    assert.deepEqual([open.longest, open.since, open.isOpen], [4 * SECOND, 20 * SECOND, true]);
    pulse.abortLine = line(4);
    assert.equal(upTo(pulse, 24 * SECOND), pulse);
  });

  it('of a process that ended is silent for good', () => {
    const pulse = beat();
    pulse.process.exitedAt = 11 * SECOND;
    assert.equal(upTo(pulse, 24 * SECOND), pulse);
    const thread = living();
    thread.ended = true;
    const other = beat(thread);
    assert.equal(upTo(other, 24 * SECOND), other);
    threadIn(thread.process, lane(1, 103));
    assert.equal(upTo(other, 24 * SECOND).longest, 14 * SECOND);
  });

  it('is late by the timeout on the command line', () => {
    const timeout = (...argv: readonly string[]) => timeoutOf({ ...threadOf(7).process, argv } as Process);
    assert.deepEqual(
      [timeout('gunicorn', '-t', '7', 'a:b'), timeout('-t17'), timeout('--timeout=23'), timeout('--timeout', '31')],
      [7, 17, 23, 31],
    );
    assert.deepEqual([timeout('gunicorn', 'a:b'), timeout('-t'), timeout('-t', 'x', '--timeout=5')], [null, null, 5]);
  });
});

describe('workers that load an application after their fork', () => {
  const parent = threadOf(100).process;
  const ready = (pid: number, modules: readonly number[], fromMs: number, toMs: number, parts = {}) => {
    const thread = threadOf(pid);
    thread.process.parent = parent;
    return {
      thread,
      time: toMs,
      startUp: {
        modules: new Set(modules),
        inherited: 7,
        firstAt: fromMs,
        firstLine: line(fromMs),
        lastLine: null,
        memory: { seen: true, bytes: 1000 },
        ...parts,
      } as unknown as StartUp,
    };
  };

  it('are one family where they share four fifths of all modules of both', () => {
    const families = new Families();
    families.add(ready(101, [1, 2, 3, 4, 5], 10, 50));
    families.add(ready(103, [1, 2, 3, 4], 5, 60, { memory: { seen: false, bytes: -3 } }));
    families.add(ready(107, [1, 2, 3, 4, 5, 6], 70, 75));
    families.add(ready(109, [1, 2, 3, 9], 80, 90));
    const [family, other] = families.all;
    assert.deepEqual([families.all.length, family?.count, other?.count], [2, 3, 1]);
    assert.deepEqual([family?.time, family?.bytes, family?.first, family?.last], [100, 1997, 5, 75]);
    assert.deepEqual([...(family?.shared ?? [])], [1, 2, 3, 4]);
    assert.deepEqual([family?.mostAlive, [...(family?.pids ?? [])], family?.inherited], [3, [101, 103, 107], 7]);
    assert.deepEqual(
      family?.loads.map(({ pid, modules, from, to, privateBytes, lines }) => [
        pid,
        modules,
        from,
        to,
        privateBytes,
        lines.length,
      ]),
      [
        [101, 5, 10, 50, 1000, 1],
        [103, 4, 5, 60, null, 1],
        [107, 6, 70, 75, 1000, 1],
      ],
    );
  });

  it('count while they live, and time in which they waited for the lock of the accepts is no loading', () => {
    const families = new Families();
    const gone = ready(101, [1], 10, 50);
    families.add(gone);
    gone.thread.process.exitedAt = 60;
    families.add(ready(103, [1], 70, 90));
    const waited = ready(107, [1], 100, 190);
    waited.thread.loop.futexBlocked = 60;
    families.add(waited);
    const long = ready(109, [1], 200, 210);
    long.thread.loop.futexBlocked = 60;
    families.add(long);
    const [family] = families.all;
    assert.deepEqual([family?.time, family?.mostAlive, family?.alive.length, family?.count], [90, 3, 3, 4]);
  });

  it('are kept in bounds: 20 of a family, and 16 families', () => {
    const families = new Families();
    for (let pid = 101; pid <= 123; pid++) families.add(ready(pid, [1], 10, 50));
    assert.deepEqual([families.all[0]?.count, families.all[0]?.loads.length], [23, 20]);
    for (let module = 2; module <= 18; module++) families.add(ready(200 + module, [module], 10, 50));
    assert.equal(families.all.length, 16);
  });
});

describe('calls inside a collector', () => {
  const call = (start: number, duration: number, parts: Partial<CollectorCall> = {}): CollectorCall =>
    ({
      thread: threadOf(101),
      call: 'sendto',
      error: '',
      target: '',
      isSocket: true,
      isGreen: true,
      start,
      duration,
      ...parts,
    }) as CollectorCall;

  it('have their sums, and what they were made on', () => {
    const calls = beginCalls();
    addCall(calls, call(100, 30, { target: '/a', error: 'EAGAIN' }));
    addCall(calls, call(50, UNKNOWN, { target: '/a', isSocket: false }));
    addCall(calls, call(200, 7, { error: 'EINPROGRESS', isGreen: false, thread: threadOf(103) }));
    addCall(calls, call(300, 11, { error: 'EPIPE' }));
    assert.deepEqual(
      [calls.count, calls.total, calls.first, calls.last, calls.green, calls.switching, calls.gaveWay],
      [4, 48, 50, 311, true, 2, 1],
    );
    assert.deepEqual(
      [...calls.targets],
      [
        ['sendto on /a', 2],
        ['sendto', 2],
      ],
    );
    assert.deepEqual([...calls.workers], [101, 103]);
    assert.equal(beginCalls().green, false);
  });

  it('are kept in bounds: the 20 longest, 12 targets, 256 workers', () => {
    const calls = beginCalls();
    for (let index = 0; index < 23; index++) addCall(calls, call(index, (index * 7) % 23, { target: `/${index}` }));
    addCall(calls, call(50, 0, { target: '/11' }));
    assert.deepEqual([calls.kept.length, Math.min(...calls.kept.map(({ duration }) => duration))], [20, 3]);
    assert.deepEqual([calls.targets.size, calls.targets.get('sendto on /11'), calls.count], [12, 2, 24]);
    for (let pid = 1; pid < 300; pid++) addCall(calls, call(1, 1, { thread: threadOf(1000 + pid) }));
    assert.equal(calls.workers.size, 256);
  });
});

describe('how often a request line comes', () => {
  const request = (identity: string, readAt: number): Request => ({ identity, readAt }) as Request;

  it('lately is how many others of it came within the time', () => {
    const demand = new LineRates(10);
    const all = [0, 10, 20, 30].map((at) => request('GET /a', at));
    for (const each of [...all, request('GET /b', 25)]) demand.add(each);
    assert.equal(demand.lately('GET /a', 20, 10, []), 2);
    assert.equal(demand.lately('GET /a', 20, 9, []), 1);
    assert.equal(demand.lately('GET /a', 30, 30, all.slice(1, 3)), 2);
    assert.equal(demand.lately('GET /c', 30, 30, []), 0);
  });

  it('usually is all of it but those that were lost and the one that came again, over a second at least', () => {
    const demand = new LineRates(10);
    const all = [0, 10, 20, 30, 40].map((at) => request('GET /a', at));
    for (const each of all) demand.add(each);
    const [again, unknown] = [all[3] as Request, request('GET /a', 90)];
    assert.equal(demand.usually(again, 0, 2 * SECOND, again), 4 / (2 * SECOND));
    assert.equal(demand.usually(again, 0, 2 * SECOND, unknown), 5 / (2 * SECOND));
    assert.equal(demand.usually(again, SECOND, 1.5 * SECOND, again), 4 / SECOND);
    demand.lose('GET /a');
    demand.lose('GET /x');
    assert.equal(demand.usually(again, 0, 2 * SECOND, again), 3 / (2 * SECOND));
    for (let times = 0; times < 7; times++) demand.lose('GET /a');
    assert.equal(demand.usually(again, 0, 2 * SECOND, again), 0);
  });

  it('remembers 16 requests of a line, the last ones, and so many lines', () => {
    const demand = new LineRates(2);
    for (let at = 0; at < 20; at++) demand.add(request('GET /a', at));
    assert.deepEqual(
      demand
        .recent('GET /a')
        .map(({ readAt }) => readAt)
        .sort((a, b) => a - b),
      Array.from({ length: 16 }, (_, index) => index + 4),
    );
    demand.add(request('GET /b', 30));
    demand.add(request('GET /c', 31));
    assert.deepEqual([demand.recent('GET /a').length, demand.recent('GET /b').length], [0, 1]);
  });
});

describe('descriptors that grow with the requests', () => {
  const grown = (points: readonly (readonly [requests: number, files: number, inFlight?: number])[], least = 20) =>
    growthOf(
      points.map(([requests, file, inFlight = 0]) => ({
        requests,
        inFlight,
        counts: { file },
      })) as unknown as CensusPoint[],
      'file',
      least,
    );
  const steady = Array.from({ length: 9 }, (_, index) => [index, 10 * index] as const);

  it('are counted from the last count before the first request to the first one after the last', () => {
    const found = grown([[0, -50], [0, -40], ...steady, [8, 300]]);
    assert.deepEqual([found?.growth, found?.requests], [80, 8]);
    assert.deepEqual([found?.from.counts.file, found?.to.counts.file], [0, 80]);
  });

  it('are as many as are asked for, apart from those of requests that go on', () => {
    assert.equal(grown(steady, 80)?.growth, 80);
    assert.equal(grown(steady, 81), null);
    const busy = steady.map(([requests, files]) => [requests, files, requests === 8 ? 7 : 2] as const);
    assert.equal(grown(busy, 75)?.growth, 80);
    assert.equal(grown(busy, 76), null);
  });

  it('are no leak where they have stopped growing: so many that three more would have come', () => {
    const until = (full: number, last: number) =>
      grown([...Array.from({ length: full + 1 }, (_, index) => [index, 2 * index] as const), [last, 2 * full]]);
    assert.equal(until(20, 21)?.growth, 40);
    assert.equal(until(20, 22), null);
  });

  it('cannot be told by fewer than five counts', () => {
    assert.equal(grown(steady.slice(0, 5), 20)?.growth, 40);
    assert.equal(grown(steady.slice(0, 4), 20), null);
    assert.equal(grown([]), null);
    assert.equal(
      grown([
        [3, 10],
        [3, 90],
      ]),
      null,
    );
  });
});

describe('of replies that failed', () => {
  const failure = (line: number, behindMs: number, startedMs: number | null): FailedWrite =>
    ({
      behind: behindMs * MILLISECOND,
      time: 1000 * MILLISECOND,
      request: startedMs === null ? null : { startedAt: startedMs * MILLISECOND },
      lines: [{ file: 'trace', line, text: '' }],
    }) as unknown as FailedWrite;
  const worst = (...of: readonly FailedWrite[]) => worstOf(of).lines[0]?.line;

  it('the one that stood longest behind others is told, of equal ones the first', () => {
    assert.equal(worst(failure(1, 70, 0), failure(2, 90, 900), failure(3, 90, 0)), 2);
    assert.equal(worst(failure(1, 300, 900), failure(2, 0, 0)), 1);
  });

  it('the oldest is told where none stood behind others for long, of equal ones the first', () => {
    assert.equal(worst(failure(1, 0, 700), failure(2, 0, 300), failure(3, 0, 300), failure(4, 0, null)), 2);
    assert.deepEqual([ageOf(failure(1, 0, 700)), ageOf(failure(1, 0, null))], [300 * MILLISECOND, 0]);
  });
});
