import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { connectTo, oneWorker, prefork, startThread, watch } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'worker-saturation';

/** A worker that accepts and hands its connections to so many threads. */
function withPool(size: number): { trace: TraceLines; acceptor: ThreadLines; pool: ThreadLines[] } {
  const { trace, worker } = oneWorker();
  const tids = Array.from({ length: size }, (_, index) => 201 + index);
  for (const tid of tids) startThread(worker, tid);
  return { trace, acceptor: worker, pool: tids.map((tid) => trace.thread(tid).at(20)) };
}

const parkUntil = (thread: ThreadLines, ms: number): ThreadLines =>
  ms > thread.now ? thread.call('futex(0x7f01, FUTEX_WAIT_PRIVATE, 0', ', NULL)', 0, ms - thread.now) : thread;

/** The thread reads the request of a connection, asks the upstream for so long, and answers. */
function serve(thread: ThreadLines, acceptor: ThreadLines, fd: number, length: number): ThreadLines {
  const upstream = fd + 40;
  thread.labels.set(fd, acceptor.labels.get(fd) ?? '');
  thread.read(fd, 'GET /up');
  connectTo(thread, upstream, 28_091, 70_000 + fd + Math.round(thread.now)).send(
    upstream,
    'GET /x HTTP/1.1\\r\\n\\r\\n',
  );
  return thread.read(upstream, 'HTTP/1.1 200 OK\\r\\n\\r\\n', length).close(upstream).reply(fd).close(fd);
}

/** Reads the next request of a connection that stays open, asks the upstream for so long, and answers. */
function serveKept(thread: ThreadLines, fd: number, length: number): void {
  const upstream = fd + 40;
  connectTo(thread.read(fd, 'GET /up'), upstream, 28_091, 70_000 + fd + Math.round(thread.now));
  thread.send(upstream, 'GET /x HTTP/1.1\\r\\n\\r\\n');
  thread.read(upstream, 'HTTP/1.1 200 OK\\r\\n\\r\\n', length).close(upstream).reply(fd);
}

/** A loop takes connections that have something to read out of its set, and its two threads read from them later. */
function handsOver(third: number): TraceLines {
  const { trace, acceptor, pool } = withPool(2);
  const [first, second] = pool as [ThreadLines, ThreadLines];
  for (const fd of [11, 12, 13]) {
    watch(acceptor.waitUntil(30 + fd, LISTENER).accept(fd), fd);
    for (const thread of pool) thread.labels.set(fd, acceptor.labels.get(fd) ?? '');
    parkUntil(first, 32 + fd)
      .read(fd, 'GET /first')
      .reply(fd);
  }
  for (let round = 0; round < 4; round++) {
    const from = 100 + round * 2500;
    const takenOut = (fd: number, ms: number): void => {
      acceptor.waitUntil(ms, fd).call(`epoll_ctl(${acceptor.fd(HUB)}, EPOLL_CTL_DEL, ${acceptor.fd(fd)}, NULL`, ')', 0);
    };
    takenOut(11, from);
    takenOut(12, from + 1);
    takenOut(13, from + third);
    serveKept(parkUntil(first, from + 0.5), 11, 1500);
    serveKept(parkUntil(second, from + 1.5), 12, 1500);
    serveKept(parkUntil(first.gap(0.1), from + third + 0.5), 13, 5);
    acceptor.waitUntil(from + 2000);
    for (const fd of [11, 12, 13]) watch(acceptor, fd);
  }
  acceptor.waitUntil(10_200);
  for (const thread of pool) parkUntil(thread, 10_200);
  return trace;
}

/** Requests come in pairs, and a further one of each pair waits: so many rounds of 2 s. */
function rounds(size: number, length: number, further: boolean): TraceLines {
  const { trace, acceptor, pool } = withPool(size);
  for (let round = 0; round < 4; round++) {
    const from = 100 + round * 2500;
    const connections = further ? size + 1 : size;
    for (let index = 0; index < connections; index++) acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
    for (const [index, thread] of pool.entries())
      serve(parkUntil(thread, from + index + 0.5), acceptor, 11 + index, length);
    if (further) serve((pool[0] as ThreadLines).gap(0.1), acceptor, 11 + size, 5);
  }
  acceptor.waitUntil(10_200);
  for (const thread of pool) parkUntil(thread, 10_200);
  return trace;
}

describe('a pool of threads is saturated while all of them are in requests and somebody waits for one', () => {
  it('which shows where a thread takes at once what was accepted long before', async () => {
    const { title, severity, metrics, workers } = only(await analyzed(rounds(2, 1500, true)), KIND);
    assert.equal(severity, 'critical');
    assert.match(title, /^GET \/up holds both pool threads 58\.\d % of the time: waits for 10\.0\.0\.7:28091$/);
    assert.deepEqual([metrics.workers, metrics.served, workers], [2, 8, [101]]);
  });

  for (const [waits, apart] of [
    [[451, 150], 1000],
    [[70, 40], 250],
  ] as const)
    it(`and held by what its threads waited for in most of a request, also where that is ${waits[0]} ms`, async () => {
      const { trace, acceptor, pool } = withPool(2);
      for (let round = 0; round < 7; round++) {
        const from = 100 + round * apart;
        for (let index = 0; index < 3; index++) acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
        for (const [index, thread] of pool.entries()) {
          const [fd, upstream] = [11 + index, 51 + index];
          thread.labels.set(fd, acceptor.labels.get(fd) ?? '');
          parkUntil(thread, from + index + 0.5).read(fd, 'GET /up');
          connectTo(thread, upstream, 28_091, 70_000 + fd + Math.round(thread.now));
          for (const ms of waits)
            thread.send(upstream, 'GET /x HTTP/1.1\\r\\n\\r\\n').read(upstream, 'HTTP/1.1 200 OK\\r\\n\\r\\n', ms);
          thread.close(upstream).reply(fd).close(fd);
        }
        serve((pool[0] as ThreadLines).gap(0.1), acceptor, 13, 5);
      }
      acceptor.waitUntil(7.4 * apart);
      for (const thread of pool) parkUntil(thread, 7.4 * apart);
      const { title } = only(await analyzed(trace, {}, { thresholds: { 'pool-wait-ms': 100 } }), KIND);
      assert.match(title, /^GET \/up holds both pool threads [\d.]+ % of the time: waits for 10\.0\.0\.7:28091$/);
    });

  it('or reads at once from a connection that the loop had taken out of its set long before (Tomcat)', async () => {
    const { title, severity } = only(await analyzed(handsOver(2)), KIND);
    assert.equal(severity, 'critical');
    assert.match(title, /^GET \/up holds both pool threads 58\.\d % of the time: waits for 10\.0\.0\.7:28091$/);
    none(await analyzed(handsOver(1600)), KIND);
  });

  it('also where its threads take turns at an epoll instance, at which one always is, as those of jetty', async () => {
    const inTurns = (further: boolean): TraceLines => {
      const { trace, acceptor, pool } = withPool(3);
      for (const thread of pool) {
        thread.labels.set(9, 'anon_inode:[eventpoll]');
        thread.epollWait(9, 5, []);
      }
      const [first, second, third] = pool as [ThreadLines, ThreadLines, ThreadLines];
      for (let round = 0; round < 4; round++) {
        const from = 100 + round * 2500;
        for (let index = 0; index < (further ? 3 : 2); index++)
          acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
        serve(parkUntil(first, from + 0.5), acceptor, 11, 1500);
        serve(parkUntil(second, from + 1.5), acceptor, 12, 1500);
        if (further) serve(first.gap(0.1), acceptor, 13, 5);
        third.epollWait(9, from + 2000 - third.now, []);
      }
      acceptor.waitUntil(10_200);
      for (const thread of pool) parkUntil(thread, 10_200);
      return trace;
    };
    const { title, metrics } = only(await analyzed(inTurns(true)), KIND);
    assert.match(title, /^GET \/up holds both pool threads 58\.\d % of the time: waits for 10\.0\.0\.7:28091$/);
    assert.deepEqual([metrics.workers, metrics.served], [2, 8]);
    none(await analyzed(inTurns(false)), KIND);
  });

  it('of threads that take turns three quarters are enough, since who looks for requests changes', async () => {
    /** Five threads of which four were busy once; in three rounds of 1.5 s so many are, and a further one waits. */
    const inTurns = (busy: number): TraceLines => {
      const { trace, acceptor, pool } = withPool(5);
      for (const thread of pool) {
        thread.labels.set(9, 'anon_inode:[eventpoll]');
        thread.epollWait(9, 5, []);
      }
      for (let round = 0; round < 4; round++) {
        const from = 100 + round * 2500;
        const order = [...pool.slice(round), ...pool.slice(0, round)];
        const count = round === 0 ? 4 : busy;
        const accepted = round === 0 ? count : count + 1;
        for (let index = 0; index < accepted; index++) acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
        for (const [index, thread] of order.slice(0, count).entries())
          serve(parkUntil(thread, from + index + 0.5), acceptor, 11 + index, 1500);
        if (round > 0) serve((order[0] as ThreadLines).gap(0.1), acceptor, 11 + count, 5);
        for (const thread of order.slice(count)) thread.epollWait(9, from + 2000 - thread.now, []);
      }
      acceptor.waitUntil(10_200);
      for (const thread of pool) parkUntil(thread, 10_200);
      return trace;
    };
    const { title, metrics } = only(await analyzed(inTurns(3)), KIND);
    // 4.5 s of 10.2 s.
    assert.match(title, /^GET \/up holds all 4 pool threads 44 % of the time: waits for 10\.0\.0\.7:28091$/);
    assert.equal(metrics.workers, 4);
    none(await analyzed(inTurns(2)), KIND);
  });

  it('and not while nobody waits', async () => {
    assert.match(none(await analyzed(rounds(2, 1500, false)), KIND), /as far as a request was seen to wait 500 ms/);
  });

  it('nor while the requests are short', async () => {
    none(await analyzed(rounds(2, 60, true)), KIND);
  });

  it('nor while a thread that has served is free', async () => {
    const { trace, acceptor, pool } = withPool(3);
    const [first, second, third] = pool as [ThreadLines, ThreadLines, ThreadLines];
    acceptor.waitUntil(50, LISTENER).accept(11);
    serve(parkUntil(third, 51), acceptor, 11, 5);
    for (let round = 0; round < 4; round++) {
      const from = 100 + round * 2500;
      for (let index = 0; index < 3; index++) acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
      serve(parkUntil(first, from + 0.5), acceptor, 11, 1500);
      serve(parkUntil(second, from + 1.5), acceptor, 12, 1500);
      serve(first.gap(0.1), acceptor, 13, 5);
    }
    acceptor.waitUntil(10_200);
    for (const thread of pool) parkUntil(thread, 10_200);
    none(await analyzed(trace), KIND);
  });

  it('also where the acceptor takes nobody meanwhile, as that of puma', async () => {
    const { trace, acceptor, pool } = withPool(2);
    for (let round = 0; round < 4; round++) {
      const from = 100 + round * 2500;
      for (const [index, thread] of pool.entries()) {
        acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
        serve(parkUntil(thread, from + index + 0.5), acceptor, 11 + index, 1500);
      }
      parkUntil(acceptor, from + 1500);
    }
    acceptor.waitUntil(10_200);
    for (const thread of pool) parkUntil(thread, 10_200);
    assert.equal(only(await analyzed(trace), KIND).metrics.workers, 2);
  });

  /** The acceptor sees a client, and waits for a lock so long before it takes that one; a thread answers at once. */
  function behindLock(ms: number, isSeen = true): TraceLines {
    const { trace, acceptor, pool } = withPool(2);
    for (let round = 0; round < 7; round++) {
      const from = 100 + round * 1000;
      if (isSeen) parkUntil(acceptor.waitUntil(from, LISTENER), from + ms).accept(11);
      else
        parkUntil(acceptor, from + ms)
          .waitUntil(from + ms + 50, LISTENER)
          .accept(11);
      serve(parkUntil(pool[round % 2] as ThreadLines, acceptor.now + 0.5), acceptor, 11, 5);
    }
    acceptor.waitUntil(10_200);
    for (const thread of pool) parkUntil(thread, 10_200);
    return trace;
  }

  it('and where an acceptor leaves clients in the queue, although its threads are in no long request', async () => {
    const { title, severity, summary, metrics } = only(await analyzed(behindLock(701)), KIND);
    assert.match(title, /^Worker 101 left new clients waiting 48(?:\.\d)? % of the time, longest 70[12] ms$/);
    assert.equal(severity, 'warning');
    assert.match(summary, /waited for a lock for 4\.91 s \(7 times, the longest 70[12] ms\): for a free thread/);
    assert.equal(metrics['workers'], 1);
  });

  it('but not for less than what counts as waiting for a pool, nor while nobody had come', async () => {
    none(await analyzed(behindLock(401)), KIND);
    none(await analyzed(behindLock(701, false)), KIND);
  });

  /** An acceptor that takes its listener out of its set for so long; in the end it finds one connection, or none. */
  async function aside(ms: number, isAwaited: boolean, isOut = true): Promise<ReturnType<typeof analyzed>> {
    const { trace, acceptor, pool } = withPool(2);
    for (let round = 0; round < 4; round++) {
      const from = 100 + round * 2500;
      for (const [index, thread] of pool.entries()) {
        acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
        serve(parkUntil(thread, from + index + 0.5), acceptor, 11 + index, ms);
      }
      if (isOut)
        acceptor.call(`epoll_ctl(7<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, ${acceptor.fd(LISTENER)}, NULL`, ')', 0);
      acceptor.waitUntil(from + ms + 2, 3);
      if (isOut) watch(acceptor, LISTENER);
      if (isAwaited) {
        acceptor.epollWait(7, 0.01, [LISTENER]).accept(13);
        serve(parkUntil(pool[0] as ThreadLines, acceptor.now + 0.1), acceptor, 13, 1);
      }
      acceptor.waitUntil(from + ms + 100, 3);
    }
    acceptor.waitUntil(10_200);
    for (const thread of pool) parkUntil(thread, 10_200);
    return analyzed(trace);
  }

  it('also where the acceptor takes its listener out of its set meanwhile, as the event MPM does', async () => {
    const { metrics, severity } = only(await aside(1500, true), KIND);
    assert.deepEqual([metrics.workers, severity], [2, 'critical']);
  });

  it('but not where nobody had come meanwhile, or not for long', async () => {
    none(await aside(1500, false), KIND);
    none(await aside(400, true), KIND);
  });

  it('nor where the listener had stayed in the set, which would have reported who came', async () => {
    none(await aside(1500, true, false), KIND);
  });

  /** Clients that keep their connections and ask again after so long; the acceptor has one more, or is free. */
  function kept(pause: number, isAwaited: boolean): TraceLines {
    const { trace, acceptor, pool } = withPool(2);
    keep(acceptor, pool, pause, isAwaited);
    return trace;
  }

  function keep(acceptor: ThreadLines, pool: readonly ThreadLines[], pause: number, isAwaited: boolean): void {
    for (const [index, thread] of pool.entries()) {
      acceptor.waitUntil(100 + index, LISTENER).accept(11 + index);
      thread.labels.set(11 + index, acceptor.labels.get(11 + index) ?? '');
      parkUntil(thread, 101 + index);
      thread.read(11 + index, 'GET /a').reply(11 + index);
      while (thread.now < 8_000) {
        const poll = `poll([{fd=${thread.fd(11 + index)}, events=POLLIN}], 1, 5000`;
        thread.call(poll, ')', `1 ([{fd=${11 + index}, revents=POLLIN}])`, pause);
        thread.read(11 + index, 'GET /a').reply(11 + index);
      }
      thread.close(11 + index);
    }
    acceptor.waitUntil(200, LISTENER).accept(13);
    if (isAwaited) parkUntil(acceptor, 8_000);
    acceptor.waitUntil(10_200);
    for (const thread of pool) parkUntil(thread, 10_200);
  }

  it('and it is held where clients keep their connections and ask nothing, as with the worker MPM', async () => {
    const { title, severity, summary, next } = only(await analyzed(kept(800, true)), KIND);
    assert.match(title, /^Both pool threads held by idle connections 7\d(?:\.\d)? % of the time$/);
    assert.equal(severity, 'critical');
    assert.match(
      summary,
      /sent nothing: they had their answer and .* slow to send a request\. Meanwhile the thread that accepts waited for a free one\./,
    );
    assert.match(next[0]?.text ?? '', /KeepAliveTimeout/);
  });

  it('and so is that of one process alone: a free thread of another one helps nobody in its queue', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [held, free] = workers.map((worker, place) => {
      const tids = [201 + 100 * place, 202 + 100 * place];
      for (const tid of tids) startThread(worker, tid);
      return { acceptor: worker, pool: tids.map((tid) => trace.thread(tid).at(20)) };
    });
    if (held === undefined || free === undefined) throw new Error('there are two');
    keep(held.acceptor, held.pool, 800, true);
    for (const [index, thread] of free.pool.entries()) {
      free.acceptor.waitUntil(110 + index * 20, LISTENER).accept(11);
      serve(parkUntil(thread, free.acceptor.now + 1), free.acceptor, 11, 3);
      parkUntil(thread, 10_200);
    }
    free.acceptor.waitUntil(10_200);
    const { title, workers: pids } = only(await analyzed(trace), KIND);
    assert.match(title, /^Both pool threads held by idle connections 7\d(?:\.\d)? % of the time$/);
    assert.deepEqual(pids, [101]);
  });

  it('but not where nobody waits for one of its threads, or its clients ask all the time', async () => {
    none(await analyzed(kept(800, false)), KIND);
    none(await analyzed(kept(20, true)), KIND);
  });

  it('nor where its threads give a client less than 500 ms to ask again, as those of puma', async () => {
    none(await analyzed(kept(499, true)), KIND);
    only(await analyzed(kept(500, true)), KIND);
  });

  it('but a thread for each connection is no pool', async () => {
    const { trace, worker } = oneWorker();
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < 2; index++) {
        const from = 100 + round * 1600 + index;
        const tid = 201 + round * 2 + index;
        worker.waitUntil(from, LISTENER).accept(11 + index);
        startThread(worker, tid);
        serve(trace.thread(tid).at(from + 0.5), worker, 11 + index, 1500).exits();
      }
    }
    worker.waitUntil(10_200);
    none(await analyzed(trace), KIND);
  });
});

it('an acceptor in a lock while its pool serves may wait for a free thread, and the title says so', async () => {
  const { trace, acceptor, pool } = withPool(2);
  for (let round = 0; round < 4; round++) {
    const from = 100 + round * 2500;
    for (const index of pool.keys()) acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
    acceptor.call('futex(0x7f09, FUTEX_WAIT_PRIVATE, 0', ', NULL)', 0, 701);
    for (const [index, thread] of pool.entries())
      serve(parkUntil(thread, from + index + 0.5), acceptor, 11 + index, 300);
  }
  acceptor.waitUntil(10_200);
  for (const thread of pool) parkUntil(thread, 10_200);
  const { severity, confidence, title } = only(await analyzed(trace), 'loop-stall');
  assert.deepEqual([severity, confidence], ['info', 'possible']);
  assert.match(title, /^Worker 101 stalled up to 70\d ms \(4x\): may wait for a free thread$/);
});

describe('an acceptor that sleeps for a moment again and again', () => {
  const SHORT = 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=16000}, ';

  /** While both threads of its pool serve, its thread looks every 13 ms whether it may accept. */
  function polling(looks: number): TraceLines {
    const { trace, acceptor, pool } = withPool(2);
    for (let round = 0; round < 3; round++) {
      const from = 100 + round * 2500;
      for (const index of pool.keys()) acceptor.waitUntil(from + index, LISTENER).accept(11 + index);
      const each = 712 / looks;
      for (let look = 0; look < looks; look++) {
        // Most of the time passes outside the sleeps: the machine is busy.
        acceptor.at(acceptor.now + each - 0.3).call(SHORT, 'NULL)', 0, 0.2);
      }
      for (const [index, thread] of pool.entries())
        serve(parkUntil(thread, from + index + 0.5), acceptor, 11 + index, 300);
    }
    acceptor.waitUntil(10_200);
    for (const thread of pool) parkUntil(thread, 10_200);
    return trace;
  }

  it('may wait for a free thread, however little of the time it was asleep', async () => {
    const { severity, confidence, title, next } = only(await analyzed(polling(53)), 'loop-stall');
    assert.deepEqual([severity, confidence], ['info', 'possible']);
    assert.match(title, /^Worker 101 stalled up to 70\d ms \(3x\): may wait for a free thread$/);
    assert.match(next[0]?.text ?? '', /^See what the threads of the pool wait for/);
  });

  it('is a stall where it sleeps but a few times', async () => {
    assert.equal(only(await analyzed(polling(10)), 'loop-stall').severity, 'info');
    const { severity, title } = only(await analyzed(polling(9)), 'loop-stall');
    assert.equal(severity, 'warning');
    assert.doesNotMatch(title, /free thread/);
  });
});
