import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, counted, duration, longDuration } from '../../src/output/figures.ts';

test('counts have commas between thousands', () => {
  assert.deepEqual([0, 7, 999, 1000, 41960, 1204331, -4127, 1234.5].map(count), [
    '0',
    '7',
    '999',
    '1,000',
    '41,960',
    '1,204,331',
    '-4,127',
    '1,234.5',
  ]);
  assert.equal(count(Number.NaN), '?');
});

test('a noun agrees with its count', () => {
  assert.deepEqual(
    [counted(0, 'line'), counted(1, 'line'), counted(1009, 'line')],
    ['0 lines', '1 line', '1,009 lines'],
  );
});

test('durations are ms under a second, then seconds with two decimals', () => {
  const cases: readonly (readonly [number | null, string])[] = [
    [null, '-'],
    [0, '0 ms'],
    [0.0004, 'under 0.001 ms'],
    [0.012, '0.012 ms'],
    [0.3, '0.3 ms'],
    [2.41, '2.4 ms'],
    [9.97, '10 ms'],
    [840.2, '840 ms'],
    [999.4, '999 ms'],
    [999.5, '1.00 s'],
    [2413, '2.41 s'],
    [1999.996, '2.00 s'],
    [412331.2, '412.33 s'],
    [4271003, '4,271.00 s'],
  ];
  for (const [milliseconds, words] of cases) assert.equal(duration(milliseconds), words);
});

test('durations from an hour on say how many hours and days that is', () => {
  assert.equal(longDuration(3_599_000), '3,599.00 s');
  assert.equal(longDuration(3_600_000), '3,600.00 s (1 h 0 min)');
  assert.equal(longDuration(93_784_000), '93,784.00 s (1 d 2 h 3 min)');
});
