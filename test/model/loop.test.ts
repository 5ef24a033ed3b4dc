import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import type { Request } from '../../src/model/machine/connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import type { Loop } from '../../src/model/machine/loop.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

/** A loop, and requests that it works for; all times are milliseconds. */
class Worker {
  readonly thread: Thread = threadOf(101);
  readonly loop: Loop = this.thread.loop;
  #fd = 11;

  /** A client that was accepted, and its request read, at `ms`. */
  request(ms: number): Request {
    const connection = foundConnection(
      new Descriptor('connection', '', true),
      this.#fd++,
      this.thread,
      ms * MILLISECOND,
      1,
    );
    connection.request.readAt = ms * MILLISECOND;
    connection.request.lastReadAt = ms * MILLISECOND;
    return connection.request;
  }

  /** It waited from one moment to another, which begins a turn. */
  waits(from: number, to: number, isTimed = true): this {
    if (this.loop.inTurn) this.loop.endTurn(from * MILLISECOND);
    const call = callOf('epoll_wait', from * MILLISECOND, to * MILLISECOND);
    if (isTimed) this.loop.idle += call.duration;
    this.loop.beginTurn(isTimed ? call : { ...call, duration: UNKNOWN });
    return this;
  }

  /** From `ms` on it works for that request: it has just read it (`fresh`), or begins its reply (`replies`). */
  works(request: Request, ms: number, { fresh = false, replies = false, since = ms } = {}): this {
    this.loop.attribute(request, fresh, replies, since * MILLISECOND, ms * MILLISECOND);
    return this;
  }

  blame(request: Request, ms: number): Readonly<Record<string, number | null>> {
    const { own, waiting, behind, longest } = this.loop.blame(request, ms * MILLISECOND);
    const length = longest === null ? null : (longest.end - longest.start) / MILLISECOND;
    return { own: own / MILLISECOND, waiting: waiting / MILLISECOND, behind: behind / MILLISECOND, longest: length };
  }
}

describe('what the time of a request went to', () => {
  it('is itself, waiting, and the work for another one that came before it', () => {
    const worker = new Worker().waits(0, 100);
    const first = worker.request(100);
    worker.works(first, 100, { fresh: true });
    const second = worker.request(110);
    worker.works(second, 110, { fresh: true }).works(first, 120).waits(420, 500).works(second, 500).waits(530, 600);
    assert.deepEqual(worker.blame(second, 600), { own: 40, waiting: 150, behind: 300, longest: 300 });
    assert.deepEqual(worker.blame(first, 420), { own: 310, waiting: 150, behind: 0, longest: 30 });
  });

  it('is that of a span that is still running as well', () => {
    const worker = new Worker().waits(0, 100);
    const [first, second] = [worker.request(100), worker.request(100)];
    worker.works(first, 100, { fresh: true });
    assert.deepEqual(worker.blame(first, 170), { own: 70, waiting: 0, behind: 0, longest: null });
    assert.deepEqual(worker.blame(second, 170), { own: 0, waiting: 0, behind: 70, longest: 70 });
    // A span of less than 5 ms is nobody's fault.
    assert.equal(worker.blame(second, 104.999)['longest'], null);
    assert.equal(worker.blame(second, 105)['longest'], 5);
  });

  it('names the longest of the last 64 spans of 5 ms and more', () => {
    const worker = new Worker().waits(0, 10);
    const [victim, other, third] = [worker.request(10), worker.request(10), worker.request(10)];
    worker.works(other, 10, { fresh: true }).works(third, 100, { fresh: true }).works(other, 104.999).works(third, 110);
    assert.equal(worker.blame(victim, 112)['longest'], 90);
    assert.equal(worker.loop.spans.length, 2);
    for (let span = 0; span < 64; span++) worker.works(span % 2 === 0 ? other : third, 120 + span * 10);
    assert.deepEqual([worker.loop.spans.length, worker.blame(victim, 751)['longest']], [64, 10]);
  });

  it('has nothing behind others where any thread of several may have served it', () => {
    const worker = new Worker().waits(0, 100);
    const request = worker.request(100);
    worker.loop.isShared = true;
    assert.deepEqual(worker.blame(request, 700), { own: 0, waiting: 600, behind: 0, longest: null });
  });
});

describe('a turn of a loop', () => {
  it('is named after the request that most of it went to', () => {
    const worker = new Worker().waits(0, 100);
    const [first, second] = [worker.request(100), worker.request(100)];
    worker.works(first, 100, { fresh: true }).works(second, 130).works(first, 190).works(second, 200);
    const turn = worker.loop.endTurn(210 * MILLISECOND);
    assert.deepEqual([turn?.owner === second, (turn?.ownerTime ?? 0) / MILLISECOND], [true, 70]);
    // Of the next turn what was before is no part.
    worker.waits(210, 300).works(first, 300, { fresh: true });
    const next = worker.loop.endTurn(340 * MILLISECOND);
    assert.deepEqual([next?.owner === first, (next?.ownerTime ?? 0) / MILLISECOND], [true, 40]);
    assert.deepEqual([first.own / MILLISECOND, second.own / MILLISECOND], [80, 70]);
  });

  it('adds up with the waits to the time of the loop, and the longest is known', () => {
    const worker = new Worker().waits(0, 100).waits(130, 200).waits(270, 300);
    worker.loop.endTurn(310 * MILLISECOND);
    const { turns, busy, idle, longestTurn, utilisation, inTurn } = worker.loop;
    assert.deepEqual([turns, busy / MILLISECOND, idle / MILLISECOND, longestTurn / MILLISECOND], [3, 110, 200, 70]);
    assert.deepEqual([Math.round(utilisation * 1_000), inTurn], [355, false]);
    assert.equal(worker.loop.endTurn(400 * MILLISECOND), null);
    assert.equal(worker.loop.turns, 3);
  });

  it('begins, after a wait of which nobody knows the length, with the next line: all up to there was waiting', () => {
    const worker = new Worker().waits(0, 0, false);
    worker.loop.beginTurnAt(70 * MILLISECOND);
    worker.loop.endTurn(100 * MILLISECOND);
    assert.deepEqual([worker.loop.idle / MILLISECOND, worker.loop.busy / MILLISECOND], [70, 30]);
  });

  it('is kept for good by whoever asks for it, and else used again', () => {
    const worker = new Worker().waits(0, 100);
    const kept = worker.loop.endTurn(130 * MILLISECOND);
    worker.loop.keepTurn();
    worker.waits(130, 200);
    assert.equal(worker.loop.endTurn(250 * MILLISECOND) === kept, false);
    assert.equal((kept?.end ?? 0) / MILLISECOND, 130);
  });

  it('of a loop that has read several requests is for none of them until their replies come in turn', () => {
    const told = (order: 'first' | 'last'): unknown => {
      const worker = new Worker().waits(0, 100);
      const { turn } = worker.loop;
      const [first, second] = [worker.request(100), worker.request(101)];
      for (const request of [first, second]) {
        turn.readRequest(request.connection, callOf('read', 0, 0));
        worker.works(request, request.readAt / MILLISECOND, { fresh: true });
      }
      // It works from 101 to 800 ms, and sends the replies then.
      turn.replies = 1;
      const [one, other] = order === 'first' ? [first, second] : [second, first];
      worker.works(one, 800, { replies: true, since: 101 });
      one.answeredAt = 800 * MILLISECOND;
      turn.replies = 2;
      worker.works(other, 801, { replies: true, since: 800 });
      const ended = worker.loop.endTurn(802 * MILLISECOND);
      return [ended?.owner ?? null, Math.round((ended?.untold ?? 0) / MILLISECOND)];
    };
    assert.deepEqual(told('first'), [null, 699]);
    assert.deepEqual(told('last'), [null, 699]);
  });
});

describe('the wait of a loop', () => {
  it('is the set with its listener, which voids turns that were measured on another one', () => {
    const { loop } = new Worker().waits(0, 100).waits(150, 200);
    const [guess, sure] = [loop.waitSet('set', null, 3), loop.waitSet('epoll', new Descriptor('epoll', '', true), 7)];
    assert.equal(loop.confirmHub(guess, false), false);
    assert.deepEqual([loop.turns, loop.hubIsCertain], [1, false]);
    assert.equal(loop.confirmHub(sure, false), false);
    assert.equal(loop.hub, guess);
    assert.equal(loop.confirmHub(sure, true), true);
    assert.deepEqual([loop.hub, loop.hubIsCertain], [sure, true]);
    assert.deepEqual([loop.turns, loop.busy, loop.idle, loop.longestTurn, loop.inTurn], [0, 0, 0, 0, false]);
    assert.equal(loop.confirmHub(guess, true), false);
    assert.equal(loop.hub, sure);
  });

  it('may turn out to be certain later, and is another one when it was closed', () => {
    const { loop } = new Worker().waits(0, 100);
    const [first, second] = [7, 8].map((fd) => loop.waitSet('epoll', new Descriptor('epoll', '', true), fd));
    assert.ok(first !== undefined && second !== undefined);
    loop.confirmHub(first, false);
    loop.confirmHub(first, true);
    assert.equal(loop.hubIsCertain, true);
    loop.hubClosed();
    assert.deepEqual([loop.hub, loop.formerHub, loop.inTurn, loop.hubIsCertain], [null, first, false, false]);
    loop.acceptBlocked = 7;
    assert.equal(loop.confirmHub(second, false), false);
    assert.deepEqual([loop.hub, loop.acceptBlocked], [second, 7]);
  });

  it('begins to be measured when it is known: the time in accept before is not its own', () => {
    const { loop } = new Worker();
    loop.acceptBlocked = 7;
    loop.confirmHub(loop.waitSet('set', null, 3), false);
    assert.equal(loop.acceptBlocked, 0);
  });

  it('is one of 64 sets that are kept: the oldest that is none goes', () => {
    const { loop } = new Worker();
    const descriptors = Array.from({ length: 66 }, () => new Descriptor('epoll', '', true));
    const sets = descriptors.map((descriptor, index) => loop.waitSet('epoll', descriptor, index));
    assert.equal(loop.waitSets.length, 64);
    assert.equal(loop.waitSets.includes(sets[2] as never), true);
    assert.equal(loop.waitSets.includes(sets[1] as never), false);
    const kept = new Worker();
    const hub = kept.loop.waitSet('epoll', new Descriptor('epoll', '', true), 99);
    kept.loop.confirmHub(hub, true);
    for (const [index, descriptor] of descriptors.entries()) kept.loop.waitSet('epoll', descriptor, index);
    assert.deepEqual([kept.loop.waitSets.length, kept.loop.waitSets.includes(hub)], [64, true]);
    // The same again is no other one; a set without an instance goes by what is in it.
    assert.equal(kept.loop.waitSet('epoll', hub.descriptor, 99), hub);
    assert.equal(kept.loop.waitSet('set', null, 3), kept.loop.waitSet('set', null, 3));
    assert.notEqual(kept.loop.waitSet('set', null, 3), kept.loop.waitSet('set', null, 4));
  });
});
