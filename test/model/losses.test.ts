import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Losses } from '../../src/model/measuring/losses.ts';
import { MILLISECOND, SECOND, UNKNOWN } from '../../src/trace/time.ts';

describe('events that the tracer lost', () => {
  it('belong to the second before it said so, and to no other time', () => {
    const losses = new Losses();
    losses.add(10 * SECOND, 37);
    assert.equal(losses.total, 37);
    assert.equal(losses.between(10 * SECOND, 11 * SECOND), 37);
    assert.equal(losses.between(10 * SECOND + 1, 11 * SECOND), 0);
    assert.equal(losses.between(3 * SECOND, 9 * SECOND), 37);
    assert.equal(losses.between(3 * SECOND, 9 * SECOND - 1), 0);
  });

  it('may belong to any time where nobody knows when', () => {
    const losses = new Losses();
    losses.add(UNKNOWN, 7);
    losses.add(10 * SECOND, 11);
    assert.deepEqual([losses.total, losses.between(0, SECOND), losses.between(10 * SECOND, 11 * SECOND)], [18, 7, 18]);
  });

  it('in two stretches are told apart, and in one where they are no further apart than 100 ms', () => {
    const losses = new Losses();
    losses.add(20 * SECOND, 3);
    losses.add(20 * SECOND, 0);
    losses.add(20 * SECOND + 100 * MILLISECOND, 5);
    losses.add(20 * SECOND + 201 * MILLISECOND, 11);
    // The first two are one: both are lost for whoever asks about the end of it.
    assert.equal(losses.between(20 * SECOND + 50 * MILLISECOND, 20 * SECOND + 60 * MILLISECOND), 3 + 5 + 11);
    assert.equal(losses.between(20 * SECOND + 101 * MILLISECOND, 30 * SECOND), 11);
    // Another file of the same capture begins earlier.
    losses.add(5 * SECOND, 13);
    assert.equal(losses.between(0, 6 * SECOND), 13);
    assert.equal(losses.between(20 * SECOND, 30 * SECOND), 3 + 5 + 11);
  });

  it('in more than 1,000 stretches are counted with the last one: none is forgotten', () => {
    const losses = new Losses();
    for (let second = 0; second < 1_003; second++) losses.add(10 * second * SECOND, 1);
    assert.equal(losses.total, 1_003);
    assert.equal(losses.between(0, 20_000 * SECOND), 1_003);
    assert.equal(losses.between(9_990 * SECOND, 20_000 * SECOND), 4);
    assert.equal(losses.between(9_980 * SECOND, 9_980 * SECOND), 1);
    assert.equal(losses.between(10_019 * SECOND, 10_019 * SECOND), 4);
  });
});
