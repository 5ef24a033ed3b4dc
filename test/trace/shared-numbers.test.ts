import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedNumbers } from '../../src/trace/shared-numbers.ts';

/** Random numbers below 1 that are the same at each run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('values by number that copies share', () => {
  it('are what a map for each copy would hold, whatever is written, deleted and copied', () => {
    const random = randomNumbers(4711);
    const pairs: [SharedNumbers<number>, Map<number, number>][] = [[new SharedNumbers(), new Map()]];
    const any = (): [SharedNumbers<number>, Map<number, number>] =>
      pairs[Math.floor(random() * pairs.length)] as [SharedNumbers<number>, Map<number, number>];
    for (let step = 0; step < 20_011; step++) {
      const [shared, map] = any();
      const number = Math.floor(random() ** 4 * (step % 97 === 0 ? 2 ** 30 : 2_000));
      const what = random();
      if (what < 0.5) {
        assert.equal(shared.set(number, step), !map.has(number));
        map.set(number, step);
      } else if (what < 0.8) assert.equal(shared.delete(number), map.delete(number));
      else if (what < 0.82 && pairs.length < 23) pairs.push([new SharedNumbers(shared), new Map(map)]);
      else assert.equal(shared.get(number), map.get(number));
    }
    assert.equal(pairs.length, 23);
    for (const [shared, map] of pairs) {
      assert.equal(shared.size, map.size);
      assert.deepEqual(
        [...shared.entries()],
        [...map].toSorted(([a], [b]) => a - b),
      );
    }
  });

  it('keep no number that no descriptor can have', () => {
    const numbers = new SharedNumbers<string>();
    for (const number of [-1, 2 ** 30, 2 ** 40, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(numbers.set(number, 'x'), false);
      assert.equal(numbers.get(number), undefined);
      assert.equal(numbers.delete(number), false);
    }
    assert.equal(numbers.set(2 ** 30 - 1, 'last'), true);
    assert.deepEqual([...numbers.entries()], [[2 ** 30 - 1, 'last']]);
    assert.equal(numbers.delete(2 ** 30 - 1), true);
    assert.equal(numbers.size, 0);
  });

  it('take the room of what was written since, not of what is shared', () => {
    const parent = new SharedNumbers<object>();
    for (let fd = 0; fd < 2_003; fd++) parent.set(fd, {});
    const before = process.memoryUsage().heapUsed;
    const children = Array.from({ length: 10_007 }, (_, child) => {
      const copy = new SharedNumbers(parent);
      copy.delete(child % 2_003);
      return copy;
    });
    // Copies of 2,003 entries would take 400 MB and more.
    assert.ok(process.memoryUsage().heapUsed - before < 60_000_000);
    assert.ok(children.every(({ size }) => size === 2_002));
    assert.equal(parent.size, 2_003);
  });
});
