import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allAtOnce, type Life, mostAtOnce, mostlyAlive } from '../../src/detectors/busy-at-once/intersection.ts';

type Pair = readonly [start: number, end: number];
const interval = ([start, end]: Pair) => ({ start, end });
const life = (start: number, end: number, ...busy: readonly Pair[]): Life => ({
  start,
  end,
  busy: busy.map(interval),
});
const pairs = (...of: Parameters<typeof allAtOnce>): Pair[] => allAtOnce(...of).map(({ start, end }) => [start, end]);

describe('when all that live are busy', () => {
  it('is what their busy times share', () => {
    assert.deepEqual(pairs([life(0, 100, [10, 40], [50, 90]), life(0, 100, [20, 60], [70, 80])]), [
      [20, 40],
      [50, 60],
      [70, 80],
    ]);
  });

  it('begins when one that was idle ends, and ends when one comes that is idle', () => {
    assert.deepEqual(pairs([life(0, 100, [0, 100]), life(0, 100, [0, 100]), life(0, 30)]), [[30, 100]]);
    assert.deepEqual(pairs([life(0, 100, [0, 100]), life(0, 100, [0, 100]), life(60, 100)]), [[0, 60]]);
  });

  it('takes two that live, or as many as are asked for', () => {
    assert.deepEqual(pairs([life(0, 100, [0, 100])]), []);
    assert.deepEqual(pairs([life(0, 100, [20, 30])], Number.POSITIVE_INFINITY, 1), [[20, 30]]);
    const three = [life(0, 100, [0, 100]), life(0, 100, [0, 100]), life(50, 100, [50, 100])];
    assert.deepEqual(pairs(three, Number.POSITIVE_INFINITY, 3), [[50, 100]]);
    assert.deepEqual(pairs(three, Number.POSITIVE_INFINITY, 2), [[0, 100]]);
  });

  it('may be when enough of them are', () => {
    const lives = [life(0, 100, [10, 60]), life(0, 100, [20, 70]), life(0, 100, [30, 40])];
    assert.deepEqual(pairs(lives, 2), [[20, 60]]);
    assert.deepEqual(pairs(lives, 3), [[30, 40]]);
    assert.deepEqual(pairs(lives, 7), [[30, 40]]);
    assert.deepEqual(pairs(lives, 1), [[10, 70]]);
  });

  it('ends with a life, also where its last busy time would go on', () => {
    assert.deepEqual(pairs([life(0, 100, [10, 200]), life(0, 100, [10, 300])]), [[10, 100]]);
    assert.deepEqual(pairs([life(0, 100, [10, 90]), life(0, 50, [20, 90])]), [[20, 50]]);
    // One that would be busy only after its life is never busy.
    assert.deepEqual(pairs([life(0, 100, [10, 90]), life(0, 50, [50, 90])]), []);
  });

  it('is no time where one ends as the other begins, and one time where busy times follow each other', () => {
    assert.deepEqual(pairs([life(0, 100, [10, 20]), life(0, 100, [20, 30])]), []);
    assert.deepEqual(pairs([life(0, 100, [10, 20], [20, 30]), life(0, 100, [10, 30])]), [[10, 30]]);
    assert.deepEqual(pairs([]), []);
  });
});

describe('how many lived for most of the time', () => {
  const within = (...of: readonly Pair[]) => of.map(interval);
  const lives = [life(0, 100), life(0, 40), life(30, 60)];

  it('is the number that was there for longest of it', () => {
    // 2 from 0 to 30, 3 to 40, 2 to 60, 1 to 100.
    assert.equal(mostlyAlive(lives, within([0, 100])), 2);
    assert.equal(mostlyAlive(lives, within([0, 20], [55, 100])), 1);
    assert.equal(mostlyAlive(lives, within([29, 41])), 3);
    assert.equal(mostlyAlive(lives, within([100, 200])), 0);
    assert.equal(mostlyAlive(lives, []), 0);
    assert.equal(mostlyAlive([], within([0, 100])), 0);
  });
});

it('the most that are busy at once are those that overlap, and not those that follow each other', () => {
  const busy = (...of: readonly Pair[]) => ({ busy: of.map(interval) });
  assert.equal(mostAtOnce([busy([0, 10], [20, 30]), busy([10, 20])]), 1);
  assert.equal(mostAtOnce([busy([0, 11], [20, 30]), busy([10, 21]), busy([20.5, 25])]), 3);
  assert.equal(mostAtOnce([]), 0);
});
