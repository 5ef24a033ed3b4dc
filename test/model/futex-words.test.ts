import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FactBus } from '../../src/model/fact-bus.ts';
import { FutexTable, FutexWord, FutexWords, futexesOf, parkedWaits } from '../../src/model/topics/locks/futex-words.ts';
import { type FutexUse, NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

/** Waits for one word, in milliseconds, each while a request was served or none. */
function word(
  address: string,
  ...waits: readonly (readonly [from: number, to: number, request?: string])[]
): FutexWord {
  const made = new FutexWord(address);
  for (const [index, [from, to, request = '']] of waits.entries()) {
    const [start, end] = [from * MILLISECOND, to * MILLISECOND];
    made.add({ start, end, duration: end - start }, request);
    made.waiters.set(101 + index, { count: 1, total: end - start, serves: request !== '' });
    made.woken++;
  }
  return made;
}

const held = (call: string, ms: number) => ({ call, target: '/srv/app.db', count: 1, total: ms * MILLISECOND });

describe('waits for one word of memory', () => {
  it('are counted, with the first, the last, and for which requests', () => {
    const { count, total, first, last, requests } = word('0x7f', [30, 50, 'GET /a'], [10, 40], [60, 65, 'GET /a']);
    assert.deepEqual(
      [count, total, first, last].map((each, index) => (index === 0 ? each : each / MILLISECOND)),
      [3, 55, 10, 65],
    );
    assert.deepEqual([...requests], [['GET /a', 2]]);
  });

  it('keep their times when those of another word, or of none, are taken in', () => {
    const all = word('0x7f', [30, 50]);
    all.absorb(word('0x7f'));
    all.absorb(word('0x7f', [70, 80]));
    assert.deepEqual([all.first / MILLISECOND, all.last / MILLISECOND], [30, 80]);
    const empty = word('0x7f');
    empty.absorb(word('0x7f'));
    assert.deepEqual([empty.first, empty.last], [UNKNOWN, UNKNOWN]);
  });

  it('keep 32 requests apart', () => {
    const { requests } = word(
      '0x7f',
      ...Array.from({ length: 34 }, (_, index) => [0, 1, `GET /${index % 33}`] as const),
    );
    assert.deepEqual([requests.size, requests.get('GET /0'), requests.has('GET /32')], [32, 2, false]);
  });

  it('are at once where one began before another one ended', () => {
    assert.equal(word('0x7f', [0, 10], [10, 20], [20, 30]).mostAtOnce, 1);
    assert.equal(word('0x7f', [0, 10], [9, 20], [19, 30]).mostAtOnce, 2);
    assert.equal(word('0x7f', [0, 9], [5, 12], [9, 30]).mostAtOnce, 2);
    assert.equal(word('0x7f', [0, 10], [5, 12], [9, 11]).mostAtOnce, 3);
  });

  it('hold nothing back at the interpreter lock, nor where most of the woken take a connection', () => {
    const idling = (accepting: number, woken: number): boolean =>
      Object.assign(new FutexWord('0x7f'), { accepting, woken }).isIdling;
    assert.deepEqual([idling(0, 0), idling(1, 2), idling(1, 3), idling(3, 5)], [false, true, false, true]);
    assert.equal(Object.assign(new FutexWord('0x7f'), { isInterpreterLock: true }).isIdling, true);
  });

  it('say how long who had it kept it, and in which calls, 16 of them', () => {
    const lock = new FutexWord('0x7f');
    lock.handedOn(10 * MILLISECOND, 40 * MILLISECOND, held('fsync', 20));
    lock.handedOn(50 * MILLISECOND, 60 * MILLISECOND, held('fsync', 5));
    lock.handedOn(70 * MILLISECOND, 65 * MILLISECOND, null);
    assert.deepEqual([lock.held, lock.heldFor / MILLISECOND], [3, 40]);
    assert.deepEqual([...lock.heldIn.values()], [{ ...held('fsync', 25), count: 2 }]);
    for (let call = 0; call < 17; call++) lock.handedOn(0, 1, held(`call${call}`, 1));
    assert.deepEqual([lock.heldIn.size, lock.heldIn.has('call14 /srv/app.db')], [16, true]);
  });
});

describe('a word that two parts of a process waited for before they were known to be one', () => {
  const both = (): FutexWord => {
    const [own, other] = [
      word('0x7f', [30, 50, 'GET /a'], [35, 40]),
      word('0x7f', [10, 40, 'GET /a'], [70, 75, 'GET /b']),
    ];
    own.waiters.set(107, { count: 2, total: 3, serves: false });
    Object.assign(own, { longest: 7, lines: ['own'], handOffs: 2, otherWakes: 3, accepting: 5 });
    Object.assign(other, { longest: 11, lines: ['other'], handOffs: 7, otherWakes: 11, accepting: 13 });
    own.handedOn(0, 10, held('fsync', 1));
    other.handedOn(0, 30, held('fsync', 2));
    other.handedOn(0, 30, held('read', 4));
    own.absorb(other);
    return own;
  };

  it('has the sums of both', () => {
    const { count, total, first, last, held: times, heldFor, handOffs, otherWakes, woken, accepting } = both();
    assert.deepEqual([count, total / MILLISECOND, first / MILLISECOND, last / MILLISECOND], [4, 60, 10, 75]);
    assert.deepEqual([times, heldFor, handOffs, otherWakes, woken, accepting], [3, 70, 9, 14, 4, 18]);
  });

  it('has the waiters, requests and calls of both, and the lines of the longest wait', () => {
    const own = both();
    assert.deepEqual(
      [...own.waiters].map(([tid, { count, total, serves }]) => [tid, count, total, serves]),
      [
        [101, 2, 50 * MILLISECOND, true],
        [102, 2, 10 * MILLISECOND, false],
        [107, 2, 3, false],
      ],
    );
    assert.deepEqual(
      [...own.requests],
      [
        ['GET /a', 2],
        ['GET /b', 1],
      ],
    );
    assert.deepEqual(
      [...own.heldIn.values()].map(({ call, count, total }) => [call, count, total / MILLISECOND]),
      [
        ['fsync', 2, 3],
        ['read', 1, 4],
      ],
    );
    assert.deepEqual([own.longest, own.lines], [11, ['other']]);
  });

  it('has as many at once as there were, with those of the other part', () => {
    const own = both();
    assert.equal(own.mostAtOnce, 2);
    own.countAtOnce();
    assert.equal(own.mostAtOnce, 3);
  });

  it('keeps its own where the other part has less', () => {
    const [own, other] = [word('0x7f', [30, 50]), word('0x7f', [31, 32])];
    Object.assign(own, { longest: 7, lines: ['own'] });
    own.absorb(other);
    assert.deepEqual([own.longest, own.lines, own.last / MILLISECOND], [7, ['own'], 50]);
    const late = new FutexWord('0x7f');
    assert.equal(late.first, UNKNOWN);
    late.absorb(own);
    assert.equal(late.first / MILLISECOND, 30);
  });
});

describe('words at which one thread each is parked, as those of a lock of Python since 3.13', () => {
  const table = (...parts: readonly Partial<FutexWord>[]): FutexTable => {
    const made = new FutexTable();
    for (const [index, part] of parts.entries()) {
      const parked = word(`0x${index}`, [10 * index, 10 * index + 15]);
      made.words.set(parked.address, Object.assign(parked, { isParked: true, ...part }));
    }
    return made;
  };

  it('are one lock where those who wake had waited themselves, nine times in ten', () => {
    const nine = { peerWakes: 9, handOffs: 2, otherWakes: 8 };
    const all = parkedWaits(table(nine, nine));
    assert.deepEqual([all?.count, all?.handOffs, all?.otherWakes, all?.mostAtOnce], [2, 18, 2, 2]);
    assert.equal(parkedWaits(table({ peerWakes: 9, handOffs: 2, otherWakes: 9 })), null);
  });

  it('are none where several wait at one address, nobody woke, or nobody is parked', () => {
    const peers = { peerWakes: 9, handOffs: 0, otherWakes: 9 };
    assert.notEqual(parkedWaits(table(peers)), null);
    assert.equal(parkedWaits(table({ ...peers, mostAtOnce: 2 })), null);
    assert.equal(parkedWaits(table({ peerWakes: 0, handOffs: 0, otherWakes: 0 })), null);
    assert.equal(parkedWaits(table({ ...peers, isParked: false })), null);
  });
});

describe('the words that threads of a process wait for', () => {
  /** What is known of the word 0x7f00 after these waits, each of a thread. */
  function waited(
    ...waits: readonly (readonly [tid: number, ms: number, parts?: Partial<FutexUse>, error?: string])[]
  ) {
    const tracker = new FutexWords({ facts: new FactBus(), inWindow: () => true, longTurn: 0, clientTimeout: 0 });
    const main = threadOf(101);
    let now = 0;
    for (const [tid, ms, parts = {}, error = ''] of waits) {
      const thread = threadOf(tid);
      thread.process = main.process;
      const futex = { word: '0x7f00', operation: 'WAIT', value: 2, isPrivate: true, isRealtime: false, ...parts };
      const told = { ...NO_ARGUMENTS, futex: () => futex as FutexUse };
      const [start, end] = [now * MILLISECOND, (now + ms) * MILLISECOND];
      tracker.blocked(callOf('futex', start, end, { arguments: told, error, line: now + 1 }), thread);
      now += ms;
    }
    return futexesOf(main.process)?.words.get('0x7f00');
  }

  it('are locks, unless one is waited for as the interpreter lock of Python is, 5 ms at a time', () => {
    const python = { operation: 'WAIT_BITSET' };
    assert.equal(waited([103, 5, python, 'ETIMEDOUT'])?.isInterpreterLock, true);
    assert.equal(waited([103, 5, python])?.isInterpreterLock, false);
    assert.equal(waited([103, 20, python, 'ETIMEDOUT'])?.isInterpreterLock, false);
    assert.equal(waited([103, 5], [104, 5])?.isInterpreterLock, false);
  });

  it('have a count and a sum for each thread, and count what ended with a wake', () => {
    const word = waited([103, 5], [104, 7], [103, 11, {}, 'ETIMEDOUT']);
    assert.deepEqual([word?.count, word?.woken, (word?.total ?? 0) / MILLISECOND], [3, 2, 23]);
    assert.deepEqual(
      [...(word?.waiters ?? [])].map(([tid, { count, total }]) => [tid, count, total / MILLISECOND]),
      [
        [103, 2, 16],
        [104, 1, 7],
      ],
    );
  });

  it('are no words that somebody wakes, and have the lines of four waits, with that of the longest', () => {
    assert.equal(waited([103, 5, { operation: 'WAKE' }]), undefined);
    const word = waited([103, 20], [104, 5], [103, 6], [104, 7], [103, 8], [104, 21], [103, 5]);
    assert.deepEqual(
      word?.lines.map(({ line }) => line),
      [47, 32, 26, 21],
    );
    assert.equal((word?.longest ?? 0) / MILLISECOND, 21);
  });
});
