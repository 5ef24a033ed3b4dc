import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { connectTo, oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'worker-saturation';
const WAKES = 9;
/** A word for each thread, as the condition of its own queue is. */
const wordOf = ({ tid }: ThreadLines): string => `0x7f00${tid}0`;
const LOCK = '0x7fbeef0';

const wait = (thread: ThreadLines, word: string, ms: number): ThreadLines =>
  thread.call(
    `futex(${word}, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY`,
    ')',
    0,
    ms,
  );
const wake = (thread: ThreadLines, word: string): ThreadLines =>
  thread.call(`futex(${word}, FUTEX_WAKE_PRIVATE, 1`, ')', 1);

interface Job {
  readonly fd: number;
  /** When its request is read, and its job begins and ends. */
  readonly readAt: number;
  readonly start: number;
  readonly end: number;
  readonly request?: string;
}

/** What a loop does, by the time at which it does it. */
class Loop {
  readonly trace: TraceLines;
  readonly #loop: ThreadLines;
  readonly #acts: { readonly at: number; readonly act: (loop: ThreadLines) => void }[] = [];

  constructor({ trace, worker }: { trace: TraceLines; worker: ThreadLines }) {
    this.trace = trace;
    this.#loop = worker;
  }

  at(at: number, act: (loop: ThreadLines) => void): void {
    this.#acts.push({ at, act });
  }

  play(): TraceLines {
    for (const { at, act } of this.#acts.sort((a, b) => a.at - b.at)) act(this.#loop.waitUntil(at, LISTENER));
    this.#loop.waitUntil(10_000);
    return this.trace;
  }
}

/** A loop that hands each request to a thread of its pool, and answers when that has woken it up. */
function served(pool: readonly (readonly Job[])[], does = ask): TraceLines {
  const parts = oneWorker();
  parts.worker.labels.set(WAKES, 'pipe:[77]');
  const tids = pool.map((_, index) => 201 + index);
  for (const tid of tids) startThread(parts.worker, tid);
  const loop = new Loop(parts);
  for (const [index, jobs] of pool.entries()) {
    const thread = parts.trace.thread(tids[index] ?? 0).at(20);
    thread.labels.set(WAKES, 'pipe:[77]');
    for (const { fd, readAt, start, end, request = 'GET /report' } of jobs) {
      loop.at(readAt, (worker) => worker.accept(fd).read(fd, request));
      if (start - thread.now > 1) {
        wait(thread, wordOf(thread), start - thread.now);
        loop.at(start - 0.05, (worker) => wake(worker, wordOf(thread)));
      }
      does(thread, end - thread.now);
      thread.at(end).call(`write(${thread.fd(WAKES)}, "x", 1`, ')', 1);
      loop.at(end + 0.5, (worker) => worker.reply(fd).close(fd));
    }
    thread.stays(
      `futex(${wordOf(thread)}, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY`,
    );
  }
  return loop.play();
}

/** Asks a database, and hears from it after so long. */
function ask(thread: ThreadLines, ms: number): void {
  connectTo(thread, 40 + thread.tid, 5432, 70_000 + Math.round(thread.now)).send(40 + thread.tid, 'Q');
  thread.read(40 + thread.tid, 'T', ms - 1).close(40 + thread.tid);
}

/** The same with a question of more than one byte, which looks like no wake-up. */
function askInWords(thread: ThreadLines, ms: number): void {
  connectTo(thread, 40 + thread.tid, 5432, 70_000 + Math.round(thread.now)).send(40 + thread.tid, 'SELECT now()');
  thread.read(40 + thread.tid, 'T', ms - 1).close(40 + thread.tid);
}

/** Two threads, and rounds of 3 s in which as many jobs of 1.3 s begin; the third and fourth request of each wait. */
const full = (rounds: number): Job[][] =>
  [0, 1].map((thread) =>
    Array.from({ length: rounds }, (_, round) => round * 3000 + thread * 10).flatMap((from) => [
      { fd: 11 + thread, readAt: from + 100, start: from + 100.2, end: from + 1400 },
      { fd: 13 + thread, readAt: from + 150, start: from + 1400.1, end: from + 2700 },
    ]),
  );

describe('threads that a loop hands its work to (an executor of asyncio, the pool of Twisted) are full', () => {
  it('while all of them are at a job, and one takes what was read long before as soon as it is done', async () => {
    const { severity, title, metrics, workers, next }: Finding = only(await analyzed(served(full(3))), KIND);
    // Somebody waits from 150 ms to 1.4 s of each round.
    assert.equal(severity, 'warning');
    assert.match(title, /^GET \/report holds both pool threads 3\d\.?\d? % of the time: 10\.0\.0\.7:5432/);
    assert.deepEqual([metrics.workers, metrics.served, workers], [2, 12, [101]]);
    // Read at 150 ms, begun when the thread had ended its first job, at 1.4 s.
    assert.ok(Math.abs((metrics.waitMs as number) - 1250) < 5, `${metrics.waitMs}`);
    assert.match(next.map(({ text }) => text).join(' '), /40 tokens of anyio.*suggestThreadPoolSize of Twisted/);
  });

  it('also a pool of one thread, as sync views of Django have under ASGI', async () => {
    const alone = only(await analyzed(served(full(3).slice(0, 1))), KIND);
    assert.match(alone.title, /The one pool thread of 101|the one pool thread of 101/);
  });

  it('and how long a request waited is told of pools, too, that take the last one first (anyio 3)', async () => {
    const lastFirst = [
      { fd: 11, readAt: 100, start: 100.2, end: 1400 },
      { fd: 13, readAt: 300, start: 1400.1, end: 2700, request: 'GET /late' },
      { fd: 12, readAt: 150, start: 2700.1, end: 4000, request: 'GET /early' },
    ];
    const { summary, metrics } = only(await analyzed(served([lastFirst])), KIND);
    assert.ok(Math.abs((metrics.waitMs as number) - 2550) < 5, `${metrics.waitMs}`);
    assert.match(summary, / A request waited up to 2\.55 s until a thread of the pool was free\./);
  });

  it('and what they waited for was waited for by the requests of their jobs', async () => {
    const report = await analyzed(served(full(3), askInWords));
    const cause = only(report, 'slow-dependency');
    assert.match(cause.title, /^GET \/report waited up to 1\.\d+ s for 10\.0\.0\.7:5432/);
    const effect = only(report, KIND);
    assert.equal(effect.effectOf, cause.id);
    assert.match(effect.effect ?? '', /^no worker was free 3\d\.?\d? % of the time.*; a request waited up to 1\.2\d s/);
    // The same jobs, each soon done.
    const short = full(3).map((jobs) => jobs.map((job) => ({ ...job, end: job.start + 130 })));
    none(await analyzed(served(short, askInWords)), 'slow-dependency');
  });

  it('and not while there are no more requests than threads: a client that asks again at once is next', async () => {
    const again = [0, 1].map((thread) =>
      Array.from({ length: 6 }, (_, round) => {
        const readAt = 100 + round * 1303 + thread * 10;
        return { fd: 11 + thread, readAt, start: readAt + 0.3, end: readAt + 1300 };
      }),
    );
    assert.match(none(await analyzed(served(again)), KIND), /^both pool threads were busy at once 0 % of the time/);
  });

  it('and not while what a thread takes next had been read only then', async () => {
    const fresh = full(3).map((jobs) =>
      jobs.map((job) => (job.fd < 13 ? job : { ...job, readAt: job.start - 0.05, end: job.end })),
    );
    none(await analyzed(served(fresh)), KIND);
  });

  it('where they wait for a lock of their own it is named, and that is no rest', async () => {
    // Each has the lock for 300 ms, one after the other; the loop wakes nobody there.
    const parts = oneWorker();
    const loop = new Loop(parts);
    parts.worker.labels.set(WAKES, 'pipe:[77]');
    const threads = [201, 202, 203].map((tid) => {
      startThread(parts.worker, tid);
      const thread = parts.trace.thread(tid).at(20);
      thread.labels.set(WAKES, 'pipe:[77]');
      return thread;
    });
    for (let turn = 0; turn < 27; turn++) {
      const thread = threads[turn % 3] as ThreadLines;
      const at = 100 + turn * 300;
      const fd = 11 + (turn % 9);
      loop.at(at - (turn < 3 ? 0 : 1500), (worker) => worker.accept(fd).read(fd, 'GET /cache'));
      if (turn > 0) wait(thread, turn < 3 ? wordOf(thread) : LOCK, at - thread.now);
      if (turn < 3 && turn > 0) loop.at(at - 0.05, (worker) => wake(worker, wordOf(thread)));
      thread.at(at).call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=0, tv_nsec=299000000}', ', NULL)', 0, 299);
      if (turn >= 2) wake(thread, LOCK);
      thread.call(`write(${thread.fd(WAKES)}, "x", 1`, ')', 1);
      loop.at(thread.now + 0.5, (worker) => worker.reply(fd).close(fd));
    }
    const report = await analyzed(loop.play());
    assert.equal(only(report, 'lock-contention').severity, 'warning');
    assert.match(
      only(report, 'lock-contention').title,
      /^3 threads wait up to 601 ms for one lock, held in clock_nanosleep/,
    );
    assert.match(only(report, KIND).title, /^GET \/cache holds all 3 pool threads/);
  });

  it('threads that wait each at a word of its own, and that the loop wakes, queue for no lock', async () => {
    const report = await analyzed(served(full(3)));
    none(report, 'lock-contention');
  });
});

const DONE = '"\\1\\0\\0\\0\\0\\0\\0\\0", 8';

/** The same by eventfds: `own` says how a thread waits for its next job, and how it is known by the loop. */
function byEvents(pool: readonly (readonly Job[])[], own: 'loop' | 'word' | 'one word for all'): TraceLines {
  const parts = oneWorker();
  parts.worker.labels.set(WAKES, 'anon_inode:[eventfd]');
  const tids = pool.map((_, index) => 201 + index);
  for (const tid of tids) startThread(parts.worker, tid);
  const loop = new Loop(parts);
  for (const [index, jobs] of pool.entries()) {
    const thread = parts.trace.thread(tids[index] ?? 0).at(20);
    const epfd = 30 + index;
    const event = 40 + index;
    const word = own === 'word' ? wordOf(thread) : LOCK;
    thread.labels.set(WAKES, 'anon_inode:[eventfd]');
    thread.labels.set(event, 'anon_inode:[eventfd]');
    thread.labels.set(epfd, 'anon_inode:[eventpoll]');
    for (const { fd, readAt, start, end, request = 'GET /report' } of jobs) {
      loop.at(readAt, (worker) => worker.accept(fd).read(fd, request));
      const ms = Math.max(0.1, start - thread.now);
      if (own === 'loop') thread.epollWait(epfd, ms, [event]).call(`read(${thread.fd(event)}, `, `${DONE})`, 8);
      else if (ms > 1) {
        wait(thread, word, ms);
        loop.at(start - 0.05, (worker) => wake(worker, word));
      }
      ask(thread, end - thread.now);
      thread.at(end).call(`write(${thread.fd(WAKES)}, ${DONE}`, ')', 8);
      loop.at(end + 0.5, (worker) => worker.reply(fd).close(fd));
    }
    if (own === 'loop') thread.stays(`epoll_wait(${thread.fd(epfd)}, `);
    else thread.stays(`futex(${word}, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY`);
  }
  return loop.play();
}

/** As many requests as threads, one after the other. */
const enough = (): Job[][] =>
  [0, 1].map((thread) =>
    Array.from({ length: 6 }, (_, round) => {
      const readAt = 100 + round * 1303 + thread * 10;
      return { fd: 11 + thread, readAt, start: readAt + 0.3, end: readAt + 1300 };
    }),
  );

describe('threads that wake their loop by an eventfd are full in the same way', () => {
  it('with a loop of their own, as the worker threads of node have', async () => {
    const { severity, title, metrics } = only(await analyzed(byEvents(full(3), 'loop')), KIND);
    assert.equal(severity, 'warning');
    assert.match(title, /^GET \/report holds both pool threads 3\d\.?\d? % of the time: 10\.0\.0\.7:5432/);
    assert.deepEqual([metrics.workers, metrics.served], [2, 12]);
    none(await analyzed(byEvents(enough(), 'loop')), KIND);
  });

  it('with a word of their own, as the executors of netty have', async () => {
    assert.match(only(await analyzed(byEvents(full(3), 'word')), KIND).title, /^GET \/report holds both pool threads/);
    none(await analyzed(byEvents(enough(), 'word')), KIND);
  });

  it('and with one word for all they are no such pool: libuv takes jobs from one queue', async () => {
    const one = await analyzed(byEvents(full(3), 'one word for all'));
    assert.doesNotMatch(JSON.stringify(one.findings.map(({ title }) => title)), /GET \/report holds/);
  });
});

describe('threads that a loop hands its work to share connections', () => {
  const HELD = 600;
  const CONNECTION = 31;

  /** Each of three threads has a job in each round, and the connection after the one before, or one of its own. */
  function sharing(connectionOf: (tid: number) => number): TraceLines {
    const pool = [0, 1, 2].map((thread) =>
      [0, 1].map((round) => {
        const from = 100 + round * 3000 + thread * 5;
        return { fd: 11 + thread, readAt: from, start: from + 0.3, end: from + (thread + 1) * (HELD + 1) };
      }),
    );
    const known = new Set<number>();
    return served(pool, (thread, ms) => {
      const fd = connectionOf(thread.tid);
      thread.labels.set(fd, `socket:[${70_000 + fd}]`);
      if (!known.has(fd)) connectTo(thread, fd, 5432, 70_000 + fd);
      known.add(fd);
      // Who ends this wait no line tells, as in a capture of bpftrace.
      const free = thread.now + ms - HELD;
      if (ms - HELD > 2) wait(thread, `0x7e00${thread.tid}0`, ms - HELD - 1);
      thread
        .at(free)
        .send(fd, 'SELECT now()')
        .read(fd, 'T', HELD - 2);
    });
  }

  it('and requests that wait for the only one are told, though nobody is seen to wake them', async () => {
    const { title, severity, workers } = only(await analyzed(sharing(() => CONNECTION)), 'slow-dependency');
    assert.match(title, /^GET \/report waited up to 1\.[12]\d? s for the only connection to 10\.0\.0\.7:5432 \(4x\)$/);
    assert.deepEqual([severity, workers], ['warning', [101]]);
  });

  it('and nothing is told where each has its own', async () => {
    none(await analyzed(sharing((tid) => tid - 100)), 'slow-dependency');
  });
});
