import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Calibration } from '../../src/model/measuring/calibration.ts';
import { callOf } from '../support/model-objects.ts';

/** Calls of getpid, so many of each length, each after a gap of that length (both in microseconds). */
function calibrated(lengths: readonly (readonly [times: number, us: number, gapUs: number])[], stacks = false) {
  const calibration = new Calibration();
  if (stacks) calibration.unwinds();
  for (const [times, us, gapUs] of lengths)
    for (let time = 0; time < times; time++) calibration.add(callOf('getpid', 0, us * 1_000), gapUs * 1_000);
  return calibration;
}

describe('what the tracer costs each call', () => {
  it('is the time of calls that do nothing, and of the shortest gaps, to the microsecond', () => {
    assert.equal(calibrated([[100, 23, 7]]).floor, 30_000);
    // One in five calls, and one in twenty gaps, is as short as that.
    assert.equal(
      calibrated([
        [80, 40, 30],
        [15, 9, 30],
        [5, 9, 11],
      ]).floor,
      20_000,
    );
    assert.equal(
      calibrated([
        [81, 40, 30],
        [15, 9, 30],
        [4, 9, 11],
      ]).floor,
      70_000,
    );
  });

  it('is not told by fewer than 100 of them', () => {
    assert.equal(calibrated([[99, 23, 7]]).floor, 0);
  });

  it('is told by no call that may wait, and by no gap of 50 us and more', () => {
    const calibration = new Calibration();
    for (let time = 0; time < 100; time++) calibration.add(callOf('read', 0, 23_000), 50_000);
    assert.equal(calibration.floor, 0);
  });

  it('is what it takes to unwind a stack between two calls, where the capture has stacks', () => {
    assert.equal(calibrated([[100, 23, 7_300]], true).floor, 23_000 + 7_300_000);
    // Of a gap of 20 ms and more that is only a part.
    assert.equal(calibrated([[100, 23, 20_000]], true).floor, 23_000);
    assert.equal(
      calibrated(
        [
          [99, 23, 7_300],
          [1, 23, 0],
        ],
        true,
      ).floor,
      23_000,
    );
  });

  it('says that the tracer waited for a processor where half of them take over five times their floor', () => {
    assert.equal(
      calibrated([
        [20, 3, 7],
        [80, 16, 7],
      ]).contended,
      true,
    );
    assert.equal(
      calibrated([
        [20, 3, 7],
        [80, 15, 7],
      ]).contended,
      false,
    );
    assert.equal(
      calibrated([
        [51, 3, 7],
        [49, 45, 7],
      ]).contended,
      false,
    );
    assert.equal(
      calibrated([
        [19, 3, 7],
        [80, 16, 7],
      ]).contended,
      false,
    );
  });
});
