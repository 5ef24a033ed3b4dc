import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gini } from '../../src/detectors/gini.ts';
import { allAtOnce } from '../../src/detectors/service-stall/intersection.ts';
import { count, duration, plural, ratio, workerName } from '../../src/detectors/words.ts';

it('durations are said in the unit that fits, and never as 1000 ms', () => {
  const rows: readonly (readonly [ms: number, text: string])[] = [
    [0, '0 ms'],
    [0.004, '0.0040 ms'],
    [1.15, '1.15 ms'],
    [9.99, '9.99 ms'],
    [10, '10 ms'],
    [99.4, '99 ms'],
    [999.4, '999 ms'],
    [999.5, '1.00 s'],
    [1000, '1.00 s'],
    [61_234, '61.23 s'],
  ];
  for (const [ms, text] of rows) assert.equal(duration(ms * 1e6), text);
});

it('numbers are said as people write them', () => {
  assert.deepEqual(
    [count(48_211), plural(1, 'connection'), plural(2, 'reply', 'replies')],
    ['48,211', '1 connection', '2 replies'],
  );
  assert.deepEqual([ratio(0), ratio(3.3333), ratio(0.0021), ratio(1)], ['0', '3.33', '0.0021', '1']);
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
