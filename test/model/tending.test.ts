import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Listener } from '../../src/model/machine/listener.ts';
import { Tending } from '../../src/model/machine/tending.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';

const LISTENER = {} as Listener;
const line = (number: number) => ({ file: 'trace', line: number, text: '' });

describe('connections that had queued up when a worker began to look after its listener', () => {
  /** Accepts, each with its length and the time that its worker had waited in its hub by then, in milliseconds. */
  function taken(idleBefore: number, ...accepts: readonly (readonly [ms: number, idle: number])[]) {
    const tending = new Tending();
    tending.begins(LISTENER, 7, idleBefore * MILLISECOND);
    const stretch = tending.of(LISTENER);
    for (const [index, [ms, idle]] of accepts.entries())
      stretch?.took({ file: 'trace', line: index + 1, text: '', duration: ms * MILLISECOND }, idle * MILLISECOND);
    return [stretch?.taken, stretch?.takenLine.line];
  }

  it('are those that it takes without a wait, and the first of them is the evidence', () => {
    assert.deepEqual(taken(0, [0.02, 0], [0.02, 1], [0.02, 1.999]), [3, 1]);
  });

  it('end with an accept, or a wait before one, of 2 ms and more', () => {
    assert.deepEqual(taken(0, [0.02, 0], [2, 0], [0.02, 0]), [1, 1]);
    assert.deepEqual(taken(0, [0.02, 0], [1.999, 0], [0.02, 0]), [3, 1]);
    assert.deepEqual(taken(0, [0.02, 0], [0.02, 2], [0.02, 2]), [1, 1]);
    assert.deepEqual(taken(0, [5, 0], [0.02, 0]), [0, 0]);
  });

  it('are counted from there on, however long it had waited for something else before', () => {
    assert.deepEqual(taken(700, [0.02, 700], [0.02, 701.999]), [2, 1]);
    assert.deepEqual(taken(700, [0.02, 700], [0.02, 702]), [1, 1]);
  });
});

describe('the time in which a worker looks after a listener', () => {
  it('begins with the first sign of it, whatever order the lines are in, and is told where it ends', () => {
    const tending = new Tending();
    tending.begins(LISTENER, 50, 0);
    tending.begins(LISTENER, 70, 0);
    assert.equal(tending.of(LISTENER)?.from, 50);
    tending.begins(LISTENER, 30, 0);
    assert.equal(tending.of(LISTENER)?.from, 30);
    assert.equal(tending.of(LISTENER)?.until, UNKNOWN);
    tending.leaves(LISTENER, 110, line(7));
    tending.leaves(LISTENER, 130, line(9));
    const { until, untilLine } = tending.of(LISTENER) ?? {};
    assert.deepEqual([until, untilLine?.line], [110, 7]);
    tending.begins(LISTENER, 170, 0);
    assert.equal(tending.of(LISTENER)?.until, UNKNOWN);
  });

  it('is kept of 1,024 listeners', () => {
    const tending = new Tending();
    const listeners = Array.from({ length: 1_025 }, () => ({}) as Listener);
    for (const listener of listeners) tending.begins(listener, 7, 0);
    assert.deepEqual(
      [0, 1_023, 1_024].map((index) => tending.of(listeners[index] as Listener)?.from),
      [7, 7, undefined],
    );
  });
});
