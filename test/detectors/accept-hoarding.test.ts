import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const KIND = 'accept-hoarding';

interface Batch {
  readonly at?: number;
  readonly connections?: number;
  /** Milliseconds of work without a call in each request. */
  readonly work?: number;
  /** Goes back to its wait after each accept. */
  readonly oneByOne?: boolean;
}

/** Accepts so many connections, then serves one after the other. */
function takes(worker: ThreadLines, { at = 50, connections = 5, work = 150, oneByOne = false }: Batch = {}): void {
  worker.waitUntil(at, LISTENER);
  for (let index = 0; index < connections; index++) {
    worker.accept(11 + index);
    if (oneByOne) worker.waitUntil(worker.now + 0.01, LISTENER);
  }
  for (let index = 0; index < connections; index++)
    worker
      .read(11 + index, `GET /${index}`)
      .gap(work)
      .reply(11 + index)
      .close(11 + index);
  worker.waitUntil(4000);
}

/** Serves a small request now and then. */
function servesEvery(worker: ThreadLines, ms: number, work = 0): void {
  for (let at = 30; at < 3000; at += ms) worker.waitUntil(at, LISTENER).serve(11, 'GET /a', { work });
  worker.waitUntil(4000);
}

async function hoarded(batch: Batch, other: (worker: ThreadLines) => void = (worker) => servesEvery(worker, 500)) {
  const { trace, workers } = prefork([101, 102, 103]);
  takes(workers[0] as ThreadLines, batch);
  for (const worker of workers.slice(1)) other(worker);
  return analyzed(trace);
}

it('requests behind others of the worker that took them all, while others wait for work, are hoarded', async () => {
  const { severity, metrics, workers, title, summary, evidence } = only(await hoarded({}), KIND);
  assert.equal(title, '4 requests waited in a worker that took too many; others were idle');
  assert.equal(severity, 'warning');
  // The first had nobody before it.
  assert.deepEqual([metrics.acceptors, metrics.count, metrics.mostInOneGo], [3, 4, 5]);
  assert.deepEqual(workers, [101]);
  assert.match(summary, /1 worker of 3 accepted up to 5 connections.*The longest, GET \/4, waited there for 600 ms/);
  assert.match(evidence[0]?.text ?? '', /sendto/);
});

it('two of them are not told', async () => {
  assert.match(
    none(await hoarded({ connections: 3 }), KIND),
    /2 requests waited in one worker while another was idle; at most 3 accepted in one go/,
  );
  assert.equal(only(await hoarded({ connections: 4 }), KIND).metrics.count, 3);
});

it('many connections in one go are nothing when none of them waits', async () => {
  assert.match(none(await hoarded({ connections: 29, work: 0 }), KIND), /0 requests waited.*at most 29 accepted/);
  // Five of 24 ms each: the last stands behind 96 ms.
  none(await hoarded({ work: 24 }), KIND);
  // With 51 ms each, the third to fifth stand behind more than 100 ms.
  assert.equal(only(await hoarded({ work: 51 }), KIND).metrics.count, 3);
});

it('a worker that goes back to its wait after each accept is no hoarder', async () => {
  none(await hoarded({ oneByOne: true }), KIND);
});

it('nobody hoards while the others have work as well', async () => {
  none(await hoarded({}, (worker) => takes(worker, { connections: 1, work: 900 })), KIND);
  // Waits of less than 20 ms are no rest.
  none(await hoarded({}, (worker) => servesEvery(worker, 19)), KIND);
  only(await hoarded({}, (worker) => servesEvery(worker, 25)), KIND);
});

it('an idle worker that shows nothing until the capture ends is idle all the same', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  first.waitUntil(20, LISTENER).serve(11, 'GET /a');
  takes(first);
  second.waitUntil(25, LISTENER).serve(11, 'GET /b').stays('epoll_wait(7<anon_inode:[eventpoll]>, ');
  assert.equal(only(await analyzed(trace), KIND).metrics.count, 4);
});

it('a client that sends late is not waiting while its worker has time', async () => {
  for (const [idle, counted] of [
    [60, 3],
    [200, 0],
  ] as const) {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER);
    for (const fd of [11, 12, 13, 14]) first.accept(fd);
    first
      .read(11, 'GET /first')
      .gap(300)
      .reply(11)
      .close(11)
      .waitUntil(first.now + idle, 12);
    for (const fd of [12, 13, 14]) first.read(fd, `GET /${fd}`).reply(fd).close(fd);
    first.waitUntil(4000);
    servesEvery(second, 500);
    assert.equal(
      (await analyzed(trace)).findings.find(({ kind }) => kind === KIND)?.metrics.count ?? 0,
      counted,
      `${idle} ms`,
    );
  }
});

it('one worker alone cannot be judged', async () => {
  const { trace, worker } = oneWorker();
  takes(worker);
  const report = await analyzed(trace);
  none(report, KIND);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});

it('the metrics of hoarded requests are those of their trace', async () => {
  const { trace, workers } = prefork([101, 102]);
  takes(workers[0] as ThreadLines, { connections: 4 });
  servesEvery(workers[1] as ThreadLines, 5000);
  const { requests, longestMs, ...others } = only(await analyzed(trace), KIND).metrics;
  assert.deepEqual(others, { listener: '127.0.0.1:8000', acceptors: 2, count: 3, mostInOneGo: 4 });
  // Accepts end at 50.02 ms and every 0.02 ms after that. A request takes 150.06 ms: read, work, reply, close.
  const told = requests as unknown as Record<string, number | string>[];
  assert.deepEqual(
    told.map(({ pid, request, acceptedMs, idle }) => [pid, request, acceptedMs, idle]),
    [
      [101, 'GET /1', 50.04, 102],
      [101, 'GET /2', 50.06, 102],
      [101, 'GET /3', 50.08, 102],
    ],
  );
  for (const [index, { acceptedMs, repliedMs, behindMs, idleMs }] of told.entries()) {
    const begins = 50.08 + (index + 1) * 150.06;
    // To whom the close of the one before belongs is a question of 0.02 ms.
    assert.ok(Math.abs(Number(repliedMs) - begins) <= 0.03, String(repliedMs));
    assert.ok(Math.abs(Number(behindMs) - (begins - Number(acceptedMs))) <= 0.03, String(behindMs));
    assert.equal(idleMs, behindMs);
  }
  assert.equal(longestMs, told[2]?.behindMs);
});
