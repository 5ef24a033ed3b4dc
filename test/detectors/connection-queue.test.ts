import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker, openListener, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'slow-dependency';
const PEER = '10.0.0.7:5432';
const QUESTION = 'Q\\0\\0\\0\\rSELECT 1\\0';
const ANSWER = 'D\\0\\0\\0\\n\\0\\1\\0\\0\\0\\0C\\0\\0\\0\\rSELECT 1\\0Z\\0\\0\\0\\5I';

function connect(thread: ThreadLines, fd: number): void {
  const label = `socket:[${6000 + fd}]`;
  thread.call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', `${fd}<${label}>`);
  thread.labels.set(fd, label);
  const address = '{sa_family=AF_INET, sin_port=htons(5432), sin_addr=inet_addr("10.0.0.7")}';
  thread.call(`connect(${thread.fd(fd)}, ${address}, 16`, ')', 0);
}

const accept = (worker: ThreadLines, fd: number): ThreadLines =>
  worker
    .waitUntil(worker.now + 1, LISTENER)
    .accept(fd)
    .read(fd, 'GET /report');

interface Queue {
  /** The connections were there before the capture, and no line names their other end. */
  readonly unnamed?: boolean;
  readonly clients?: number;
  readonly holdMs?: number;
  /** Between the last answer to one request and the first question of the next. */
  readonly pauseMs?: number;
  /** The pool has a third connection that nobody uses. */
  readonly spare?: boolean;
  /** The next request asks while the answer to the one before is still to come. */
  readonly shared?: boolean;
}

/** A loop whose requests share two connections; how long the last one of them waits for its connection is `waitMs`. */
function queue({ clients = 7, holdMs = 450, pauseMs = 0, spare = false, shared = false, unnamed = false }: Queue = {}) {
  const { trace, worker } = oneWorker();
  const pool = [31, 32];
  for (const fd of pool)
    if (unnamed) worker.labels.set(fd, `socket:[${6000 + fd}]`);
    else connect(worker, fd);
  if (spare) {
    connect(worker, 33);
    worker.send(33, QUESTION).waitUntil(20, 33).read(33, ANSWER);
  }
  worker.waitUntil(100);
  const fds = Array.from({ length: clients }, (_, index) => 11 + index);
  const asked: number[] = [];
  let lastRead = 0;
  for (const [index, fd] of fds.entries()) {
    accept(worker, fd);
    lastRead = worker.now;
    const connection = pool[index];
    if (connection === undefined) continue;
    worker.send(connection, QUESTION);
    asked.push(worker.now);
  }
  let lastAsked = 0;
  for (const [index, fd] of fds.entries()) {
    const connection = pool[index % 2] as number;
    const isNext = index + 2 < clients;
    const ends = (asked[index] as number) + holdMs;
    const ask = (): void => {
      lastAsked = worker.now;
      worker.send(connection, QUESTION);
      asked.push(worker.now);
    };
    if (shared && isNext) {
      worker.waitUntil(ends - 100);
      ask();
    }
    worker.waitUntil(ends, connection).read(connection, ANSWER);
    // node asks for the next request first.
    const isAtOnce = !shared && pauseMs === 0;
    if (isNext && isAtOnce) ask();
    worker.reply(fd).close(fd);
    if (isNext && !isAtOnce && !shared) {
      worker.waitUntil(worker.now + pauseMs);
      ask();
    }
  }
  worker.waitUntil(worker.now + 500);
  return { trace, waitMs: lastAsked - lastRead };
}

describe('requests that wait for a free connection', () => {
  it('are told with the longest wait and how many connections there are', async () => {
    const { trace, waitMs } = queue();
    const { severity, confidence, title, summary, metrics, workers } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, confidence, workers], ['warning', 'likely', [101]]);
    assert.match(title, /^GET \/report waited up to 1\.3\d s for one of 2 connections to 10\.0\.0\.7:5432 \(5x\)$/);
    assert.match(
      summary,
      /All 2 were in use meanwhile.* A request held a connection for up to 45\d ms \(GET \/report\)/,
    );
    const [peer] = metrics.dependencies as readonly Record<string, number | string>[];
    assert.equal(peer?.peer, PEER);
    assert.deepEqual([peer?.queued, peer?.connections], [5, 2]);
    assert.ok(Math.abs((peer?.longestQueuedMs as number) - waitMs) < 0.1, `${peer?.longestQueuedMs} for ${waitMs}`);
  });

  it('are told by what is spoken where no line names the other end, and how many there are is not', async () => {
    const { trace } = queue({ unnamed: true });
    const { title, workers, next } = only(await analyzed(trace), KIND);
    assert.match(title, /^GET \/report waited up to 1\.3\d s for a free connection to PostgreSQL \(5x\)$/);
    assert.deepEqual(workers, [101]);
    assert.equal(next[0]?.command, 'ss -tnp | grep pid=101,');
    none(await analyzed(queue({ unnamed: true, clients: 2 }).trace), KIND);
  });

  it('are told from the length on from which a wait for a thread of a pool is', async () => {
    const { trace, waitMs } = queue({ holdMs: 250 });
    const from = (ms: number) => analyzed(trace, {}, { thresholds: { 'pool-wait-ms': ms } });
    assert.equal(only(await from(Math.floor(waitMs)), KIND).severity, 'warning');
    none(await from(Math.ceil(waitMs)), KIND);
    only(await analyzed(queue({ clients: 3, holdMs: 506 }).trace), KIND);
    none(await analyzed(queue({ clients: 3, holdMs: 497 }).trace), KIND);
  });

  it('are possible where only two did, which may be chance', async () => {
    assert.equal(only(await analyzed(queue({ clients: 5, holdMs: 600 }).trace), KIND).confidence, 'likely');
    assert.equal(only(await analyzed(queue({ clients: 4, holdMs: 600 }).trace), KIND).confidence, 'possible');
  });

  it('are not those that find as many connections as there are requests', async () => {
    none(await analyzed(queue({ clients: 2 }).trace), KIND);
  });

  it('are not those that leave a connection unused', async () => {
    none(await analyzed(queue({ spare: true }).trace), KIND);
  });

  it('are not those that ask later than a connection was free', async () => {
    only(await analyzed(queue({ pauseMs: 40 }).trace), KIND);
    none(await analyzed(queue({ pauseMs: 51 }).trace), KIND);
  });

  it('are not those that share a connection with others at a time', async () => {
    none(await analyzed(queue({ shared: true }).trace), KIND);
  });

  it('are not those of a timer, while others ask again and again on all connections', async () => {
    const { trace, worker } = oneWorker();
    connect(worker, 31);
    accept(worker, 19);
    for (let count = 0; count < 7; count++) {
      accept(worker, 11).send(31, QUESTION);
      worker.waitUntil(worker.now + 300, 31).read(31, ANSWER);
      worker.reply(11).close(11);
    }
    worker
      .waitUntil(worker.now + 3)
      .reply(19)
      .close(19);
    worker.waitUntil(worker.now + 500);
    none(await analyzed(trace), KIND);
  });

  it('are not those that others are answered beside: who was read after the question had no connection', async () => {
    const { trace, worker } = oneWorker();
    connect(worker, 31);
    for (let count = 0; count < 7; count++) {
      accept(worker, 11).send(31, QUESTION);
      // The wait reports the answer and a new client; the answer of the client comes before the next question.
      worker
        .waitUntil(worker.now + 600, 31, LISTENER)
        .accept(12)
        .read(12, 'GET /')
        .read(31, ANSWER);
      worker
        .reply(12)
        .close(12)
        .send(31, QUESTION)
        .waitUntil(worker.now + 2, 31)
        .read(31, ANSWER);
      worker.reply(11).close(11);
    }
    worker.waitUntil(worker.now + 500);
    none(await analyzed(trace), KIND);
  });

  it('are not those that ask several questions one after another', async () => {
    const { trace, worker } = oneWorker();
    connect(worker, 31);
    worker.waitUntil(100);
    accept(worker, 11);
    for (let count = 0; count < 5; count++)
      worker
        .send(31, QUESTION)
        .waitUntil(worker.now + 150, 31)
        .read(31, ANSWER);
    worker.reply(11).close(11);
    worker.waitUntil(worker.now + 500);
    none(await analyzed(trace), KIND);
  });
});

/**
 * Threads of a pool that share one connection, each 700 ms, or make one of their own at their turn (`isOwn`); the last
 * one does something else before.
 */
function threads(elsewhereMs: number, isOwn = false): TraceLines {
  const trace = new TraceLines();
  const acceptor = trace.thread(101).at(0);
  openListener(acceptor, LISTENER);
  if (!isOwn) connect(acceptor, 31);
  const tids = [102, 103, 104, 105];
  for (const tid of tids) startThread(acceptor, tid);
  for (const [index, tid] of tids.entries()) {
    const fd = 11 + index;
    acceptor.at(100 + index).accept(fd);
    const thread = trace.thread(tid).at(110 + index);
    for (const number of [fd, 31]) thread.labels.set(number, acceptor.labels.get(number) ?? '');
    thread.read(fd, 'GET /report');
    const begins = 120 + 701 * index;
    if (elsewhereMs > 0 && index === 3)
      thread.call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=9, tv_nsec=0}, ', 'NULL)', 0, elsewhereMs);
    if (thread.now < begins)
      thread.call(
        'futex(0x7f0000a0, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, ',
        'FUTEX_BITSET_MATCH_ANY)',
        0,
        begins - thread.now,
      );
    if (isOwn) connect(thread, 31);
    thread.send(31, QUESTION).read(31, ANSWER, 700);
    if (isOwn) thread.close(31);
    thread.reply(fd).close(fd);
  }
  return trace;
}

const BACKEND = '10.0.0.8:8000';

interface Proxied {
  readonly clients?: number;
  /** Connections to the backend at a time. */
  readonly limit?: number;
  /** Between the end of one question and the next connect. */
  readonly pauseMs?: number;
  /** Each request asks so many questions, one after another. */
  readonly questions?: number;
}

/**
 * A proxy that makes a connection for each question, each answered after 600 ms. It reads all requests in one turn:
 * the first ones in the queue get the first connections.
 */
function proxied({ clients = 7, limit = 2, pauseMs = 0, questions = 1 }: Proxied = {}): TraceLines {
  const { trace, worker } = oneWorker();
  const path = (index: number): string => `/slow-${index % 2}`;
  let made = 0;
  const ask = (index: number): void => {
    const fd = 41 + index;
    const label = `socket:[${7000 + made++}]`;
    worker.call('socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP', ')', `${fd}<${label}>`);
    worker.labels.set(fd, label);
    const address = '{sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("10.0.0.8")}';
    worker.call(`connect(${worker.fd(fd)}, ${address}, 16`, ')', '-1 EINPROGRESS (Operation now in progress)');
    worker.send(fd, `GET ${path(index)} HTTP/1.1\\r\\n\\r\\n`);
  };
  worker.waitUntil(100, LISTENER);
  for (let index = 0; index < clients; index++) worker.accept(11 + index);
  for (let index = 0; index < clients; index++) worker.read(11 + index, `GET ${path(index)} HTTP/1.1`);
  const waiting = Array.from({ length: clients }, (_, index) => index);
  const asked = waiting.splice(0, limit).map((index) => ({ index, left: questions, ends: 0 }));
  for (const each of asked) {
    ask(each.index);
    each.ends = worker.now + 600;
  }
  for (let each = asked.shift(); each !== undefined; each = asked.shift()) {
    const { index, left } = each;
    worker
      .waitUntil(Math.max(each.ends, worker.now + 2), 41 + index)
      .read(41 + index, 'HTTP/1.1 200 OK')
      .close(41 + index);
    if (left === 1) worker.reply(11 + index).close(11 + index);
    const next = left > 1 ? index : waiting.shift();
    if (next === undefined) continue;
    if (pauseMs > 0) worker.waitUntil(worker.now + pauseMs);
    ask(next);
    asked.push({ index: next, left: left > 1 ? left - 1 : questions, ends: worker.now + 600 });
  }
  worker.waitUntil(worker.now + 500);
  return trace;
}

describe('requests that wait until a proxy may make one more connection', () => {
  it('are told with the longest wait', async () => {
    const { severity, confidence, title, summary, metrics } = only(await analyzed(proxied()), KIND);
    assert.deepEqual([severity, confidence], ['warning', 'likely']);
    assert.match(title, /^5 requests waited up to 1\.8\d s for one of 2 connections to 10\.0\.0\.8:8000$/);
    assert.match(
      summary,
      /a connection for each of these requests was made right after another request had its answer/,
    );
    const [peer] = metrics.dependencies as readonly Record<string, number | string>[];
    assert.deepEqual([peer?.peer, peer?.requests, peer?.queued], [BACKEND, 7, 5]);
  });

  it('are not those for which there is a connection at once', async () => {
    none(await analyzed(proxied({ limit: 7 })), KIND);
  });

  it('are not those for which the connection is made later than there was room', async () => {
    only(await analyzed(proxied({ pauseMs: 90 })), KIND);
    none(await analyzed(proxied({ pauseMs: 101 })), KIND);
  });

  it('are not those that ask again on a new connection themselves', async () => {
    none(await analyzed(proxied({ limit: 7, questions: 3 }), {}, { thresholds: { 'dependency-ms': 5000 } }), KIND);
  });
});

describe('a proxy that read several requests before it asks for them', () => {
  it('waits for the answer to each for the request with that line', async () => {
    const report = await analyzed(proxied(), {}, { thresholds: { 'dependency-ms': 500, 'pool-wait-ms': 5000 } });
    const { summary, metrics } = only(report, KIND);
    assert.match(summary, /(GET \/slow-\d) waited for the answer to \1/);
    const [peer] = metrics.dependencies as readonly Record<string, number | string>[];
    assert.equal(peer?.requests, 7);
  });
});

describe('threads that wait for the connection of another one', () => {
  it('have waited since they read their request, or since a connection was free', async () => {
    const { title, summary, metrics } = only(await analyzed(threads(0)), KIND);
    // The process was there before the tracer, and may have older connections.
    assert.match(title, /^GET \/report waited up to 2\.10 s for a free connection to 10\.0\.0\.7:5432 \(3x\)$/);
    assert.match(summary, /together 4\.21 s\. The longest wait took 2\.10 s/);
    const [peer] = metrics.dependencies as readonly { connections: null }[];
    assert.equal(peer?.connections, null);
  });

  it('have not waited while they did something else', async () => {
    assert.match(only(await analyzed(threads(1003)), KIND).summary, /together 3\.21 s\. The longest wait took 1\.40 s/);
  });
});

describe('threads of which one at a time connects to a service', () => {
  it('wait for a turn, not for a free connection: each makes one of its own, under a lock of the program', async () => {
    const { title, summary } = only(await analyzed(threads(0, true)), KIND);
    assert.match(title, /^GET \/report waited up to 2\.1\d s for a turn to connect to 10\.0\.0\.7:5432 \(3x\)$/);
    assert.match(
      summary,
      /Nobody else connected meanwhile, as with a lock of the program around the call: a connection/,
    );
  });
});
