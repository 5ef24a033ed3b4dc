import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker, prefork, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'disk-sync';
const FILE = '21</var/lib/a.db>';

/** One loop that serves a request at 50 ms and syncs so many times while it does, each for `ms` milliseconds. */
function syncs(count: number, ms: number, call = 'fsync'): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /order');
  for (let index = 0; index < count; index++) worker.call(`${call}(${FILE}`, ')', 0, ms);
  worker.reply(11).close(11).waitUntil(9000);
  return trace;
}

/** A sync worker that serves one connection with so many milliseconds of syncs in it. */
function blocking(ms: number): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  for (const [index, worker] of (workers as ThreadLines[]).entries()) {
    for (let request = 0; request < 3; request++) {
      worker
        .call(
          'select(6, [5], NULL, NULL, {tv_sec=1, tv_usec=0}',
          ')',
          '1 (in [5], left {tv_sec=0, tv_usec=900000})',
          20,
        )
        .call(
          'accept4(5<socket:[4711]>, ',
          '{sa_family=AF_INET, sin_port=htons(40011), sin_addr=inet_addr("10.0.0.9")}, [16], SOCK_CLOEXEC)',
          '11<socket:[5001]>',
        )
        .read(11, 'POST /order');
      if (index === 0 && request === 1) worker.call(`fdatasync(${FILE}`, ')', 0, ms);
      worker.reply(11).close(11);
    }
    worker.stays('select(6, [5], NULL, NULL, {tv_sec=1, tv_usec=0}');
  }
  return trace;
}

describe('waiting for the disk', () => {
  it('is nothing that a client waits for, where the process saves what it has because it was told to end', async () => {
    const saving = (signal: string): TraceLines => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(500).signal(signal);
      worker.call(`fsync(${FILE}`, ')', 0, 211).exits();
      return trace;
    };
    assert.equal(only(await analyzed(saving('SIGUSR1')), KIND).severity, 'warning');
    none(await analyzed(saving('SIGTERM')), KIND);
  });

  it('on an event loop is a warning from 100 ms within one turn on, in one sync or in several', async () => {
    assert.match(none(await analyzed(syncs(1, 99.9)), KIND), /1 sync, the longest 100 ms, none long enough to report/);
    const { severity, metrics, title, summary, evidence } = only(await analyzed(syncs(1, 100)), KIND);
    assert.deepEqual([severity, metrics.count, metrics.totalMs, metrics.onLoop], ['warning', 1, 100, true]);
    assert.deepEqual(metrics.files, [{ path: '/var/lib/a.db', count: 1, totalMs: 100, longestMs: 100 }]);
    assert.equal(title, 'Worker 101 waited 100 ms for the disk: 1 fsync on /var/lib/a.db');
    assert.match(summary, /Most of that time it served POST \/order\./);
    assert.match(evidence[0]?.text ?? '', /fsync\(21<\/var\/lib\/a\.db>\)/);
    none(await analyzed(syncs(7, 14.2)), KIND);
    assert.equal(only(await analyzed(syncs(7, 14.3)), KIND).severity, 'warning');
  });

  it('on a thread that serves one request at a time is a warning from 500 ms on', async () => {
    none(await analyzed(blocking(499)), KIND);
    const { severity, metrics } = only(await analyzed(blocking(500)), KIND);
    assert.deepEqual([severity, metrics.onLoop], ['warning', false]);
  });

  it('in many turns, or many requests, is throughput however much it is in a second', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 61; index++)
      worker
        .waitUntil(50 + index * 16, LISTENER)
        .accept(11)
        .read(11, 'POST /order')
        .call(`fsync(${FILE}`, ')', 0, 14)
        .reply(11)
        .close(11);
    worker.waitUntil(9000);
    const { severity, metrics, summary } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, metrics.count, metrics.longestTogetherMs], ['info', 61, 14]);
    assert.ok((metrics.worstMsPerSecond as number) > 800);
    assert.match(summary, /the worst turn of the loop 14 ms\./);
  });

  it('often and not for long is a line, from 20 within a second on', async () => {
    none(await analyzed(syncs(19, 1)), KIND);
    const { severity, metrics } = only(await analyzed(syncs(20, 1)), KIND);
    assert.deepEqual([severity, metrics.mostPerSecond, metrics.totalMs], ['info', 20, 20]);
  });

  it('counts a sync that took no time, and none outside of the asked window', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /order');
    for (const ms of [70, 0, 50]) worker.call(`fsync(${FILE}`, ')', 0, ms);
    worker.at(1200).call(`fsync(${FILE}`, ')', 0, 130);
    worker.reply(11).close(11).waitUntil(9000);
    assert.equal(only(await analyzed(trace), KIND).metrics.count, 4);
    const to = { kind: 'relative', nanoseconds: 1e9 } as const;
    const { metrics } = only(await analyzed(trace, {}, { to }), KIND);
    assert.deepEqual([metrics.count, metrics.totalMs], [3, 120]);
  });

  it('tells how long 95 % of them took', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /order');
    for (let index = 0; index < 97; index++) worker.call(`fsync(${FILE}`, ')', 0, index < 3 ? 200 : 3);
    worker.reply(11).close(11).waitUntil(9000);
    const { metrics } = only(await analyzed(trace), KIND);
    assert.equal(metrics.longestMs, 200);
    assert.ok((metrics.p95Ms as number) >= 3 && (metrics.p95Ms as number) < 3.5, String(metrics.p95Ms));
  });

  it('on a thread that serves nobody is where it belongs', async () => {
    const { trace, worker } = oneWorker();
    startThread(worker, 140);
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(9000);
    trace.thread(140).at(60).call(`fsync(${FILE}`, ')', 0, 5003);
    none(await analyzed(trace), KIND);
  });

  it('is seen for every call of its kind', async () => {
    for (const call of ['fsync', 'fdatasync', 'sync_file_range']) {
      const { title } = only(await analyzed(syncs(1, 211, call)), KIND);
      assert.ok(title.includes(`1 ${call}`), title);
    }
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /order');
    worker.call('msync(0x7f0000000000, 4096, MS_SYNC', ')', 0, 211).reply(11).close(11).waitUntil(9000);
    assert.equal(only(await analyzed(trace), KIND).title, 'Worker 101 waited 211 ms for the disk: 1 msync');
  });
});

it('the metrics of syncs are those of their trace', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /order');
  for (const ms of [70, 50]) worker.call(`fsync(${FILE}`, ')', 0, ms);
  worker.at(1200).call('fdatasync(22</var/lib/b.log>', ')', 0, 130);
  worker.reply(11).close(11).waitUntil(9000);
  const { p95Ms, ...metrics } = only(await analyzed(trace), KIND).metrics;
  assert.deepEqual(metrics, {
    worker: 101,
    thread: 101,
    onLoop: true,
    count: 3,
    totalMs: 250,
    longestMs: 130,
    mostPerSecond: 2,
    worstMsPerSecond: 130,
    longestTogetherMs: 250,
    longestWaits: [
      { pid: 101, startMs: 1200, endMs: 1330 },
      { pid: 101, startMs: 50.04, endMs: 120.04 },
      { pid: 101, startMs: 120.04, endMs: 170.04 },
    ],
    files: [
      { path: '/var/lib/b.log', count: 1, totalMs: 130, longestMs: 130 },
      { path: '/var/lib/a.db', count: 2, totalMs: 120, longestMs: 70 },
    ],
    requests: [{ request: 'POST /order', syncs: 3 }],
  });
  assert.ok(Math.abs(Number(p95Ms) - 130) < 130 * 0.1, String(p95Ms));
});

it('one long sync is information where nobody is seen to serve', async () => {
  const took = (seconds: string): string =>
    `16:52:58 fsync(6) = 0 <0.012378>\n16:53:41 fsync(6) = 0 <${seconds}>\n16:53:49 fsync(6) = 0 <0.001508>\n`;
  const { severity, title } = only(await analyzed(took('5.000151')), KIND);
  assert.deepEqual([severity, title], ['info', 'The worker waited 5.01 s for the disk: 3 x fsync on fd 6']);
  none(await analyzed(took('0.499000')), KIND);
});

it('of threads that sync often and harm nobody the one with most time speaks for its process', async () => {
  const { trace, workers } = prefork([101]);
  const [main] = workers as [ThreadLines];
  main.waitUntil(50, LISTENER).serve(11, 'GET /a');
  for (const [tid, ms] of [
    [140, 2],
    [141, 3],
    [142, 1],
  ] as const) {
    startThread(main, tid);
    const thread = trace.thread(tid).at(1000);
    for (let sync = 0; sync < 29; sync++) thread.call(`fsync(${FILE}`, ')', 0, ms).gap(10);
  }
  main.waitUntil(3000);
  const { severity, metrics } = only(await analyzed(trace), KIND);
  assert.deepEqual([severity, metrics.thread, metrics.totalMs], ['info', 141, 87]);
});
