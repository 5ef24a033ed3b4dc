import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bursts } from '../../src/detectors/thundering-herd/bursts.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

type WakeUp = readonly [thread: number, ms: number, won: boolean];

/** Count, won, won by the first, threads of the largest. */
function totalsOf(wakeUps: readonly WakeUp[]): readonly number[] {
  const bursts = new Bursts(5 * MILLISECOND);
  const threads = Array.from({ length: 23 }, (_, index) => threadOf(101 + index));
  for (const [thread, ms, won] of wakeUps) bursts.add(threads[thread] ?? threadOf(1), ms * MILLISECOND, won);
  const { count, won, firstWon, largest } = bursts.totals;
  return [count, won, firstWon, largest];
}

describe('bursts of wake-ups', () => {
  it('are those of several threads, and each thread of one counts once, however often it wakes', () => {
    const alone: readonly WakeUp[] = [
      [0, 1, true],
      [0, 2, true],
      [0, 3, false],
    ];
    assert.deepEqual(totalsOf(alone), [0, 0, 0, 1]);
    assert.deepEqual(totalsOf([...alone, [1, 4, false]]), [1, 1, 1, 2]);
  });

  it('go on while the next wake-up comes within the distance', () => {
    assert.deepEqual(
      totalsOf([
        [0, 0, false],
        [1, 5, true],
        [2, 10.001, false],
        [3, 15.001, false],
        [4, 20.001, false],
      ]),
      [2, 1, 0, 3],
    );
  });

  it('are put in the order of their starts, whichever ended first', () => {
    const inOrder: readonly WakeUp[] = [
      [0, 100, true],
      [1, 101, false],
      [2, 200, false],
      [3, 201, true],
    ];
    assert.deepEqual(totalsOf(inOrder), [2, 2, 1, 2]);
    assert.deepEqual(totalsOf(inOrder.toReversed()), [2, 2, 1, 2]);
  });

  it('of many threads are counted in full, those that wait for order among them', () => {
    // Every 10 ms one burst of all 23, of which the third wins: more than are kept in order, and more than 8 threads.
    const wakeUps: WakeUp[] = [];
    for (let burst = 0; burst < 601; burst++)
      for (let thread = 0; thread < 23; thread++) wakeUps.push([thread, burst * 10 + thread / 10, thread === 2]);
    assert.deepEqual(totalsOf(wakeUps), [601, 601, 0, 23]);
  });

  it('asked for in between change nothing, and a thread that was let go leaves its number to another', () => {
    const bursts = new Bursts(5 * MILLISECOND);
    for (let burst = 1; burst <= 41; burst++) {
      const threads = [threadOf(1000 + burst), threadOf(2000 + burst), threadOf(3000 + burst)];
      for (const thread of threads) bursts.add(thread, burst * 10 * MILLISECOND, false);
      assert.deepEqual([bursts.totals.count, bursts.totals.largest], [burst, 3]);
      for (const thread of threads) bursts.forget(thread);
    }
  });
});
