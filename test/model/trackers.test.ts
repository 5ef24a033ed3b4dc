import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Audience, audienceOf, heardBy } from '../../src/model/audience.ts';
import type { FactHandlers } from '../../src/model/fact-bus.ts';
import { PerProcess, PerThread } from '../../src/model/machine/owned-state.ts';
import type { Tracker } from '../../src/model/tracker.ts';
import type { Call } from '../../src/trace/record.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { lane, threadOf } from '../support/model-objects.ts';

describe('what a tracker keeps of a thread', () => {
  it('is apart from what others keep of it, and of other threads', () => {
    // More than an object has room for at first.
    const tables = Array.from({ length: 23 }, () => new PerThread<number>());
    const [first, second] = [threadOf(101), threadOf(103)];
    assert.deepEqual(new Set(tables.map((table) => table.of(first))), new Set([undefined]));
    for (const [index, table] of tables.entries()) table.set(first, index);
    tables[7]?.clear(first);
    const kept = tables.map((table) => table.of(first));
    assert.deepEqual(
      kept,
      Array.from({ length: 23 }, (_, index) => (index === 7 ? undefined : index)),
    );
    assert.deepEqual(new Set(tables.map((table) => table.of(second))), new Set([undefined]));
  });

  it('stays when the thread is heard of again on another lane', () => {
    const table = new PerThread<string>();
    const thread = threadOf(101);
    table.set(thread, 'asked for a lock');
    thread.lane = lane(977, 101);
    assert.equal(table.of(thread), 'asked for a lock');
  });

  it('is not what is kept of its process', () => {
    const [ofThread, ofProcess] = [new PerThread<string>(), new PerProcess<string>()];
    const thread = threadOf(101);
    ofThread.set(thread, 'thread');
    assert.equal(ofProcess.of(thread.process), undefined);
    ofProcess.set(thread.process, 'process');
    assert.equal(ofThread.of(thread), 'thread');
  });
});

describe('an event', () => {
  const told = (count: number): { readonly order: number[]; readonly audience: Audience } => {
    const order: number[] = [];
    const trackers = Array.from({ length: count }, (_, index): Tracker => ({ turnEnding: () => order.push(index) }));
    return { order, audience: audienceOf([{}, ...trackers]) };
  };

  for (const count of [0, 1, 2, 3, 5]) {
    it(`reaches the ${count} who declare to hear of it, in their order, and nobody else`, () => {
      const { order, audience } = told(count);
      audience.turnEnding(threadOf(101), 103, false);
      audience.processEnded(threadOf(103).process);
      assert.deepEqual(
        order,
        Array.from({ length: count }, (_, index) => index),
      );
    });
  }

  it('finds its tracker as itself', () => {
    class Counting implements Tracker {
      count = 0;
      turnEnding(): void {
        this.count++;
      }
    }
    const tracker = new Counting();
    audienceOf([tracker]).turnEnding(threadOf(101), 103, false);
    assert.equal(tracker.count, 1);
  });
});

describe('a call', () => {
  it('is heard of by those who declare its syscall only', () => {
    const heard: string[] = [];
    const listening = (name: string): Tracker => ({
      hears: (called) => (called.name === name ? () => heard.push(name) : undefined),
    });
    const audience = audienceOf([listening('flock'), listening('kill'), listening('flock')]);
    heardBy(audience, syscall('flock'))?.({} as Call, threadOf(101), null);
    assert.deepEqual(heard, ['flock', 'flock']);
    assert.equal(heardBy(audience, syscall('close')), undefined);
  });
});

describe('what a fact shows', () => {
  it('cannot be set by who hears of it: the compiler refuses', () => {
    const handlers: FactHandlers = {
      longTurn({ thread, turn }) {
        // @ts-expect-error
        thread.lastTime = 0;
        // @ts-expect-error
        thread.loop.idle = 0;
        // @ts-expect-error
        thread.process.accepted = 0;
        // @ts-expect-error
        turn.calls = 0;
      },
      requestRead({ request }) {
        // @ts-expect-error
        request.readAt = 0;
      },
      lockWait({ thread, holder }) {
        // @ts-expect-error
        thread.accepts.lastFd = 0;
        // @ts-expect-error
        if (holder !== null) holder.ended = true;
      },
    };
    assert.equal(Object.keys(handlers).length, 3);
  });
});
