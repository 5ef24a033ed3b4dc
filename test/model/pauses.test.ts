import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Thread } from '../../src/model/machine/thread.ts';
import { Pauses, type Rhythm } from '../../src/model/measuring/pauses.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

/** A thread was in a call that cannot sleep, from one millisecond to another. */
function inCall(pauses: Pauses, thread: Thread, from: number, to: number, name = 'getpid', parts = {}): void {
  pauses.blocked(callOf(name, from * MILLISECOND, to * MILLISECOND, parts), thread);
}

function inGap(pauses: Pauses, thread: Thread, from: number, to: number): void {
  pauses.gap(thread, from * MILLISECOND, to * MILLISECOND);
}

function covers(pauses: Pauses, thread: Thread, from: number, to: number, brief = false): boolean {
  return pauses.covers(thread, from * MILLISECOND, to * MILLISECOND, brief);
}

describe('a thread did not run', () => {
  it('where another one was in a call that cannot sleep for 60 % of the time or more', () => {
    const [pauses, thread, other] = [new Pauses(), threadOf(101), threadOf(103)];
    inCall(pauses, other, 1_000, 1_060);
    assert.equal(covers(pauses, thread, 1_000, 1_100), true);
    assert.equal(covers(pauses, thread, 1_000, 1_101), false);
    assert.equal(covers(pauses, thread, 1_030, 1_080), true);
    assert.equal(covers(pauses, thread, 1_031, 1_081), false);
    assert.equal(covers(pauses, thread, 970, 1_020), false);
    // Of itself it says nothing: a small step may as well have waited for the disk.
    assert.equal(covers(pauses, other, 1_000, 1_060), false);
  });

  it('but not where that call may have slept, was short, or is told in part', () => {
    const [pauses, thread, other] = [new Pauses(), threadOf(101), threadOf(103)];
    inCall(pauses, other, 1_000, 1_060, 'fsync');
    inCall(pauses, other, 1_000, 1_060, 'mmap');
    inCall(pauses, other, 1_000, 1_060, 'getpid', { partial: true });
    inGap(pauses, other, 1_000, 1_060);
    assert.equal(covers(pauses, thread, 1_000, 1_060), false);
    inCall(pauses, other, 1_000, 1_019.999);
    assert.equal(covers(pauses, thread, 1_000, 1_019), false);
    inCall(pauses, other, 1_000, 1_020);
    assert.equal(covers(pauses, thread, 1_000, 1_019), true);
  });

  it('in a small step on a file within 5 s of 50 ms in which its process surely did not', () => {
    const [pauses, thread, other] = [new Pauses(), threadOf(101), threadOf(103)];
    inCall(pauses, thread, 10_000, 10_050);
    assert.equal(covers(pauses, thread, 15_000, 15_030, true), true);
    assert.equal(covers(pauses, thread, 5_000, 5_030, true), true);
    assert.equal(covers(pauses, thread, 15_001, 15_030, true), false);
    assert.equal(covers(pauses, thread, 4_999, 5_030, true), false);
    assert.equal(covers(pauses, thread, 15_000, 15_030, false), false);
    assert.equal(covers(pauses, other, 15_000, 15_030, true), false);
    const shorter = new Pauses();
    inCall(shorter, thread, 10_000, 10_049);
    assert.equal(covers(shorter, thread, 12_000, 12_030, true), false);
  });
});

describe('the pauses of a process', () => {
  /** A quota that is used up: each pause ends on a multiple of `period`, `late` ms behind it. */
  function throttled(period: number, beats: number, { length = 40, late = 0, name = 'getpid' } = {}) {
    const [pauses, thread] = [new Pauses(), threadOf(101)];
    for (let beat = 1; beat <= beats; beat++) {
      const end = 7 + beat * period + (beat % 2 === 0 ? late : 0);
      inCall(pauses, thread, end - length, end, name);
    }
    return { pauses, thread, rhythm: pauses.rhythmOf(thread.process) };
  }

  for (const period of [50, 100, 200, 250, 500, 1_000])
    it(`have a rhythm of ${period} ms where a quota of that period is used up in each`, () => {
      const { rhythm } = throttled(period, 7, { length: 0.5 * period });
      assert.deepEqual([rhythm?.period, rhythm?.beats], [period * MILLISECOND, 7]);
    });

  it('have one from four beats on', () => {
    assert.equal(throttled(100, 3).rhythm, null);
    assert.equal(throttled(100, 4).rhythm?.beats, 4);
  });

  it('have one where they end up to 12 % of the period late, as whoever waits for a processor does', () => {
    assert.equal(throttled(100, 8, { late: 12 }).rhythm?.beats, 8);
    assert.equal(throttled(100, 8, { late: 15 }).rhythm, null);
    assert.equal(throttled(100, 8, { late: -2 }).rhythm?.beats, 8);
  });

  it('have none where all of them may be waits for a disk or work of a timer', () => {
    const [pauses, thread] = [new Pauses(), threadOf(101)];
    for (let beat = 1; beat <= 9; beat++) inGap(pauses, thread, beat * 100 - 40, beat * 100);
    assert.equal(pauses.rhythmOf(thread.process), null);
    // One call that cannot sleep tells.
    inCall(pauses, thread, 960, 1_000);
    assert.equal(pauses.rhythmOf(thread.process)?.beats, 10);
  });

  it('have one where two of them are small steps on files, and none where one is', () => {
    const steps = (count: number): Rhythm | null => {
      const [pauses, thread] = [new Pauses(), threadOf(101)];
      for (let beat = 1; beat <= 9; beat++)
        if (beat <= count) inCall(pauses, thread, beat * 100 - 40, beat * 100, 'stat');
        else inGap(pauses, thread, beat * 100 - 40, beat * 100);
      return pauses.rhythmOf(thread.process);
    };
    assert.equal(steps(1), null);
    assert.equal(steps(2)?.beats, 9);
  });

  it('have none where 70 % of the time off is not explained by it', () => {
    const beside = (length: number): Rhythm | null => {
      const { pauses, thread } = throttled(100, 7);
      inGap(pauses, thread, 5_160 - length, 5_160);
      return pauses.rhythmOf(thread.process);
    };
    // 7 times 40 ms are 70 % of 400 ms.
    assert.equal(beside(120)?.beats, 7);
    assert.equal(beside(121), null);
  });

  it('count a moment once in which several threads stood still', () => {
    /** Four moments end on a beat of 200 ms, two do not. In the first of them five threads stood still. */
    const beside = (length: number): Rhythm | null => {
      const [pauses, thread] = [new Pauses(), threadOf(101)];
      for (const tid of [101, 103, 105, 107, 109]) inCall(pauses, threadOf(tid), 292, 452);
      for (const end of [1_052, 1_452, 2_052]) inCall(pauses, thread, end - 24, end);
      inGap(pauses, thread, 560 - 50, 560);
      inGap(pauses, thread, 760 - length, 760);
      return pauses.rhythmOf(threadOf(111).process);
    };
    // 160 ms and 3 times 24 ms are 70 % of 331 ms.
    assert.deepEqual([beside(49)?.period, beside(49)?.beats], [200 * MILLISECOND, 4]);
    assert.equal(beside(50), null);
  });

  it('have that of all processes where one alone has too few', () => {
    const { pauses, thread } = throttled(100, 6);
    const other = threadOf(103);
    assert.equal(pauses.rhythmOf(other.process)?.beats, 6);
    inCall(pauses, other, 967, 1_007);
    assert.equal(pauses.rhythmOf(other.process)?.beats, 7);
    assert.equal(pauses.rhythmOf(thread.process)?.beats, 6);
  });

  it('count for a stretch as far as they are in it and end on the beat', () => {
    const { pauses, thread, rhythm } = throttled(100, 6);
    assert.ok(rhythm !== null);
    const onBeat = (from: number, to: number): number =>
      pauses.onBeat(thread, from * MILLISECOND, to * MILLISECOND, rhythm) / MILLISECOND;
    assert.equal(onBeat(0, 1_000), 6 * 40);
    // From 87 ms on, 20 ms of the first; up to 397 ms, 30 ms of the fourth.
    assert.equal(onBeat(87, 397), 20 + 40 + 40 + 30);
    inGap(pauses, thread, 800, 850);
    inCall(pauses, threadOf(103), 867, 907);
    assert.equal(onBeat(0, 1_000), 6 * 40);
  });

  it('are kept 4,096 at most: then the longer half, and later ones that are as long', () => {
    const [pauses, thread, other] = [new Pauses(), threadOf(101), threadOf(103)];
    for (let index = 0; index < 4_096; index++) {
      const length = index < 2_048 ? 30 : 50;
      inCall(pauses, thread, index * 200, index * 200 + length);
    }
    assert.equal(covers(pauses, other, 200, 230), false);
    assert.equal(covers(pauses, other, 2_048 * 200, 2_048 * 200 + 50), true);
    inCall(pauses, thread, 4_097 * 200, 4_097 * 200 + 49);
    assert.equal(covers(pauses, other, 4_097 * 200, 4_097 * 200 + 49), false);
    inCall(pauses, thread, 4_098 * 200, 4_098 * 200 + 50);
    assert.equal(covers(pauses, other, 4_098 * 200, 4_098 * 200 + 50), true);
  });
});
