import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gini } from '../../src/detectors/accept-queues/gini.ts';
import { allAtOnce, mostlyAlive } from '../../src/detectors/busy-at-once/intersection.ts';
import { workerName } from '../../src/detectors/words.ts';

it('a worker without a pid is the worker', () => {
  assert.deepEqual([workerName(4711), workerName(0)], ['Worker 4711', 'The worker']);
});

it('a Gini coefficient is 0 for equal shares and towards 1 when one has all', () => {
  assert.equal(gini([7, 7, 7]), 0);
  assert.equal(gini([23, 0]), 0.5);
  assert.equal(gini([0, 0, 0, 23]), 0.75);
  assert.deepEqual([gini([]), gini([23]), gini([0, 0])], [0, 0, 0]);
});

it('moments in which all are busy begin with the last and end with the first', () => {
  const always = { start: 0, end: 100 };
  const life = (...busy: readonly (readonly [number, number])[]) => ({
    ...always,
    busy: busy.map(([start, end]) => ({ start, end })),
  });
  assert.deepEqual(allAtOnce([life([10, 50]), life([20, 60])]), [{ start: 20, end: 50 }]);
  assert.deepEqual(allAtOnce([life([10, 20]), life([20, 30])]), []);
  assert.deepEqual(allAtOnce([life([10, 20], [30, 40]), life([0, 100])]), [
    { start: 10, end: 20 },
    { start: 30, end: 40 },
  ]);
  assert.deepEqual(allAtOnce([life([0, 100])]), [], 'one alone is no service');
  assert.deepEqual(allAtOnce([life([10, 90]), life([10, 90]), { start: 50, end: 60, busy: [] }]), [
    { start: 10, end: 50 },
    { start: 60, end: 90 },
  ]);
  assert.deepEqual(allAtOnce([]), []);
});

it('how many lived at once is that number which lasted longest of the time asked for', () => {
  const lives = [
    { start: 0, end: 50 },
    { start: 0, end: 52 },
    { start: 48, end: 100 },
    { start: 50, end: 100 },
    { start: 90, end: 100 },
  ];
  assert.equal(mostlyAlive(lives, [{ start: 0, end: 100 }]), 2);
  assert.equal(mostlyAlive(lives, [{ start: 79, end: 100 }]), 2);
  assert.equal(mostlyAlive(lives, [{ start: 85, end: 100 }]), 3);
  assert.equal(mostlyAlive(lives, []), 0);
});
