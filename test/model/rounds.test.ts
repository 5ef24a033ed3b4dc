import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turn } from '../../src/model/machine/turn.ts';
import { Rounds } from '../../src/model/topics/spin/rounds.ts';
import { ROUNDS, Spin } from '../../src/model/topics/spin/spin.ts';
import { NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import type { Call } from '../../src/trace/record.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { callOf } from '../support/model-objects.ts';

interface Waiting {
  readonly name?: string;
  readonly fd?: number;
  /** Descriptors that are ready; none: the timeout ran out. */
  readonly ready?: readonly number[];
  readonly timeoutMs?: number;
  readonly ms?: number;
  readonly at?: number;
}

function waitOf({ name = 'epoll_wait', fd = 7, ready = [], timeoutMs = 0, ms = 0.05, at = 0 }: Waiting): Call {
  return callOf(name, at * MILLISECOND, (at + ms) * MILLISECOND, {
    fd,
    result: ready.length,
    arguments: {
      ...NO_ARGUMENTS,
      timeout: () => timeoutMs * MILLISECOND,
      ready: () => ready.map((data) => ({ data, events: 1 })),
    },
  });
}

/** What a thread is told of after each of these waits, which did nothing in between unless `effects` grow. */
function told(waits: readonly (Waiting & { readonly effects?: number })[]): { at: number[]; rounds: Rounds } {
  const rounds = new Rounds();
  let effects = 0;
  const at = waits.flatMap((wait, index) => {
    effects += wait.effects ?? 0;
    return rounds.waited(waitOf(wait), effects) ? [index] : [];
  });
  return { at, rounds };
}

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

describe('waits that return the same again and again', () => {
  it('are told from five in a row on, and each time they have doubled', () => {
    const { at, rounds } = told(times(40, { ready: [11] }));
    // The first one is none: the fifth round is the sixth wait.
    assert.deepEqual(at, [5, 8, 16, 32]);
    assert.deepEqual([rounds.count, rounds.total, rounds.waits, rounds.stuck], [39, 39, 40, true]);
  });

  it('are none where something was done between them', () => {
    assert.deepEqual(told(times(40, { ready: [11], effects: 1 })).at, []);
    assert.deepEqual(
      told([...times(5, { ready: [11] }), { ready: [11], effects: 1 }, ...times(4, { ready: [11] })]).at,
      [],
    );
  });

  it('are none where something else is ready each time, whichever the order it is told in', () => {
    const turns = (one: readonly number[], other: readonly number[]): number[] =>
      told(times(20, null).map((_, index) => ({ ready: index % 2 === 0 ? one : other }))).at;
    assert.deepEqual(turns([11], [12]), []);
    assert.notDeepEqual(turns([11, 12], [12, 11]), []);
    assert.deepEqual(turns([11, 12], [11, 13]), []);
  });

  it('that find nothing are some where their timeout is 10 ms or less, which is kept', () => {
    const { at, rounds } = told([...times(10, { timeoutMs: 3 }), { timeoutMs: 10 }]);
    assert.deepEqual(at, [5, 8]);
    assert.deepEqual([rounds.stuck, rounds.timeout / MILLISECOND], [false, 10]);
    assert.deepEqual(told(times(20, { timeoutMs: 10.001 })).at, []);
    assert.deepEqual(told(times(20, { timeoutMs: -1 })).at, []);
  });

  it('are none where a wait took a millisecond before something was ready', () => {
    assert.deepEqual(told(times(20, { ready: [11], ms: 1 })).at, []);
    assert.notDeepEqual(told(times(20, { ready: [11], ms: 0.999 })).at, []);
  });

  it('go on where the thread glances elsewhere in between and finds nothing', () => {
    const glance = (parts: Waiting): number[] =>
      told(times(20, null).map((_, index) => (index % 2 === 0 ? { ready: [11] } : parts))).at;
    assert.notDeepEqual(glance({ fd: 8 }), []);
    assert.notDeepEqual(glance({ name: 'poll' }), []);
    assert.deepEqual(glance({ fd: 8, timeoutMs: 5 }), []);
    assert.deepEqual(glance({ fd: 8, ready: [12] }), []);
    assert.deepEqual(glance({}), []);
  });

  it('begin anew after something that counts as no effect, and yet is no spinning', () => {
    const { rounds } = told(times(6, { ready: [11] }));
    rounds.breaks();
    assert.equal(rounds.waited(waitOf({ ready: [11] }), 0), false);
    assert.equal(rounds.count, 0);
  });
});

describe('a loop spins', () => {
  interface Round extends Waiting {
    /** Time between this wait and the one before, in milliseconds, and the calls in it. */
    readonly between?: number;
    readonly calls?: number;
    readonly futile?: number;
  }

  /** How many stretches of 20 rounds are full after each of these. */
  function spins(rounds: readonly Round[]): { full: number; spin: Spin } {
    const spin = new Spin();
    let full = 0;
    let at = 0;
    for (const { between = 0.05, calls = 0, futile = calls, ...wait } of rounds) {
      const turn = new Turn(0);
      Object.assign(turn, { start: at * MILLISECOND, calls, futile });
      at += between;
      if (spin.waited(waitOf({ ...wait, at }), turn)) full++;
      at += wait.ms ?? 0.05;
    }
    return { full, spin };
  }

  it('where 20 waits in a row come back at once, and again for the next 20', () => {
    assert.deepEqual(spins(times(20, { ready: [11] })).full, 0);
    assert.deepEqual(spins(times(21, { ready: [11] })).full, 1);
    assert.deepEqual(spins(times(40, { ready: [11] })).full, 1);
    assert.deepEqual(spins(times(41, { ready: [11] })).full, 2);
    assert.deepEqual(spins(times(21, {})).full, 1);
    assert.equal(ROUNDS, 20);
  });

  it('which begins with the wait before the first round, and says whether something was ready', () => {
    const { spin } = spins(times(7, { ready: [11] }));
    assert.deepEqual([spin.stuck, spin.rounds, Math.round(spin.since / 1_000)], [true, 6, 100]);
    assert.equal(spins(times(7, {})).spin.stuck, false);
  });

  it('not where anything got done, or now and then something else', () => {
    assert.equal(spins(times(41, { ready: [11], calls: 1, futile: 0 })).full, 0);
    assert.equal(spins(times(41, { ready: [11], calls: 2 })).full, 2);
    assert.equal(spins(times(41, null).map((_, index) => ({ ready: index % 20 === 0 ? [] : [11] }))).full, 0);
  });

  it('not where it computes for more than 150 us a call between the waits, or waits a millisecond', () => {
    assert.equal(spins(times(41, { ready: [11], between: 0.149 })).full, 2);
    assert.equal(spins(times(41, { ready: [11], between: 0.151 })).full, 0);
    assert.equal(spins(times(41, { ready: [11], between: 0.299, calls: 1 })).full, 2);
    assert.equal(spins(times(41, { ready: [11], ms: 1 })).full, 0);
  });

  it('also where it or its tracer was preempted four times in 20 rounds, each for less than 10 ms', () => {
    const preempted = (count: number, ms: number, between = 0.05): number =>
      spins(
        times(25, null).map((_, index) =>
          index >= 6 && index < 6 + count ? { ready: [11], ms, between } : { ready: [11] },
        ),
      ).full;
    assert.deepEqual([preempted(4, 9.9), preempted(5, 9.9), preempted(1, 10)], [1, 0, 0]);
    assert.deepEqual([preempted(4, 0.05, 9.9), preempted(1, 0.05, 10)], [1, 0]);
  });
});
