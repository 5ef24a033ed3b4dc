import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Now } from '../../src/analysis/activity.ts';
import { UNICODE } from '../../src/dashboard/row.ts';
import { type DashboardState, initialState, type ProcessNow } from '../../src/dashboard/state.ts';
import { longestOf, workerRows } from '../../src/dashboard/tables/workers.ts';
import { drawLiveOverview } from '../../src/dashboard/views/live-overview.ts';
import { nowText } from '../../src/dashboard/views/now.ts';
import { buildActivity, buildLane } from '../support/activity-builder.ts';
import { LIVE_STATUS } from '../support/live-status.ts';
import { buildReport, buildWorker } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

const AT_MS = LIVE_STATUS.elapsedMs;
const START = LIVE_STATUS.wallMs - AT_MS;
const STATUS = { ...LIVE_STATUS, pids: [101, 103] };

const process = (pid: number, parts: Partial<ProcessNow> = {}): ProcessNow => ({
  pid,
  innerPid: pid,
  name: 'gunicorn',
  call: 'clock_nanosleep',
  target: '',
  isWaiting: false,
  ageMs: 9_100,
  stayMs: 8_000,
  awayMs: 0,
  isFromStart: true,
  ...parts,
});

/** A live screen on which worker 101 is in `now`, and the kernel shows these processes. */
function state(now: Partial<Now>, processes: readonly ProcessNow[], longestTurnMs = 2): DashboardState {
  const live = { ...STATUS, processes };
  const lane = buildLane(101, 3, {}, { now: { state: 'silent', call: '', target: '', sinceMs: AT_MS, ...now } });
  return {
    ...initialState({ columns: 80, rows: 24, glyphs: UNICODE, source: 'live', files: ['x'], mouse: false }),
    report: buildReport({ window: { durationMs: 97 }, workers: [buildWorker({ pid: 101, longestTurnMs })] }),
    activity: buildActivity([lane], 4_000),
    live,
  };
}

const texts = (shown: DashboardState): (readonly [number, string, number | null])[] =>
  workerRows(shown).map((row) => [row.worker.pid, nowText(shown, row), longestOf(row)]);

describe('a worker on the live screen', () => {
  it('that made no call stands there with what the kernel says of it, the longest first', () => {
    assert.deepEqual(texts(state({ state: 'waiting', call: 'epoll_wait' }, [process(101), process(103)])), [
      [103, '\u22659.10 s clock_nanosleep', 9_100],
      [101, 'waits epoll_wait', 2],
    ]);
  });

  it('that made no call and waits for work is away from nothing', () => {
    const waiting = process(103, { call: 'epoll_wait', isWaiting: true });
    assert.deepEqual(texts(state({ state: 'waiting', call: 'epoll_wait' }, [waiting])).at(-1), [
      103,
      'waits epoll_wait',
      null,
    ]);
  });

  it('that computes without a call since it was met says no more than that', () => {
    const computing = process(103, { call: '', ageMs: 1_300, isFromStart: false });
    assert.deepEqual(texts(state({ state: 'waiting' }, [computing]))[0], [103, '1.30 s no call', 1_300]);
  });

  it('that computes runs, as far as is known before its first calls can have arrived', () => {
    const shown = state({ state: 'waiting' }, [process(103, { call: '' })]);
    const early = (elapsedMs: number) =>
      texts({ ...shown, live: { ...STATUS, elapsedMs, processes: [process(103, { call: '' })] } });
    assert.deepEqual(early(2_999).at(-1)?.slice(0, 2), [103, 'runs']);
    assert.deepEqual(early(3_000)[0]?.slice(0, 2), [103, '\u22653.00 s no call']);
  });

  it('shows the age of its turn, whatever short call it is in, and as its longest turn', () => {
    const ladder = { state: 'blocked', call: 'futex', sinceMs: AT_MS - 7, turnSinceMs: AT_MS - 10_100 } as const;
    assert.deepEqual(texts(state(ladder, [])), [[101, '10.10 s in futex', 10_100]]);
    const between = { state: 'silent', sinceMs: AT_MS - 7, turnSinceMs: AT_MS - 10_100 } as const;
    assert.deepEqual(texts(state(between, [])), [[101, '10.10 s runs', 10_100]]);
  });

  it('of which no loop is known is away for as long as it was in no wait at any look', () => {
    const ladder = { state: 'blocked', call: 'futex', sinceMs: AT_MS - 7 } as const;
    assert.deepEqual(texts(state(ladder, [process(101, { ageMs: 3, stayMs: 0, awayMs: 5_000 })])), [
      [101, '5.00 s in futex', 5_000],
    ]);
    assert.deepEqual(texts(state(ladder, [process(101, { ageMs: 3, stayMs: 0, awayMs: 1_000 })])), [
      [101, 'in futex', 2],
    ]);
  });

  it('is no longer away than a trace that comes late says, unless the kernel shows it away since before that', () => {
    const turn = {
      state: 'silent',
      sinceMs: AT_MS - 1_307,
      turnSinceMs: AT_MS - 1_310,
      knownMs: AT_MS - 1_300,
    } as const;
    const look = { call: '', ageMs: 700, stayMs: 0, isFromStart: false } as const;
    // It had gone on for 3 ms when the last call was read; a wait since then is on its way.
    assert.deepEqual(texts(state(turn, [])), [[101, 'runs', 3]]);
    assert.deepEqual(texts(state(turn, [process(101, { ...look, awayMs: 0 })])), [[101, 'runs', 3]]);
    assert.deepEqual(texts(state(turn, [process(101, { ...look, awayMs: 1_299 })])), [[101, 'runs', 3]]);
    assert.deepEqual(texts(state(turn, [process(101, { ...look, awayMs: 1_300 })])), [[101, '1.31 s no call', 1_310]]);
    // strace writes each call when it returns.
    const live = { ...STATUS, engine: 'strace' };
    assert.deepEqual(texts({ ...state(turn, []), live }), [[101, '1.31 s no call', 1_310]]);
  });

  it('is away for as long as two looks of the kernel show, also where the trace has not said so yet', () => {
    const before = {
      state: 'blocked',
      call: 'flock',
      sinceMs: AT_MS - 1_310,
      turnSinceMs: null,
      knownMs: AT_MS - 1_300,
    };
    const look = { call: 'flock', ageMs: 1_300, isFromStart: false } as const;
    const shown = (parts: Partial<ProcessNow>) => texts(state(before as Now, [process(101, { ...look, ...parts })]));
    assert.deepEqual(shown({ stayMs: 1_000 }), [[101, '1.30 s in flock', 1_300]]);
    assert.deepEqual(shown({ stayMs: 0, ageMs: 300 }), [[101, 'in flock', 2]]);
  });

  it('that watches others and is where a master has nothing to do is away from nothing', () => {
    const master = process(103, { call: 'futex', isParked: true });
    assert.deepEqual(texts(state({ state: 'waiting', call: 'epoll_wait' }, [master])).at(-1), [103, 'in futex', null]);
    const now = { state: 'blocked', call: 'futex', sinceMs: AT_MS - 9_000 } as const;
    assert.deepEqual(texts(state(now, [process(101, { call: 'futex', isParked: true })])), [[101, 'in futex', 2]]);
  });

  it('grows no older while the analysis is busy and says nothing of it', () => {
    const blocked = { state: 'blocked', call: 'fsync', sinceMs: AT_MS - 300, turnSinceMs: AT_MS - 300 } as const;
    const age = (unheardMs: number, nowMs: number) => {
      const shown = state(blocked, []);
      const live = { ...STATUS, wallMs: START + AT_MS + nowMs, atMs: nowMs, unheardMs };
      return texts({ ...shown, live, nowMs })[0]?.[2];
    };
    assert.deepEqual([age(100, 100), age(900, 900), age(4_000, 4_000)], [400, 1_200, 1_300]);
  });

  it('keeps the longest turn that has ended while a shorter one goes on', () => {
    const open = { state: 'blocked', call: 'fsync', sinceMs: AT_MS - 700, turnSinceMs: AT_MS - 700 } as const;
    assert.equal(texts(state(open, [], 1_300))[0]?.[2], 1_300);
  });

  it('is away from nothing any more when the tracing is over', () => {
    const shown = state({ state: 'waiting' }, [process(103)]);
    const over = { ...shown, live: { ...STATUS, state: 'detached' as const, processes: [process(103)] } };
    assert.deepEqual(
      texts(over).map(([pid]) => pid),
      [101],
    );
  });

  it('has figures that never touch, however long they are', () => {
    const busy = {
      ...state({}, []),
      report: buildReport({ workers: [buildWorker({ pid: 101, longestTurnMs: 0.855, brokenPipes: 1_048_577 })] }),
    };
    const rows = drawLiveOverview(busy).map((row) => row.map(({ text }) => text).join(''));
    const row = rows.find((text) => text.includes('0.855'));
    assert.match(row ?? '', / 0 +0\.855 ms 1,048,577 /);
  });

  it('has its number in its own container beside that of the host', () => {
    const rows = drawLiveOverview(state({ state: 'waiting' }, [process(4711, { innerPid: 7 })]));
    assert.ok(
      rows.some((row) =>
        row
          .map(({ text }) => text)
          .join('')
          .startsWith(' 4711/7 '),
      ),
    );
  });
});

describe('the footer of a live capture at 80 columns', () => {
  const footerOf = (state: 'tracing' | 'detached'): string => {
    const dashboard = new PaperDashboard(null, { source: 'live' }).tell({ type: 'live', live: { ...STATUS, state } });
    return dashboard.lines.at(-1) ?? '';
  };

  it('begins with the keys that act on the capture', () => {
    assert.match(footerOf('tracing'), /^ \?Help {2}d detach {2}\+ a minute {2}Space freeze {2}j k move .* q quit *$/);
  });

  it('offers none of them once the processes are free', () => {
    assert.doesNotMatch(footerOf('detached'), /detach|minute|freeze/);
  });
});
