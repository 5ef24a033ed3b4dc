import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FutexTable, FutexWord, parkedWaits } from '../../src/model/topics/locks/futex-words.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';

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
