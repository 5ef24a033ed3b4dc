import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FactBus } from '../../src/model/fact-bus.ts';
import { RoundsTracker, yieldsOf } from '../../src/model/topics/spin/rounds-tracker.ts';
import { NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND, SECOND, UNKNOWN } from '../../src/trace/time.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

interface Made {
  readonly name?: string;
  readonly fd?: number;
  readonly result?: number;
  /** When it began, in milliseconds; 0.1 ms after the one before unless told. */
  readonly at?: number;
  readonly ms?: number;
  /** Calls that changed something since the one before. */
  readonly effects?: number;
  readonly peeks?: boolean;
  readonly timeoutMs?: number;
}

/** Lengths at which a row of these calls was told, how many calls are in rows, and how many were no spinning. */
function told(calls: readonly Made[]) {
  const facts = new FactBus();
  const tracker = new RoundsTracker({
    facts,
    inWindow: (time) => time < SECOND,
    longTurn: SECOND,
    clientTimeout: SECOND,
  });
  const thread = threadOf(101);
  const counts: number[] = [];
  let total = 0;
  let worked = 0;
  facts.subscribe(
    {
      repeatedWait({ rounds }) {
        counts.push(rounds.count);
        total = rounds.total;
        worked = rounds.worked;
      },
    },
    (error) => assert.fail(String(error)),
  );
  let now = 0;
  for (const made of calls) {
    const { name = 'read', fd = 9, result = 0, ms = 0.05, effects = 0, peeks = false, timeoutMs = 0 } = made;
    const at = made.at ?? now + 0.1;
    thread.loop.effects += effects;
    const told = { ...NO_ARGUMENTS, has: () => peeks, timeout: () => timeoutMs * MILLISECOND };
    const call = callOf(name, Math.round(at * MILLISECOND), Math.round((at + Math.abs(ms)) * MILLISECOND), {
      fd,
      result,
      arguments: told,
    });
    tracker.hears(syscall(name))?.(ms < 0 ? { ...call, duration: UNKNOWN } : call, thread, null);
    now = at + Math.abs(ms);
  }
  return { counts, total, worked, yields: yieldsOf(thread) };
}

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

describe('reads that find the end again and again', () => {
  it('are told from five in a row on, and each time they have doubled', () => {
    const { counts, total } = told(times(40, {}));
    assert.deepEqual([counts, total], [[5, 8, 16, 32], 32]);
  });

  it('are a row of one descriptor, without a pause of 10 ms, with one call a round at most that does something', () => {
    assert.deepEqual(told(times(20, null).map((_, index) => ({ fd: 9 + (index % 2) }))).counts, []);
    assert.deepEqual(told(times(20, null).map((_, index) => ({ at: 10.05 * index }))).counts, []);
    assert.deepEqual(told(times(20, null).map((_, index) => ({ at: 10.04 * index }))).counts, [5, 8, 16]);
    assert.deepEqual(told(times(20, { effects: 2 })).counts, []);
    // What wakes somebody in each round is no work.
    const { counts, worked } = told([{ effects: 7 }, ...times(19, { effects: 1 })]);
    assert.deepEqual([counts, worked], [[5, 8, 16], 7]);
  });

  it('are none where something came, where the thread only looked, or where it slept or waited meanwhile', () => {
    assert.deepEqual(told(times(20, { result: 1 })).counts, []);
    assert.deepEqual(told(times(20, { name: 'recv', peeks: true })).counts, []);
    assert.deepEqual(told(times(20, { name: 'recv' })).counts, [5, 8, 16]);
    assert.deepEqual(told(times(20, { fd: -1 })).counts, []);
    const between = (made: Made): number[] => told(times(20, null).flatMap(() => [{}, made])).counts;
    assert.deepEqual(between({ name: 'nanosleep' }), []);
    assert.deepEqual(between({ name: 'poll', timeoutMs: 50 }), []);
    // A look that does not wait is no pause.
    assert.deepEqual(between({ name: 'poll', result: 1 }).includes(8), true);
  });

  it('are not told outside the window', () => {
    assert.deepEqual(told(times(20, null).map((_, index) => ({ at: 1_000 + index }))).counts, []);
  });
});

describe('a thread that yields its processor again and again', () => {
  const yields = (parts: Made = {}): Made => ({ name: 'sched_yield', fd: -1, ...parts });

  it('is told from 20 times in a row on, and each time they have doubled', () => {
    const { counts, total, yields: all } = told(times(100, yields()));
    assert.deepEqual([counts, total, all], [[20, 40, 80], 80, 100]);
  });

  it('has done something else where a call had an effect, or half a millisecond passed', () => {
    assert.deepEqual(told(times(50, yields({ effects: 1 }))).counts, []);
    assert.deepEqual(told(times(50, null).map((_, index) => yields({ at: 0.55 * index }))).counts, []);
    assert.deepEqual(told(times(50, null).map((_, index) => yields({ at: 0.54 * index }))).counts, [20, 40]);
    assert.equal(told([]).yields, 0);
  });

  it('is told as well where calls have no duration', () => {
    assert.deepEqual(told(times(50, null).map((_, index) => yields({ at: index, ms: -0.05 }))).counts, [20, 40]);
  });
});
