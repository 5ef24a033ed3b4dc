import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heldAtEnd, isHeld } from '../../src/model/at-end/held.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import type { Model } from '../../src/model/model.ts';
import { threadOf } from '../support/model-objects.ts';

const line = { file: 'trace', line: 1, text: '' };
const END = 1000;

/** A thread that did something last at `last`, and was stopped at `since`. */
function stopped(tid: number, since: number, last = since): Thread {
  const thread = threadOf(tid);
  thread.lastTime = last;
  thread.stop = { signal: 'SIGSTOP', sender: 0, since, line };
  return thread;
}

const told = (...threads: readonly Thread[]) =>
  heldAtEnd({ processes: { threads: () => threads }, lastTime: END } as unknown as Model).map(
    ({ process, lasted, signal, by, beganBefore }) => [process.pid, lasted, signal, by, beganBefore],
  );

describe('the processes that are held at the end', () => {
  it('are in the order of time, and of their numbers where they were stopped together', () => {
    const all = [stopped(107, 900), stopped(105, 100), stopped(103, 900), stopped(101, 500)];
    assert.deepEqual(
      told(...all).map(([pid, lasted]) => [pid, lasted]),
      [
        [105, 900],
        [101, 500],
        [103, 100],
        [107, 100],
      ],
    );
  });

  it('have the sender of the signal where it came in the capture, and else may have been held before', () => {
    const sent = stopped(101, 900);
    sent.process.stopSent = { signal: 'SIGSTOP', sender: 4711 };
    assert.deepEqual(told(sent, stopped(103, 900)), [
      [101, 100, 'SIGSTOP', 4711, false],
      [103, 100, 'SIGSTOP', 0, true],
    ]);
  });

  it('are none that went on, did something since, or ended', () => {
    const on = stopped(101, 900);
    on.continued = line;
    const ended = Object.assign(stopped(105, 900), { ended: true });
    const all = [on, stopped(103, 900, 901), ended, threadOf(107)];
    assert.deepEqual([told(...all), all.map(isHeld)], [[], [false, false, false, false]]);
    assert.equal(isHeld(stopped(109, 900)), true);
  });
});
