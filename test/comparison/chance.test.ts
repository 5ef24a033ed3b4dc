import assert from 'node:assert/strict';
import test from 'node:test';
import { chanceOfAtLeast, chanceOfAtMost } from '../../src/comparison/chance.ts';

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= Math.max(1e-9, Math.abs(expected) * 1e-3), `${actual}, not ${expected}`);
}

test('tails of the binomial distribution are those of its tables', () => {
  near(chanceOfAtMost(2, 10, 0.5), 56 / 1024);
  near(chanceOfAtMost(0, 7, 0.5), 1 / 128);
  near(chanceOfAtLeast(7, 7, 0.5), 1 / 128);
  near(chanceOfAtMost(3, 20, 0.25), 0.225156);
  near(chanceOfAtLeast(9, 10, 0.8), 0.3758096);
  near(chanceOfAtMost(5, 5, 0.3), 1);
});

test('of many events the normal distribution gives the same', () => {
  // Exact values of the sums, computed with 50 digits.
  assert.ok(Math.abs(chanceOfAtMost(980, 2_000, 0.5) - 0.1917) < 0.001);
  assert.ok(Math.abs(chanceOfAtMost(1_225, 2_500, 0.5) - 0.1635) < 0.001);
  assert.ok(chanceOfAtMost(1_000, 4_000_000, 0.5) < 1e-12);
});

test('a part of nothing, of everything, and no events decide nothing', () => {
  assert.equal(chanceOfAtMost(0, 0, 0.5), 1);
  assert.equal(chanceOfAtMost(0, 3, 0), 1);
  assert.equal(chanceOfAtMost(0, 3, 1), 0);
});
