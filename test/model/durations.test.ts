import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Durations } from '../../src/model/machine/durations.ts';
import { MICROSECOND } from '../../src/trace/time.ts';

function durationsOf(lengths: readonly number[]): Durations {
  const durations = new Durations();
  for (const length of lengths) durations.took(length);
  return durations;
}

describe('the lengths of many calls', () => {
  it('have a percentile that is at most an eighth above the exact one, and 1 us below it', () => {
    // 997 lengths from 1 us to 17 minutes, as many in each octave.
    const lengths = Array.from({ length: 997 }, (_, index) => Math.round(1_013 * 2 ** ((30 * index) / 997)));
    const durations = durationsOf(lengths.toSorted((a, b) => Math.sin(a) - Math.sin(b)));
    for (const share of [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1]) {
      const exact = lengths[Math.ceil(share * lengths.length) - 1] ?? Number.NaN;
      const told = durations.percentile(share) ?? Number.NaN;
      assert.ok(told >= exact - MICROSECOND && told <= exact * 1.125 + MICROSECOND, `${share}: ${told} for ${exact}`);
    }
    assert.equal(durations.percentile(1), lengths.at(-1));
    assert.equal(durations.timed, 997);
    assert.equal(durations.longest, lengths.at(-1));
  });

  it('have a percentile within 1 us where they are shorter than 8 us', () => {
    const durations = durationsOf([500, 1_500, 2_500, 3_500, 4_500, 5_500, 6_500, 7_500]);
    for (const share of [1, 2, 3, 4, 5, 6, 7, 8].map((rank) => rank / 8)) {
      const told = durations.percentile(share) ?? Number.NaN;
      assert.ok(Math.abs(told - (8_000 * share - 500)) <= MICROSECOND, `${share}: ${told}`);
    }
  });

  it('have the longest as their percentile where they took hours', () => {
    const minute = 60_000_000 * MICROSECOND;
    const durations = durationsOf([40 * minute, 41 * minute, 300 * minute]);
    assert.equal(durations.percentile(0.99), 300 * minute);
  });

  it('have none where nothing was timed', () => {
    assert.equal(new Durations().percentile(0.99), null);
    assert.deepEqual(new Durations().octaves(), []);
  });

  it('are counted by powers of two of a microsecond', () => {
    const lengths = [0, 999, 1_000, 1_999, 2_000, 3_999, 4_000, 7_999, 8_000, 15_999, 16_000, 31_999, 1_048_576_000];
    // 1,048,576 us are 2 to the power of 20.
    const expected = [2, 2, 2, 2, 2, 2, ...Array.from({ length: 15 }, () => 0), 1];
    assert.deepEqual(durationsOf(lengths).octaves(), expected);
  });
});
