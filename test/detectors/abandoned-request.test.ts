import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { connectTo, oneWorker, watch } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'abandoned-request';

/**
 * So many requests, one every 100 ms; `during` tells what happens between the first ones' request and the end of their
 * connection.
 */
function traffic(
  requests: number,
  leaving: number,
  during: (worker: ThreadLines) => void,
  request = 'GET /report',
): TraceLines {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < requests; index++) {
    worker.waitUntil(50 + index * 100, LISTENER).accept(11);
    watch(worker, 11, 'EPOLLIN|EPOLLRDHUP').read(11, request);
    if (index < leaving) during(worker);
    else worker.reply(11);
    worker.close(11);
  }
  worker.waitUntil(100 + requests * 100);
  return trace;
}

const leaves = (worker: ThreadLines): void => void worker.waitUntil(worker.now + 37, 11).readEnd(11);

describe('a client that leaves before the reply', () => {
  it('is seen by an end of file on its connection', async () => {
    const { metrics, confidence, summary, evidence } = only(await analyzed(traffic(23, 1, leaves)), KIND);
    const [request] = metrics.requests as unknown as readonly Record<string, unknown>[];
    assert.equal(metrics.count, 1);
    assert.deepEqual(
      [request?.pid, request?.fd, request?.peer, request?.request, request?.answered],
      [101, 11, '10.0.0.9:40011', 'GET /report', false],
    );
    assert.ok(Math.abs((request?.ageMs as number) - 37) < 0.2);
    assert.equal(confidence, 'likely');
    assert.match(
      summary,
      /^1 client closed the connection before the first byte of the reply; the oldest request, GET \/report, was 37 ms old/,
    );
    assert.match(evidence[0]?.text ?? '', /recvfrom\(11<.*"", 8192.* = 0/);
    assert.deepEqual([request?.upstream, request?.upstreamMs], [null, null]);
  });

  it('names the service that its request had waited for', async () => {
    const trace = traffic(23, 1, (worker) => {
      connectTo(worker, 12, 9000);
      worker
        .waitUntil(worker.now + 2, 12)
        .send(12, 'GET /b HTTP/1.0\\r\\n')
        .waitUntil(worker.now + 37, 11);
      worker.close(12).readEnd(11);
    });
    const { metrics, summary } = only(await analyzed(trace), KIND);
    const [request] = metrics.requests as unknown as readonly Record<string, unknown>[];
    // 2.02 ms to connect, 37.02 ms for the answer that did not come.
    assert.deepEqual([request?.upstream, request?.upstreamMs], ['10.0.0.7:9000', 39.04]);
    assert.match(summary, /; it had waited 39 ms for 10\.0\.0\.7:9000\./);
  });

  it('is seen by a reset', async () => {
    assert.equal(
      only(
        await analyzed(traffic(23, 3, (worker) => worker.waitUntil(worker.now + 37, 11).readNothing(11, 'ECONNRESET'))),
        KIND,
      ).metrics.count,
      3,
    );
  });

  for (const events of ['EPOLLIN|EPOLLRDHUP', 'EPOLLIN|EPOLLHUP|EPOLLRDHUP', 'EPOLLIN|EPOLLERR|EPOLLHUP']) {
    it(`is seen by the event ${events}`, async () => {
      const { metrics, evidence } = only(
        await analyzed(traffic(23, 3, (worker) => worker.epollWait(HUB, 37, [11], events))),
        KIND,
      );
      assert.equal(metrics.count, 3);
      assert.match(evidence[0]?.text ?? '', /epoll_wait\(.*HUP/);
    });
  }

  it('is counted once, whatever is seen of it', async () => {
    const report = await analyzed(
      traffic(23, 3, (worker) => worker.epollWait(HUB, 37, [11], 'EPOLLIN|EPOLLRDHUP').readEnd(11).readEnd(11)),
    );
    assert.equal(only(report, KIND).metrics.count, 3);
  });

  it('is only possible when it was answered: it may have closed its sending side alone', async () => {
    const { metrics, confidence, summary } = only(
      await analyzed(
        traffic(23, 3, (worker) => {
          leaves(worker);
          worker.reply(11);
        }),
      ),
      KIND,
    );
    assert.deepEqual([metrics.count, confidence], [3, 'possible']);
    assert.match(summary, /All of them were answered all the same/);
  });

  it('is left to broken-pipe when the reply to it failed', async () => {
    const report = await analyzed(
      traffic(23, 3, (worker) => {
        leaves(worker);
        worker.replyFails(11);
      }),
    );
    none(report, KIND);
    assert.equal(only(report, 'broken-pipe').metrics.count, 3);
  });

  it('is told although its connection is open when the trace ends', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 11).readEnd(11).waitUntil(500);
    assert.equal(only(await analyzed(trace), KIND).metrics.count, 1);
  });
});

describe('a connection that ends is no hang-up', () => {
  it('after the reply', async () => {
    const report = await analyzed(
      traffic(23, 23, (worker) =>
        worker
          .reply(11)
          .waitUntil(worker.now + 10, 11)
          .readEnd(11),
      ),
    );
    assert.match(none(report, KIND), /^no hang-up seen before the reply in 23 requests/);
  });

  it('before a request', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 23; index++)
      worker
        .waitUntil(50 + index * 20, LISTENER)
        .accept(11)
        .waitUntil(60 + index * 20, 11)
        .readEnd(11)
        .close(11);
    worker.waitUntil(900);
    none(await analyzed(trace), KIND);
  });

  it('before the whole request was read', async () => {
    none(await analyzed(traffic(23, 23, leaves, 'POST /upload')), KIND);
    const whole = traffic(23, 23, (worker) => leaves(worker.read(11, 'the body of it')), 'POST /upload');
    assert.equal(only(await analyzed(whole), KIND).metrics.count, 23);
  });
});

describe('the severity of hang-ups', () => {
  const severity = async (requests: number, leaving: number) =>
    only(await analyzed(traffic(requests, leaving, leaves)), KIND).severity;

  it('is a warning from 1 % of the requests on', async () => {
    assert.equal(await severity(101, 1), 'info');
    assert.equal(await severity(100, 1), 'warning');
  });

  it('is critical from 5 % on, if there are three', async () => {
    assert.equal(await severity(61, 3), 'warning');
    assert.equal(await severity(60, 3), 'critical');
    assert.equal(await severity(23, 2), 'warning');
  });
});

it('one cannot tell when no request is readable', async () => {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < 23; index++) worker.waitUntil(50 + index * 20, LISTENER).serve(11, '\\27\\3\\3\\0\\1');
  const report = await analyzed(trace);
  none(report, KIND);
});

it('times are left out when the trace has none', async () => {
  const { metrics, startMs, summary } = only(await analyzed(traffic(23, 3, leaves), { stamps: 'none' }), KIND);
  const [request] = metrics.requests as unknown as readonly Record<string, unknown>[];
  assert.deepEqual([metrics.count, request?.ageMs, request?.hungUpMs, startMs], [3, null, null, null]);
  assert.doesNotMatch(summary, /old/);
});

it('the metrics of a hang-up are those of its trace', async () => {
  const { trace, worker } = oneWorker();
  worker
    .waitUntil(50, LISTENER)
    .accept(11)
    .read(11, 'GET /a')
    .gap(100)
    .readEnd(11)
    .gap(100)
    .reply(11)
    .close(11)
    .waitUntil(2000);
  assert.deepEqual(only(await analyzed(trace), 'abandoned-request').metrics, {
    count: 1,
    requests: [
      // Connected at 50.02 ms, read at 50.04 ms; the end is read 100 ms later.
      {
        pid: 101,
        fd: 11,
        peer: '10.0.0.9:40011',
        request: 'GET /a',
        ageMs: 100.04,
        hungUpMs: 150.06,
        answered: true,
        upstream: null,
        upstreamMs: null,
      },
    ],
  });
});
