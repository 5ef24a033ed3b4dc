import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { attached, oneWorker, openHub, openListener, startThread, watch } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';
import { oneTurn } from '../support/turns.ts';

const KIND = 'loop-stall';

describe('what the tracer itself takes', () => {
  /** Calls that never block, 4 µs each and 7 µs apart: what they take is the tracer's. */
  function tinyCalls(calls: number, work: number): TraceLines {
    return oneTurn(calls * 0.011 + work + 1, (worker) => {
      for (let call = 0; call < calls; call++) worker.call('getpid(', ')', 101, 0.004).gap(0.007);
    });
  }

  it('is no stall: a long run of tiny calls', async () => {
    none(await analyzed(tinyCalls(13_000, 0)), KIND);
  });

  it('is told apart from the rest of a stall', async () => {
    const { metrics, summary } = only(await analyzed(tinyCalls(13_000, 150)), KIND);
    assert.equal(Math.round(metrics.stallMs as number), 294);
    assert.ok((metrics.correctedMs as number) > 145 && (metrics.correctedMs as number) < 180, `${metrics.correctedMs}`);
    assert.match(summary, /About 1\d\d ms without what the tracer added\.$/);
  });

  it('is not subtracted when the trace is too short to measure it', async () => {
    const { metrics } = only(await analyzed(oneTurn(150)), KIND);
    assert.equal(metrics.correctedMs, metrics.stallMs);
  });

  it('is up to 50 ms after each new socket with -yy, and nothing with -y', async () => {
    const accepted = (label: string, first = 45): TraceLines => {
      const trace = new TraceLines();
      const worker = trace.thread(101);
      openListener(worker, LISTENER, { label });
      openHub(worker);
      worker
        .waitUntil(50, LISTENER)
        .accept(11)
        .gap(first)
        .read(11, 'GET /a')
        .gap(60)
        .reply(11)
        .close(11)
        .waitUntil(500);
      return trace;
    };
    none(await analyzed(accepted('TCP:[127.0.0.1:8000]')), KIND);
    assert.equal(only(await analyzed(accepted('socket:[4711]')), KIND).metrics.longestGapMs, 60);
    const { metrics } = only(await analyzed(accepted('TCP:[127.0.0.1:8000]', 170)), KIND);
    // Four calls, 170 ms and 60 ms, of which 50 ms may be a look-up.
    assert.deepEqual([metrics.stallMs, metrics.correctedMs], [230.08, 180.08]);
  });
});

describe('a stall in a poorer capture', () => {
  it('is possible without durations; the time is that up to the next line', async () => {
    const nap = oneTurn(200, (worker) =>
      worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, 170),
    );
    const { metrics, confidence, summary } = only(await analyzed(nap, { durations: false }), KIND);
    assert.deepEqual([metrics.cause, metrics.stallMs, metrics.callMs, confidence], ['sleep', 200, 199.92, 'possible']);
    assert.match(summary, /clock_nanosleep took 200 ms up to the next line \(a sleep\)/);
  });

  it('is said to lack durations although split calls tell some', async () => {
    const { trace, workers } = attached([101, 102]);
    for (const worker of workers) worker.waitUntil(50, LISTENER).serve(11, 'GET /a', { work: 150 }).waitUntil(500);
    const { quality } = await analyzed(trace, { durations: false });
    assert.equal(quality.grade, 'partial');
    assert.match(quality.notes.join(' '), /No call durations \(-T\)/);
    assert.equal((await analyzed(trace)).quality.grade, 'good');
  });

  it('may be computing or the call before without durations', async () => {
    const { metrics, confidence, summary } = only(await analyzed(oneTurn(200), { durations: false }), KIND);
    assert.deepEqual([metrics.cause, confidence], ['no-syscall', 'possible']);
    assert.match(
      summary,
      /no line for 200 ms \(in the call before, running, or waiting for a CPU: without -T one cannot tell\)/,
    );
  });

  it('is none without durations when the loop was in its own wait', async () => {
    const { trace, worker } = oneWorker();
    worker
      .waitUntil(50, LISTENER)
      .serve(11, 'GET /a')
      .waitUntil(2000, LISTENER)
      .serve(11, 'GET /a')
      .waitUntil(4000, LISTENER)
      .serve(11, 'GET /a');
    none(await analyzed(trace, { durations: false }), KIND);
  });

  it('has to be longer than a second by whole-second stamps, unless a call tells its duration', async () => {
    none(await analyzed(oneTurn(900), { stamps: 'seconds' }), KIND);
    const { confidence, metrics, summary } = only(await analyzed(oneTurn(2300), { stamps: 'seconds' }), KIND);
    assert.deepEqual([confidence, metrics.cause], ['possible', 'no-syscall']);
    assert.match(summary, /With times in whole seconds the stall may have been up to a second shorter or longer\.$/);
    const nap = oneTurn(300, (worker) =>
      worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, 170),
    );
    const inCall = only(await analyzed(nap, { stamps: 'seconds' }), KIND);
    assert.deepEqual([inCall.metrics.cause, inCall.metrics.callMs, inCall.confidence], ['sleep', 170, 'possible']);
    assert.match(inCall.summary, /for 170 ms while serving GET \/slow: clock_nanosleep took 170 ms/);
  });

  it('is possible without times when its calls alone tell that they took so long', async () => {
    const nap = oneTurn(200, (worker) =>
      worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, 170),
    );
    const { metrics, confidence, startMs, endMs } = only(await analyzed(nap, { stamps: 'none' }), KIND);
    assert.deepEqual(
      [metrics.cause, metrics.callMs, confidence, startMs, endMs],
      ['sleep', 170, 'possible', null, null],
    );
  });

  it('cannot be told without times when it is no call', async () => {
    for (const durations of [true, false]) {
      const report = await analyzed(oneTurn(2000), { stamps: 'none', durations });
      assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
      assert.match(none(report, KIND), /The capture has no times.*strace -f -ttt/);
    }
  });

  it('names no worker when the lines name none', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a', { work: 150 }).waitUntil(500);
    const { title, next } = only(await analyzed(trace, { pids: false }), KIND);
    assert.match(title, /^GET \/a holds the worker (?:for )?150 ms/);
    assert.ok(next.every(({ command = '' }) => !/\b0\b/.test(command)));
  });
});

describe('a thread that is no event loop has no stalls', () => {
  it('when it serves one request at a time, on sockets that its hub never sees', async () => {
    const { trace, workers } = attached([101, 102]);
    for (const worker of workers) {
      for (let index = 0; index < 7; index++) {
        worker.call(
          `pselect6(8, [${worker.fd(LISTENER)}], NULL, NULL, {tv_sec=30, tv_nsec=0}, NULL`,
          ')',
          '1 (in [5], left {tv_sec=29, tv_nsec=9})',
          40,
        );
        worker.call(
          `accept4(${worker.fd(LISTENER)}, `,
          '{sa_family=AF_INET, sin_port=htons(4000), sin_addr=inet_addr("10.0.0.9")}, [16], SOCK_CLOEXEC)',
          '11<socket:[9]>',
        );
        worker.labels.set(11, 'socket:[9]');
        worker.read(11, 'GET /slow').gap(300).reply(11).close(11);
      }
    }
    const report = await analyzed(trace);
    assert.deepEqual(
      report.workers.map(({ role }) => role),
      ['sync-worker', 'sync-worker'],
    );
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
    assert.match(none(report, KIND), /sync workers: they serve one request at a time by design/);
    none(report, 'service-stall');
  });

  it('when it takes one event at a time, as uWSGI does', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    for (let index = 0; index < 7; index++) {
      worker
        .call(`epoll_wait(${worker.fd(HUB)}, `, '[{events=EPOLLIN, data={u32=5, u64=5}}], 1, -1)', 1, 40)
        .accept(11)
        .read(11, 'GET /slow')
        .gap(300)
        .reply(11)
        .close(11);
    }
    none(await analyzed(trace), KIND);
  });

  it('when its accept blocks', async () => {
    const trace = new TraceLines();
    const worker = trace.thread(101);
    worker.labels.set(LISTENER, 'socket:[4711]');
    for (let index = 0; index < 7; index++)
      worker.accept(11, { ms: 500 }).read(11, 'GET /slow').gap(300).reply(11).close(11);
    const report = await analyzed(trace);
    assert.equal(report.workers[0]?.role, 'blocking-acceptor');
    none(report, KIND);
  });

  it('when it is the master, which sleeps between looks at its workers', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(9000);
    const master = trace.reborn(77).at(1);
    for (let index = 0; index < 7; index++)
      master
        .call(
          'pselect6(4, [3<pipe:[9]> 4<pipe:[8]>], NULL, NULL, {tv_sec=1, tv_nsec=0}, NULL',
          ')',
          '0 (Timeout)',
          1000,
        )
        .gap(200);
    none(await analyzed(trace), KIND);
  });
});

describe('a thread that only accepts, and hands connections to a pool', () => {
  it('has stalls, for its own sake; its pool has none', async () => {
    const { trace, worker } = oneWorker();
    startThread(worker, 111);
    const pool = trace.thread(111).at(10);
    for (let index = 0; index < 7; index++) {
      worker.waitUntil(50 + index * 400, LISTENER).accept(11);
      pool.labels.set(11, worker.labels.get(11) ?? '');
      pool
        .call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, 51 + index * 400 - pool.now)
        .read(11, 'GET /slow')
        .gap(250)
        .reply(11)
        .close(11);
    }
    worker.waitUntil(3000, 9).gap(170).waitUntil(4000);
    const report = await analyzed(trace);
    assert.deepEqual(
      ofKind(report, KIND).map(({ metrics }) => metrics.stallMs),
      [170],
    );
    assert.equal(report.workers.find(({ pid }) => pid === 101)?.role, 'acceptor');
  });
});

it('a loop without a listener has stalls as well: waits for sockets, and mostly in its hub', async () => {
  const trace = new TraceLines();
  const client = trace.thread(101);
  client.labels.set(HUB, 'anon_inode:[eventpoll]');
  client.labels.set(12, 'socket:[77]');
  client
    .call('socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP', ')', '12<socket:[77]>')
    .call(
      `connect(${client.fd(12)}, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.7")}, 16`,
      ')',
      0,
    );
  watch(client, 12);
  for (let index = 0; index < 7; index++) client.waitUntil(200 + index * 200, 12).read(12, 'x');
  client.gap(180).waitUntil(3000);
  assert.equal(only(await analyzed(trace), KIND).metrics.longestGapMs, 180);
});
