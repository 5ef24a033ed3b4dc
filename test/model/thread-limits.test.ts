import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Thread } from '../../src/model/machine/thread.ts';
import { leastServedFirst, silentFirst } from '../../src/model/machine/thread-limits.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

interface Kept {
  readonly lastTime: number;
  readonly ended?: boolean;
  readonly accepted?: number;
  readonly requests?: number;
  readonly turns?: number;
  readonly longestMs?: number;
  readonly forks?: number;
}

/** A thread of a process of its own, by its number. */
function thread(tid: number, kept: Kept): Thread {
  const made = threadOf(tid);
  made.lastTime = kept.lastTime;
  made.ended = kept.ended ?? false;
  made.accepts.acceptedTotal = kept.accepted ?? 0;
  made.process.requests = kept.requests ?? 0;
  made.process.forks = kept.forks ?? 0;
  made.loop.turns = kept.turns ?? 0;
  made.loop.longestTurn = (kept.longestMs ?? 0) * MILLISECOND;
  return made;
}

const tids = (threads: readonly Thread[]): number[] => threads.map(({ tid }) => tid);

describe('where there are more threads than are kept', () => {
  it('a quarter of the living ones goes: first who never served, then masters, then workers; the silent first', () => {
    const all = [
      thread(1, { lastTime: 1, turns: 3 }),
      thread(2, { lastTime: 9 }),
      thread(3, { lastTime: 5, forks: 2 }),
      thread(4, { lastTime: 7 }),
      thread(5, { lastTime: 2, ended: true }),
      thread(6, { lastTime: 8, turns: 1 }),
      thread(7, { lastTime: 3, forks: 1 }),
    ];
    assert.deepEqual(tids(silentFirst(all)), [4, 2]);
    const workers = all.filter(({ tid }) => ![2, 4].includes(tid));
    assert.deepEqual(tids(silentFirst(workers)), [7]);
    assert.deepEqual(tids(silentFirst(workers.filter(({ tid }) => ![3, 7].includes(tid)))), [1]);
  });

  it('half of the ended ones goes: who served least, the one that ended first of two alike', () => {
    const ended = { ended: true };
    const all = [
      thread(1, { ...ended, lastTime: 9, turns: 3 }),
      thread(2, { ...ended, lastTime: 8, turns: 3 }),
      thread(3, { lastTime: 1 }),
      thread(4, { ...ended, lastTime: 1, accepted: 1 }),
      thread(5, { ...ended, lastTime: 2, requests: 2 }),
      thread(6, { ...ended, lastTime: 3, longestMs: 7 }),
    ];
    assert.deepEqual(tids(leastServedFirst(all)), [2, 1, 4]);
  });

  it('an accepted client weighs as much as four turns, and a long turn as one for each millisecond', () => {
    const order = (one: Omit<Kept, 'lastTime'>, other: Omit<Kept, 'lastTime'>): number[] =>
      tids(
        leastServedFirst([
          thread(1, { ended: true, lastTime: 1, ...one }),
          thread(2, { ended: true, lastTime: 2, ...other }),
        ]),
      );
    assert.deepEqual(order({ accepted: 1 }, { turns: 3 }), [2]);
    assert.deepEqual(order({ accepted: 1 }, { turns: 5 }), [1]);
    assert.deepEqual(order({ requests: 1 }, { longestMs: 3 }), [2]);
    assert.deepEqual(order({ requests: 1 }, { longestMs: 5 }), [1]);
    assert.deepEqual(order({ accepted: 1, turns: 2 }, { requests: 1, longestMs: 1 }), [2]);
  });
});
