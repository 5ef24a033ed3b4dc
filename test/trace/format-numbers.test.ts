import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  count,
  decimals,
  duration,
  durationOfMs,
  fileSize,
  linesSoFar,
  mebibytes,
  megabytes,
  microseconds,
  percent,
  plural,
  ratio,
  significant,
  wholePercent,
} from '../../src/trace/format-numbers.ts';

function says<Value>(write: (value: Value) => string, cases: readonly (readonly [Value, string])[]): void {
  for (const [value, words] of cases) assert.equal(write(value), words);
}

test('a count has commas between thousands', () => {
  says(count, [
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1204331, '1,204,331'],
    [-4127, '-4,127'],
    [-127, '-127'],
    [1234.5678, '1,234.5678'],
    [Number.NaN, '?'],
    [Number.POSITIVE_INFINITY, '?'],
  ]);
});

test('a noun agrees with its count', () => {
  assert.deepEqual(
    [plural(0, 'line'), plural(1, 'line'), plural(1009, 'line'), plural(2, 'reply', 'replies')],
    ['0 lines', '1 line', '1,009 lines', '2 replies'],
  );
});

test('a ratio has two decimals, and two digits when it is smaller than 0.01', () => {
  says(ratio, [
    [0, '0'],
    [3.3333, '3.33'],
    [13.25, '13.25'],
    [0.01, '0.01'],
    [0.0021, '0.0021'],
    [1, '1'],
  ]);
});

test('a share has three digits, and 100 % is only the whole', () => {
  says(percent, [
    [0, '0 %'],
    [0.0014, '0.14 %'],
    [0.0325, '3.25 %'],
    [0.09994, '9.99 %'],
    [0.09996, '10 %'],
    [0.199, '19.9 %'],
    [0.4167, '41.7 %'],
    [0.9899, '99 %'],
    [0.9996, '99.9 %'],
    [1, '100 %'],
    [2.5, '250 %'],
  ]);
});

test('a duration is the same in a sentence and in a table, and never 1000 ms', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [0.0004, 'under 0.001 ms'],
    [0.012, '0.012 ms'],
    [0.3471, '0.347 ms'],
    [1.15, '1.15 ms'],
    [2.413, '2.41 ms'],
    [9.99, '9.99 ms'],
    [9.997, '10 ms'],
    [48.3, '48 ms'],
    [999.4, '999 ms'],
    [999.5, '1.00 s'],
    [1999.996, '2.00 s'],
    [61_234, '61.23 s'],
    [3_599_004, '3,599.00 s'],
    [-2413, '-2.41 s'],
  ];
  for (const [ms, words] of cases) {
    assert.equal(durationOfMs(ms), words);
    assert.equal(duration(ms * 1e6), words);
  }
  assert.deepEqual([durationOfMs(null), durationOfMs(Number.NaN)], ['-', '-']);
});

test('a duration from an hour on has hours and minutes, from two days on days and hours, and never too many', () => {
  says(durationOfMs, [
    [3_599_994, '3,599.99 s'],
    [3_599_999, '3,600.00 s'],
    [3_600_000, '1 h 0 min'],
    [4_271_003, '1 h 11 min'],
    [93_784_000, '26 h 3 min'],
    [172_799_999, '47 h 59 min'],
    [172_800_000, '2 d 0 h'],
    [345_599_960, '3 d 23 h'],
    [-4_271_003, '-1 h 11 min'],
  ]);
});

test('memory is told in units of 1,000, space of a capture in units of 1,024', () => {
  says(megabytes, [
    [9_940_000, '9.94 MB'],
    [53_200_000, '53 MB'],
    [999_400_000, '999 MB'],
    [999_500_000, '1 GB'],
    [1_430_000_000, '1.43 GB'],
  ]);
  says(mebibytes, [
    [512 * 1_048_576, '512 MB'],
    [512 * 1_048_576 - 1, '511 MB'],
    [9.996 * 1_048_576, '9.99 MB'],
  ]);
  says(fileSize, [
    [0, '0 bytes'],
    [1, '1 byte'],
    [1_023, '1,023 bytes'],
    [1_024, '1 kB'],
    [1_048_575, '1,023 kB'],
    [1_048_576, '1 MB'],
  ]);
  assert.equal(microseconds(53_700), '54 µs');
});

test('what changes while one looks keeps its width: decimals, per cent of a column, lines so far', () => {
  assert.deepEqual([decimals(0.3, 3), decimals(11.96, 1), decimals(-2, 6)], ['0.300', '12.0', '-2.000000']);
  says(wholePercent, [
    [null, '-'],
    [0, '0'],
    [41.5, '42'],
    [99.7, '100'],
  ]);
  says(linesSoFar, [
    [613_999, '613 k lines'],
    [999_999, '999 k lines'],
    [1_000_000, '1.0 M lines'],
    [1_873_000, '1.9 M lines'],
  ]);
});

test('a number is rounded to its digits, zeros included', () => {
  assert.deepEqual([significant(1_234, 2), significant(0.06789, 3), significant(7, 3)], [1_200, 0.0679, 7]);
});
