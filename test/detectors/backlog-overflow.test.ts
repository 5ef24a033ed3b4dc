import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { attached, fork, openHub } from '../support/server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'backlog-overflow';
const LABEL = 'socket:[4711]';

/** Event-loop workers that share a listener with this backlog. */
function sharing(backlog: number, pids: readonly number[] = [101]) {
  const trace = new TraceLines();
  const master = trace.thread(100).at(0);
  master.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP', ')', `${LISTENER}<${LABEL}>`);
  master.labels.set(LISTENER, LABEL);
  master.call(`listen(${master.fd(LISTENER)}, ${backlog}`, ')', 0);
  for (const pid of pids) fork(master, pid);
  const workers = pids.map((pid) => {
    const worker = trace.thread(pid).at(5);
    worker.labels.set(LISTENER, LABEL);
    openHub(worker);
    return worker;
  });
  return { trace, workers };
}

/** Accepts one connection at `at`, does not look for so long, then accepts so many one after the other. */
function flood(worker: ThreadLines, { at = 50, away = 500, accepts = 0, apart = 0.1, drains = true }): void {
  worker
    .waitUntil(at, LISTENER)
    .accept(11)
    .read(11, 'GET /stall')
    .at(at + QUICK + away)
    .waitUntil(at + 2 * QUICK + away, LISTENER);
  for (let index = 0; index < accepts; index++) worker.gap(apart).accept(20 + index);
  if (drains) worker.acceptNothing();
  worker.waitUntil(worker.now + 1000);
}

/** A worker with a backlog of 23 that finds so many connections in its queue. */
async function found(accepts: number, backlog = 23) {
  const { trace, workers } = sharing(backlog);
  flood(workers[0] as ThreadLines, { accepts });
  return analyzed(trace);
}

it('four fifths of the backlog taken in one go are possible, more than the backlog is likely an overflow', async () => {
  assert.match(none(await found(18), KIND), /18 connections at most had queued up while nobody accepted, backlog 23/);
  const nearly = only(await found(19), KIND);
  assert.deepEqual(
    [nearly.severity, nearly.confidence, nearly.metrics.most, nearly.metrics.limit],
    ['warning', 'possible', 19, 23],
  );
  assert.equal(only(await found(23), KIND).confidence, 'possible');
  const over = only(await found(24), KIND);
  assert.deepEqual([over.severity, over.confidence], ['critical', 'likely']);
  assert.match(over.evidence[0]?.text ?? '', /accept4/);
  assert.match(over.evidence[1]?.text ?? '', /listen\(5<socket:\[4711\]>, 23\)/);
});

it('with a very short backlog a handful is still chance', async () => {
  none(await found(4, 1), KIND);
  assert.equal(only(await found(5, 1), KIND).metrics.most, 5);
});

it('a longer backlog than the kernel allows is cut to what it allows', async () => {
  assert.match(none(await found(29, 65_535), KIND), /backlog 4,096/);
});

it('a crowd that comes while the worker looks is no overflow', async () => {
  for (const [away, expected] of [
    [99, 0],
    [101, 1],
  ] as const) {
    const { trace, workers } = sharing(23);
    flood(workers[0] as ThreadLines, { away, accepts: 29 });
    assert.equal((await analyzed(trace)).findings.filter(({ kind }) => kind === KIND).length, expected, `${away} ms`);
  }
});

it('connections that are taken slowly may have come meanwhile', async () => {
  for (const [apart, confidence] of [
    [4, 'likely'],
    [6, 'possible'],
  ] as const) {
    const { trace, workers } = sharing(23);
    flood(workers[0] as ThreadLines, { accepts: 24, apart });
    assert.equal(only(await analyzed(trace), KIND).confidence, confidence);
  }
});

it('what is accepted after as much time again is new', async () => {
  const { trace, workers } = sharing(23);
  flood(workers[0] as ThreadLines, { accepts: 100, apart: 29, drains: false });
  assert.match(none(await analyzed(trace), KIND), /1[67] connections at most/);
});

it('a wait that waits says that the queue was empty', async () => {
  const { trace, workers } = sharing(23);
  const worker = workers[0] as ThreadLines;
  worker.waitUntil(50, LISTENER).accept(11).gap(500);
  for (let index = 0; index < 29; index++) worker.waitUntil(worker.now + 2, LISTENER).accept(20 + index);
  worker.waitUntil(2000);
  none(await analyzed(trace), KIND);
});

it('what two workers take from one queue at once is added up; after each other it is not', async () => {
  for (const [later, most] of [
    [3, 22],
    [1500, 11],
  ] as const) {
    const { trace, workers } = sharing(13, [101, 102]);
    for (const [index, worker] of workers.entries()) flood(worker, { at: 50 + index * later, accepts: 11 });
    assert.equal(only(await analyzed(trace), KIND).metrics.most, most);
  }
});

it('each time that the queue was full is counted', async () => {
  const { trace, workers } = sharing(13);
  for (const at of [50, 2000, 4000]) flood(workers[0] as ThreadLines, { at, accepts: 14 });
  const { metrics, summary } = only(await analyzed(trace), KIND);
  assert.equal(metrics.count, 3);
  assert.match(summary, /With a backlog of 13 the kernel queues 14\. 3 times the queue was full or nearly full\./);
});

it('a capture without durations, or without listen, cannot tell', async () => {
  const { trace, workers } = sharing(13);
  flood(workers[0] as ThreadLines, { accepts: 29 });
  assert.match(none(await analyzed(trace, { durations: false }), KIND), /-ttt -T/);
  const later = attached([101]);
  flood(later.workers[0] as ThreadLines, { accepts: 29 });
  assert.match(none(await analyzed(later.trace), KIND), /does not show listen/);
});

it('the metrics of a full queue are those of its trace', async () => {
  const { trace, workers } = sharing(23);
  const [worker] = workers as [ThreadLines];
  flood(worker, { accepts: 19 });
  flood(worker, { at: 3000, accepts: 29, apart: 1 });
  // Nobody looks for 500 ms after the first accept. The next wait takes 0.02 ms, and each further connection 0.02 ms
  // after its pause.
  assert.deepEqual(only(await analyzed(trace), KIND).metrics, {
    listener: 'socket:[4711]',
    backlog: 23,
    limit: 23,
    count: 2,
    most: 29,
    awayMs: 500,
    floods: [
      { fromMs: 50.02, startMs: 550.02, endMs: 552.32, accepted: 19 },
      { fromMs: 3000.02, startMs: 3500.02, endMs: 3529.62, accepted: 29 },
    ],
  });
});

it('a queue of which a blocking accept takes was left alone from 100 ms without an accept on', async () => {
  const leftAlone = async (ms: number) => {
    const { trace, workers } = sharing(23);
    const [worker] = workers as [ThreadLines];
    worker
      .at(50)
      .accept(11)
      .read(11, 'GET /stall')
      .at(50 + QUICK + ms);
    for (let index = 0; index < 24; index++) worker.accept(20 + index);
    worker.acceptNothing().gap(1000).close(11);
    return analyzed(trace);
  };
  none(await leftAlone(99.999), KIND);
  assert.equal(only(await leftAlone(100), KIND).metrics.most, 24);
});
