import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedWait } from '../../src/model/machine/shared-wait.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

/** Two threads that take turns at one epoll instance; stretches of 500 ms and more count. */
class Pair {
  readonly first: Thread = threadOf(101);
  readonly second: Thread = threadOf(103);
  readonly shared = new SharedWait(this.first, 500 * MILLISECOND);

  constructor() {
    this.shared.join(this.first);
    this.shared.join(this.second);
  }

  /** One of them waited at the instance, from one millisecond to another. */
  looks(from: number, to: number): this {
    this.shared.looked(from * MILLISECOND, to * MILLISECOND);
    return this;
  }

  lookedBefore(from: number, to: number): this {
    this.shared.lookedBefore(from * MILLISECOND, to * MILLISECOND);
    return this;
  }

  /** A thread was neither there nor parked. */
  works(thread: Thread, from: number, to: number): this {
    const [start, end] = [from * MILLISECOND, to * MILLISECOND];
    this.shared.absent({ thread, turn: thread.loop.turn, start, end, open: false });
    return this;
  }

  /** Everybody was heard of up to then. */
  heardOf(ms: number): this {
    for (const thread of [this.first, this.second]) thread.lastTime = ms * MILLISECOND;
    return this;
  }

  judged(isLast = false): (readonly [tid: number, from: number, to: number])[] {
    return [...this.shared.judged(isLast)].map(
      ({ absence, start, end }) => [absence.thread.tid, start / MILLISECOND, end / MILLISECOND] as const,
    );
  }
}

describe('threads that share a wait are away', () => {
  it('while none of them waits and one is at work, for as long as both are true', () => {
    const pair = new Pair().looks(0, 100).looks(1_000, 1_100);
    pair.works(pair.first, 200, 900).heardOf(1_100);
    assert.equal(pair.shared.hasOpen, true);
    assert.deepEqual(pair.judged(), [[101, 200, 900]]);
    assert.equal(pair.shared.longest, 700 * MILLISECOND);
    assert.equal(pair.shared.hasOpen, false);
  });

  it('from 500 ms on, of the stretch and of the work in it', () => {
    assert.deepEqual(new Pair().looks(0, 100).looks(599.999, 700).heardOf(700).judged(), []);
    const stretch = (from: number, to: number): unknown => {
      const pair = new Pair().looks(0, 100).looks(1_000, 1_100);
      return pair.works(pair.first, from, to).heardOf(1_100).judged();
    };
    assert.deepEqual(stretch(50, 599), []);
    assert.deepEqual(stretch(50, 600), [[101, 100, 600]]);
    assert.deepEqual(stretch(501, 1_050), []);
    assert.deepEqual(stretch(500, 1_050), [[101, 500, 1_000]]);
  });

  it('not while another one waits, also where that look began earlier and ended later', () => {
    const pair = new Pair().looks(0, 100).looks(1_000, 1_100).looks(150, 1_200);
    pair.works(pair.first, 100, 1_000).heardOf(1_200);
    assert.deepEqual(pair.judged(), []);
    const late = new Pair().looks(0, 100).looks(2_000, 2_100).looks(900, 2_200);
    assert.deepEqual(late.works(late.first, 100, 2_000).heardOf(2_200).judged(), [[101, 100, 900]]);
  });

  it('as the thread that was at work for longest, the first of two alike', () => {
    const pair = new Pair().looks(0, 100).looks(2_000, 2_100);
    pair.works(pair.first, 100, 800).works(pair.second, 900, 1_700).works(pair.first, 1_000, 1_800).heardOf(2_100);
    assert.deepEqual(pair.judged(), [[103, 900, 1_700]]);
  });

  it('which is judged when all were heard of behind it, and none is in a turn that began in it', () => {
    const pair = new Pair().looks(0, 100).looks(1_000, 1_100);
    pair.works(pair.first, 100, 1_000).heardOf(1_000);
    pair.second.lastTime = 999 * MILLISECOND;
    assert.deepEqual(pair.judged(), []);
    pair.second.lastTime = 1_000 * MILLISECOND;
    pair.second.loop.inTurn = true;
    pair.second.loop.turn.start = 999 * MILLISECOND;
    assert.deepEqual(pair.judged(), []);
    pair.second.loop.turn.start = 1_000 * MILLISECOND;
    assert.deepEqual(pair.judged(), [[101, 100, 1_000]]);
  });

  it('which nobody who has ended can still change', () => {
    const pair = new Pair().looks(0, 100).looks(1_000, 1_100);
    pair.works(pair.first, 100, 1_000).heardOf(1_000);
    pair.second.lastTime = 0;
    pair.second.ended = true;
    assert.deepEqual(pair.judged(), [[101, 100, 1_000]]);
  });

  it('to the end of the capture where no look follows', () => {
    const pair = new Pair().looks(0, 100);
    pair.works(pair.first, 100, 2_000);
    pair.shared.finish(600 * MILLISECOND);
    assert.deepEqual(pair.judged(true), [[101, 100, 600]]);
    const short = new Pair().looks(0, 100);
    short.works(short.first, 100, 2_000).shared.finish(599 * MILLISECOND);
    assert.deepEqual(short.judged(true), []);
  });

  it('in several stretches, each with its own work', () => {
    const pair = new Pair().looks(0, 100).looks(1_000, 1_100).looks(3_000, 3_100);
    pair.works(pair.first, 100, 1_000).works(pair.second, 1_200, 2_900).heardOf(3_100);
    assert.deepEqual(pair.judged(), [
      [101, 100, 1_000],
      [103, 1_200, 2_900],
    ]);
    assert.equal(pair.shared.longest, 1_700 * MILLISECOND);
  });

  it('which is judged with what is known where more than 64 of them wait to be judged', () => {
    const pair = new Pair().looks(0, 100);
    for (let second = 1; second <= 65; second++) pair.looks(second * 1_000, second * 1_000 + 100);
    pair.works(pair.first, 100, 1_000);
    assert.deepEqual(pair.judged(), [[101, 100, 1_000]]);
    for (let second = 1; second <= 64; second++) pair.works(pair.second, second * 1_000 + 100, second * 1_000 + 900);
    assert.deepEqual(pair.heardOf(66_000).judged().length, 64);
  });
});

describe('a thread that joins later', () => {
  it('had waited meanwhile: that part of the stretch is taken out', () => {
    const told = (from: number, to: number): unknown => {
      const pair = new Pair().looks(0, 100).looks(3_000, 3_100).lookedBefore(from, to);
      return pair.works(pair.first, 0, 3_000).heardOf(3_100).judged();
    };
    assert.deepEqual(told(1_000, 2_000), [
      [101, 100, 1_000],
      [101, 2_000, 3_000],
    ]);
    assert.deepEqual(told(50, 2_000), [[101, 2_000, 3_000]]);
    assert.deepEqual(told(1_000, 3_050), [[101, 100, 1_000]]);
    assert.deepEqual(told(100, 3_000), []);
    assert.deepEqual(told(0, 90), [[101, 100, 3_000]]);
  });

  it('was the first to look, or the last', () => {
    const only = new Pair().lookedBefore(0, 100).looks(1_000, 1_100);
    assert.deepEqual(only.works(only.first, 0, 1_000).heardOf(1_100).judged(), [[101, 100, 1_000]]);
    const last = new Pair().looks(0, 100).lookedBefore(1_000, 1_400).looks(1_900, 2_000);
    last.works(last.first, 0, 1_000).works(last.first, 1_400, 1_900).heardOf(2_000);
    assert.deepEqual(last.judged(), [
      [101, 100, 1_000],
      [101, 1_400, 1_900],
    ]);
  });
});

describe('the time in which at least one of them waited', () => {
  const attended = (...looks: readonly (readonly [number, number])[]): number => {
    const pair = new Pair();
    for (const [from, to] of looks) pair.looks(from, to);
    return pair.shared.attended / MILLISECOND;
  };

  it('is that of each look, and overlaps count once', () => {
    assert.equal(attended([0, 100], [300, 500]), 300);
    assert.equal(attended([0, 100], [50, 200]), 200);
    assert.equal(attended([0, 100], [100, 200]), 200);
  });

  it('fills the gaps that a long look goes through, and no more', () => {
    // Of 100 to 200 and 300 to 400 nobody knew by then.
    assert.equal(attended([0, 100], [200, 300], [400, 500], [150, 600]), 550);
    assert.equal(attended([0, 100], [200, 300], [400, 500], [350, 600], [250, 700]), 600);
    assert.equal(attended([0, 100], [200, 300], [50, 350], [60, 400]), 400);
  });

  it('has no glance in it', () => {
    assert.equal(attended([0, 100], [200, 200.999], [300, 301]), 101);
  });

  it('begins with the first look', () => {
    assert.equal(new Pair().looks(7, 100).looks(200, 300).shared.first, 7 * MILLISECOND);
  });
});
