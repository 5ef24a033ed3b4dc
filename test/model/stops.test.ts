import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endStop, noteStop } from '../../src/model/following/stops.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import type { Signal } from '../../src/trace/record.ts';
import { lane, threadOf } from '../support/model-objects.ts';

/** A line of strace about a signal: that it came from `pid`, or (`stops`) that the thread stopped. */
function signal(name: string, time: number, parts: { readonly pid?: number; readonly stops?: boolean } = {}): Signal {
  const { pid, stops = false } = parts;
  const info = pid === undefined ? '' : `si_signo=${name}, si_code=SI_USER, si_pid=${pid}, si_uid=0`;
  return {
    kind: 'signal',
    lane: lane(0, 101),
    time,
    signal: name,
    info,
    ...(stops ? { stops } : {}),
    file: 'trace',
    line: time,
    text: '',
  };
}

describe('a thread that a signal stops', () => {
  const stopAfter = (...signals: readonly Signal[]) => {
    const thread = threadOf(101);
    for (const each of signals) noteStop(thread, each);
    const { stop } = thread;
    return stop === null ? null : [stop.signal, stop.sender, stop.since];
  };
  const stops = { stops: true };
  const continuedAt = ({ continued }: Thread): number | undefined => continued?.line;

  it('has the sender of that signal, and none where nobody was seen to send it', () => {
    assert.deepEqual(stopAfter(signal('SIGTSTP', 100, { pid: 4711 }), signal('SIGTSTP', 101, stops)), [
      'SIGTSTP',
      4711,
      101,
    ]);
    assert.deepEqual(stopAfter(signal('SIGTSTP', 101, stops)), ['SIGTSTP', 0, 101]);
    assert.deepEqual(stopAfter(signal('SIGTTIN', 100, { pid: 4711 }), signal('SIGTSTP', 101, stops)), [
      'SIGTSTP',
      0,
      101,
    ]);
  });

  it('is stopped by SIGSTOP at once, and by others when it says so', () => {
    assert.deepEqual(stopAfter(signal('SIGSTOP', 100, { pid: 4711 })), ['SIGSTOP', 4711, 100]);
    for (const name of ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'])
      assert.equal(stopAfter(signal(name, 100, { pid: 4711 })), null, name);
    assert.equal(stopAfter(signal('SIGTERM', 100, { pid: 4711 }), signal('SIGTERM', 101, stops)), null);
  });

  it('stays stopped since the first of several', () => {
    assert.deepEqual(stopAfter(signal('SIGSTOP', 100, { pid: 4711 }), signal('SIGSTOP', 101, stops)), [
      'SIGSTOP',
      4711,
      100,
    ]);
  });

  it('is told with the signal that let it go on, which is forgotten with the stop', () => {
    const thread = threadOf(101);
    noteStop(thread, signal('SIGCONT', 50));
    assert.equal(continuedAt(thread), undefined);
    noteStop(thread, signal('SIGSTOP', 100, { pid: 4711 }));
    noteStop(thread, signal('SIGCONT', 200));
    assert.equal(continuedAt(thread), 200);
    endStop(thread, 201);
    assert.deepEqual([thread.stop, thread.continued], [null, null]);
  });
});
