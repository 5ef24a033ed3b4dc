import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { openHub, openListener } from '../support/server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';
import { sample } from '../support/truth.ts';

const KIND = 'stranded-queue';

/** Event-loop workers with a socket each on these ports. */
function workersOn(...ports: readonly number[]) {
  const trace = new TraceLines();
  const workers = ports.map((port, index) => {
    const worker = trace.thread(101 + index).at(index);
    openListener(worker, LISTENER, { label: `socket:[${4711 + index}]`, port, reusePort: true });
    openHub(worker);
    return worker;
  });
  return { trace, workers };
}

/** From 50 ms on the worker sits in one request for so long, then finds so many connections in its queue. */
function stalls(worker: ThreadLines, { from = 50, ms = 500, queued = 7 } = {}): void {
  worker.waitUntil(from, LISTENER).accept(11).read(11, 'GET /slow').gap(ms).reply(11).close(11);
  if (queued > 0) worker.waitUntil(worker.now + QUICK, LISTENER);
  for (let index = 0; index < queued; index++) worker.accept(20 + index);
  if (queued > 0) worker.acceptNothing();
  worker.waitUntil(3000);
}

/** Serves one request and waits for the next. */
function idles(worker: ThreadLines): void {
  worker.waitUntil(30, LISTENER).serve(11, 'GET /a').waitUntil(3000);
}

async function strandedWith(
  stall: Parameters<typeof stalls>[1],
  other: (worker: ThreadLines) => void = idles,
  ports = [8000, 8000],
) {
  const { trace, workers } = workersOn(...ports);
  for (const [index, worker] of workers.entries()) {
    if (index === 0) stalls(worker, stall);
    else other(worker);
  }
  return analyzed(trace);
}

it('connections that queued up at a stalled worker while another waited for work are stranded', async () => {
  const report = await strandedWith({}, idles, [8000, 8000, 8000]);
  const { severity, metrics, workers, evidence, summary, related } = only(report, KIND);
  assert.equal(severity, 'warning');
  assert.deepEqual([metrics.listener, metrics.queues, metrics.count, metrics.connections], ['127.0.0.1:8000', 3, 1, 7]);
  assert.deepEqual(workers, [101]);
  assert.match(summary, /7 connections waited for up to 500 ms on worker 101 while workers 102, 103 were free/);
  assert.match(evidence[0]?.text ?? '', /accept4\(5<socket:\[4711\]>/);
  assert.ok(related.some((id) => id.startsWith('loop-stall')));
});

it('fewer than three are not told', async () => {
  assert.match(none(await strandedWith({ queued: 2 }), KIND), /2 connections waited on one of 2 queues/);
  assert.equal(only(await strandedWith({ queued: 3 }), KIND).metrics.connections, 3);
});

it('a short stall strands nobody', async () => {
  none(await strandedWith({ ms: 99 }), KIND);
  assert.equal(only(await strandedWith({ ms: 101 }), KIND).metrics.count, 1);
});

it('nobody is stranded while the other worker is in a long turn as well', async () => {
  none(await strandedWith({}, (worker) => stalls(worker, { queued: 0 })), KIND);
  // It was free for the first 90 ms of 500, then for the first 110.
  none(await strandedWith({}, (worker) => stalls(worker, { from: 140, queued: 0 })), KIND);
  only(await strandedWith({}, (worker) => stalls(worker, { from: 160, queued: 0 })), KIND);
});

it('one queue for all, or another address, is no matter of this kind', async () => {
  const { trace, workers } = workersOn(8000);
  stalls(workers[0] as ThreadLines);
  none(await analyzed(trace), KIND);
  const report = await strandedWith({}, idles, [8000, 8001]);
  none(report, KIND);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});

it('a worker that was not there yet, or no more, could not have taken them', async () => {
  none(
    await strandedWith(
      { from: 50 },
      (worker) => void worker.waitUntil(40, LISTENER).serve(11, 'GET /a').waitUntil(200).exits(),
    ),
    KIND,
  );
});

it('a worker that shares its own queue is not missed while its sibling looks at it', async () => {
  const { trace, workers } = workersOn(8000, 8000);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  const sibling = trace.thread(104).at(5);
  first.call('clone(child_stack=NULL, flags=SIGCHLD', ')', 104);
  sibling.labels.set(LISTENER, 'socket:[4711]');
  openHub(sibling);
  idles(sibling);
  stalls(first);
  idles(second);
  none(await analyzed(trace), KIND);
});

it('sync workers do not stall, they are busy: the shared queue is advised at once', async () => {
  const { title, next } = only(await analyzeFiles([sample('stranded-queue/sync').trace]), KIND);
  assert.match(title, /^\d+ connections waited up to 7\d\d ms on a busy worker; others were free$/);
  assert.match(next[0]?.text ?? '', /start gunicorn without --reuse-port/);
  const stalled = only(await analyzeFiles([sample('stranded-queue').trace]), KIND);
  assert.match(stalled.next[0]?.text ?? '', /^First mend this: /);
});

it('the metrics of a queue left alone are those of its trace', async () => {
  assert.deepEqual(only(await strandedWith({}), KIND).metrics, {
    listener: '127.0.0.1:8000',
    queues: 2,
    count: 1,
    connections: 7,
    longestMs: 500.06,
    // From the accept before the stall to the next wait: a read, 500 ms, a reply and a close.
    stranded: [{ pid: 101, startMs: 50.02, endMs: 550.08, connections: 7, free: [102] }],
  });
});
