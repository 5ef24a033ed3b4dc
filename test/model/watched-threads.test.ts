import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import { Clientele } from '../../src/model/machine/clientele.ts';
import type { Connection } from '../../src/model/machine/connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { WatchTracker } from '../../src/model/measuring/watch-tracker.ts';
import type { Noted, Watched } from '../../src/trace/record.ts';
import { MILLISECOND, SECOND } from '../../src/trace/time.ts';
import { lane, threadOf } from '../support/model-objects.ts';

function second(at: number, counts: Partial<Watched>): Watched {
  const none = { accepted: 0, empty: 0, waits: 0, timeouts: 0, wakeUps: 0, ...counts };
  return {
    kind: 'watched',
    lane: lane(0, 101),
    time: at * SECOND,
    ...none,
    file: 'trace',
    line: at,
    text: '',
  } as Watched;
}

function noted(parts: Partial<Noted>): Noted {
  const none = { time: 0, length: 0, call: '', error: '' };
  return { kind: 'noted', lane: lane(0, 101), ...none, file: 'trace', line: 1, text: '', ...parts } as Noted;
}

describe('what was counted in the kernel', () => {
  it('is summed up for each thread, from the first second to the last', () => {
    const [tracker, thread, other] = [new WatchTracker(), threadOf(101), threadOf(103)];
    assert.equal(tracker.isActive, false);
    tracker.add(second(5, { accepted: 3, empty: 2, waits: 7, timeouts: 1, wakeUps: 11 }), thread);
    tracker.add(second(4, { accepted: 5, waits: 2, wakeUps: 1 }), thread);
    tracker.add(second(6, { waits: 1, wakeUps: 1 }), other);
    assert.deepEqual(tracker.threads.get(thread), { accepted: 8, empty: 2, turns: 10, silent: 2 });
    assert.deepEqual([thread.process.accepted, other.process.accepted], [8, 0]);
    assert.deepEqual([tracker.first, tracker.last, tracker.isActive], [4 * SECOND, 6 * SECOND, true]);
    assert.deepEqual(
      tracker.lines.map(({ line }) => line),
      [5],
    );
  });

  it('has the first six seconds in which somebody found nothing to accept as evidence', () => {
    const [tracker, thread] = [new WatchTracker(), threadOf(101)];
    for (let at = 1; at <= 9; at++) tracker.add(second(at, { empty: at === 2 ? 0 : 1 }), thread);
    assert.deepEqual(
      tracker.lines.map(({ line }) => line),
      [1, 3, 4, 5, 6, 7],
    );
  });

  it('has the 200 longest turns of a thread, and the sum of all', () => {
    const [tracker, thread] = [new WatchTracker(), threadOf(101)];
    for (let index = 0; index < 203; index++)
      tracker.note(noted({ time: index, length: (1 + ((index * 11) % 203)) * MILLISECOND }), thread);
    const turns = tracker.turns.get(thread);
    assert.deepEqual(
      [turns?.count, (turns?.total ?? 0) / MILLISECOND, turns?.longest.length],
      [203, (203 * 204) / 2, 200],
    );
    assert.equal(Math.min(...(turns?.longest ?? []).map(({ length }) => length)) / MILLISECOND, 4);
    assert.equal(tracker.isActive, true);
  });

  it('has the first 200 failed writes, and counts all', () => {
    const [tracker, thread] = [new WatchTracker(), threadOf(101)];
    for (let index = 0; index < 203; index++)
      tracker.note(noted({ time: index, call: 'write', error: 'EPIPE' }), thread);
    assert.deepEqual([tracker.failed, tracker.writes.length, tracker.writes.at(-1)?.at], [203, 200, 199]);
    assert.deepEqual([tracker.writes[0]?.pid, tracker.writes[0]?.error, tracker.isActive], [101, 'EPIPE', true]);
    assert.equal(tracker.turns.size, 0);
  });

  it('goes with its thread', () => {
    const [tracker, thread] = [new WatchTracker(), threadOf(101)];
    tracker.add(second(5, { accepted: 3 }), thread);
    tracker.note(noted({ length: 7 }), thread);
    tracker.threadLetGo(thread);
    assert.deepEqual([tracker.threads.size, tracker.turns.size], [0, 0]);
  });
});

describe('whom a process serves that accepts nobody', () => {
  const socket = (): Descriptor => new Descriptor('socket', '', false);
  const accepted = (by: Thread): Connection => foundConnection(new Descriptor('connection', '', true), 11, by, 0, 1);

  it('is the one client that it got by its fork, until it serves another one', () => {
    const [clientele, master] = [new Clientele(), threadOf(100)];
    const first = accepted(master);
    assert.deepEqual([clientele.from, clientele.isSeveral], [null, false]);
    for (let time = 0; time < 2; time++) clientele.serves(first);
    assert.deepEqual([clientele.from, clientele.isSeveral], [master.process, false]);
    clientele.serves(accepted(master));
    assert.equal(clientele.isSeveral, true);
  });

  it('is known after its end, and another client then is a second one', () => {
    const [clientele, master] = [new Clientele(), threadOf(100)];
    clientele.serves(accepted(master));
    clientele.end();
    assert.deepEqual([clientele.from, clientele.isSeveral], [master.process, false]);
    clientele.serves(accepted(master));
    assert.equal(clientele.isSeveral, true);
  });

  it('is one socket of unknown origin while nothing comes on another one', () => {
    const [clientele, first] = [new Clientele(), socket()];
    assert.equal(clientele.talksOnOne, false);
    for (let time = 0; time < 2; time++) clientele.hears(first);
    assert.equal(clientele.talksOnOne, true);
    clientele.hears(socket());
    assert.equal(clientele.talksOnOne, false);
  });

  it('is that of both where two processes turn out to be one, and nobody where that one had accepted it', () => {
    const [master, worker] = [threadOf(100), threadOf(101)];
    const both = (own: readonly Connection[], others: readonly Connection[]): Clientele => {
      const [one, other] = [new Clientele(), new Clientele()];
      for (const connection of own) one.serves(connection);
      for (const connection of others) other.serves(connection);
      one.absorb(other, worker.process);
      return one;
    };
    const [first, second] = [accepted(master), accepted(master)];
    assert.deepEqual([both([], [first]).from, both([], [first]).isSeveral], [master.process, false]);
    assert.equal(both([first], [first]).isSeveral, false);
    assert.equal(both([first], [second]).isSeveral, true);
    assert.equal(both([], [first, second]).isSeveral, true);
    assert.equal(both([accepted(worker)], []).from, null);
    const [one, other, heard] = [new Clientele(), new Clientele(), socket()];
    other.hears(heard);
    one.absorb(other, worker.process);
    assert.equal(one.talksOnOne, true);
    other.hears(socket());
    one.absorb(other, worker.process);
    assert.equal(one.talksOnOne, false);
  });
});
