import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { growthOf } from '../../src/detectors/fd-leak/growth.ts';
import type { CensusPoint } from '../../src/model/topics/leaks/descriptor-census.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { connectTo, oneWorker } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'fd-leak';

/** A worker that serves so many requests, one every 100 ms, doing the same in each. */
function serves(requests: number, work: (worker: ThreadLines, request: number) => void): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(150, LISTENER).serve(11, 'GET /ping').waitUntil(300);
  for (let request = 0; request < requests; request++) {
    worker
      .waitUntil(400 + 100 * request, LISTENER)
      .accept(11)
      .read(11, 'GET /report');
    work(worker, request);
    worker.reply(11).close(11);
  }
  worker.waitUntil(400 + 100 * requests + 500);
  worker.waitUntil(400 + 100 * requests + 1000);
  return trace;
}

function opens(worker: ThreadLines, fd: number): void {
  worker.call('openat(AT_FDCWD, "/srv/export", O_RDWR|O_CREAT', ', 0600)', `${fd}</srv/export-${fd}>`);
  worker.labels.set(fd, `/srv/export-${fd}`);
}

describe('descriptors that a worker keeps', () => {
  it('are a leak from 20 on, and the request that opens them is named', async () => {
    assert.match(
      none(await analyzed(serves(23, (worker, request) => request < 19 && opens(worker, 100 + request))), KIND),
      /^no process/,
    );
    const { metrics, severity, confidence, summary, evidence, title } = only(
      await analyzed(serves(20, (worker, request) => opens(worker, 100 + request))),
      KIND,
    );
    assert.deepEqual([severity, confidence, metrics.group, metrics.growth], ['warning', 'possible', 'file', 20]);
    assert.equal(title, 'Worker 101 keeps 20 more open files than before the load');
    assert.match(summary, /Most are \/srv\/export-N \(20\)\. Most were opened while serving GET \/report\./);
    assert.match(evidence[0]?.text ?? '', /openat/);
  });

  it('are likely a leak from 50 on', async () => {
    assert.equal(
      only(await analyzed(serves(49, (worker, request) => opens(worker, 100 + request))), KIND).confidence,
      'possible',
    );
    assert.equal(
      only(await analyzed(serves(50, (worker, request) => opens(worker, 100 + request))), KIND).confidence,
      'likely',
    );
  });

  it('are none once they have stopped growing, for so many requests that three more were due', async () => {
    // A cache of files: every second request opens one, and later ones find theirs.
    const cache = (after: number): TraceLines =>
      serves(46 + after, (worker, request) => request < 46 && request % 2 === 1 && opens(worker, 100 + request));
    assert.equal(only(await analyzed(cache(5)), KIND).metrics['growth'], 23);
    none(await analyzed(cache(7)), KIND);
  });

  it('are none when they fill a pool or a cache and stay', async () => {
    none(await analyzed(serves(97, (worker, request) => request < 43 && opens(worker, 100 + request))), KIND);
  });

  it('are none when they are closed later', async () => {
    const batch = (worker: ThreadLines, request: number): void => {
      opens(worker, 100 + request);
      if (request % 31 === 30) for (let fd = 100 + request - 30; fd <= 100 + request; fd++) worker.close(fd);
    };
    none(await analyzed(serves(93, batch)), KIND);
  });

  it('are sockets to another service, unless a second request uses them', async () => {
    const connects = (worker: ThreadLines, request: number): void => {
      connectTo(worker, 100 + request, 5432).send(100 + request, 'opaque');
    };
    const { metrics } = only(await analyzed(serves(41, connects)), KIND);
    assert.deepEqual([metrics.group, metrics.growth], ['socket', 41]);
    assert.deepEqual(metrics.names, [{ name: '10.0.0.7:5432 (PostgreSQL by convention)', open: 41 }]);
    const pools = (worker: ThreadLines, request: number): void => {
      connects(worker, request);
      if (request > 0) worker.send(100 + request - 1, 'opaque');
    };
    none(await analyzed(serves(41, pools)), KIND);
  });

  it('are none while their requests are not answered', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(150, LISTENER).serve(11, 'GET /ping').waitUntil(300);
    for (let request = 0; request < 41; request++) {
      worker
        .waitUntil(400 + 100 * request, LISTENER)
        .accept(200 + request)
        .read(200 + request, 'GET /slow');
      connectTo(worker, 100 + request, 5432).send(100 + request, 'opaque');
    }
    worker.waitUntil(9000);
    none(await analyzed(trace), KIND);
  });

  it('cannot be told when close was not traced', async () => {
    const trace = serves(41, (worker, request) => opens(worker, 100 + request));
    const text = trace.text().replace(/^.*close\(.*\n/gm, '');
    const report = await analyzed(text);
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
  });

  it('do not count a second time in the next life of a pid, nor when the worker ends', async () => {
    const trace = serves(41, (worker, request) => opens(worker, 100 + request));
    trace.thread(101).exits();
    assert.equal(only(await analyzed(trace), KIND).metrics.growth, 41);
  });
});

/** A worker that reads the end of so many connections to another service and keeps them for `seconds`. */
function forgets(sockets: number, seconds: number): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  for (let fd = 100; fd < 100 + sockets; fd++) connectTo(worker, fd, 8081).readEnd(fd);
  worker.reply(11).close(11);
  worker.waitUntil(worker.now + seconds * 1000);
  return trace;
}

describe('sockets whose other end has closed', () => {
  it('are forgotten from five on after ten seconds', async () => {
    none(await analyzed(forgets(4, 11)), KIND);
    none(await analyzed(forgets(7, 9.9)), KIND);
    const { metrics, title, openEnded, evidence, next } = only(await analyzed(forgets(5, 10.1)), KIND);
    assert.deepEqual([metrics.count, metrics.clients, openEnded], [5, 0, true]);
    assert.equal(title, 'Worker 101 keeps 5 sockets open whose other end has closed');
    assert.match(evidence[0]?.text ?? '', /recvfrom\(10\d/);
    assert.match(next[0]?.command ?? '', /close-wait/);
  });

  it('are those of clients, too, unless their request is still being answered', async () => {
    const clients = (answered: boolean): TraceLines => {
      const { trace, worker } = oneWorker();
      for (let fd = 100; fd < 107; fd++) {
        worker
          .waitUntil(worker.now + 5, LISTENER)
          .accept(fd)
          .read(fd, 'GET /a');
        if (answered) worker.reply(fd);
        worker.readEnd(fd);
      }
      worker.close(90).waitUntil(20_000);
      return trace;
    };
    const { metrics, summary } = only(await analyzed(clients(true)), KIND);
    assert.equal(metrics.clients, 7);
    assert.match(summary, /^Worker 101 read the end of 7 connections of clients and never closed them/);
    assert.deepEqual(ofKind(await analyzed(clients(false)), KIND), []);
  });
});

it('whose forgotten sockets are is said: of services, or of both', async () => {
  const { summary } = only(await analyzed(forgets(7, 11)), KIND);
  assert.match(
    summary,
    /^Worker 101 read the end of 7 connections of other services and never closed them\. .* open like this for 11\.00 s\./,
  );
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(90).read(90, 'GET /a').reply(90).readEnd(90);
  for (let fd = 100; fd < 107; fd++) connectTo(worker, fd, 8081).readEnd(fd);
  worker.close(300).waitUntil(20_000);
  const both = only(await analyzed(trace), KIND);
  assert.deepEqual([both.metrics.count, both.metrics.clients], [8, 1]);
  assert.match(both.summary, /^Worker 101 read the end of 8 connections of clients and other services and/);
});

it('the metrics of a leak are those of its trace', async () => {
  const { metrics } = only(await analyzed(serves(41, (worker, request) => opens(worker, 100 + request))), KIND);
  const { perMinute, ...others } = metrics;
  assert.deepEqual(others, {
    group: 'file',
    growth: 41,
    // The request before the load is one of them.
    requests: 42,
    perRequest: 0.976,
    workers: [{ pid: 101, before: 0, after: 41, requests: 42 }],
    names: [{ name: '/srv/export-N', open: 41 }],
    // What opens them is remembered once there are ten.
    openedWhile: [{ request: 'GET /report', opened: 31 }],
  });
  // 41 from the last count before the first request, of 150 ms, to the first count after the last, of 4.4 s; the worker
  // calls at 4.9 s again.
  assert.ok(Number(perMinute) >= (41 * 60) / 5 && Number(perMinute) <= (41 * 60) / 4.25, String(perMinute));
});

it('the metrics of forgotten sockets are those of their trace', async () => {
  const { metrics } = only(await analyzed(forgets(7, 11)), KIND);
  const { oldestMs, ...others } = metrics;
  assert.deepEqual(others, { worker: 101, count: 7, clients: 0 });
  assert.ok(Math.abs(Number(oldestMs) - 11_000) < 10, String(oldestMs));
});

it('sockets are forgotten as of the last count, whatever else changed by then', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  for (let fd = 100; fd < 107; fd++) connectTo(worker, fd, 8081).readEnd(fd);
  worker.reply(11).close(11).waitUntil(9900);
  // As many as before are left, and something else is opened: that makes the last count.
  opens(worker, 200);
  worker.waitUntil(11_000);
  assert.equal(only(await analyzed(trace), KIND).metrics.count, 7);
});

it('what grows may fall by a tenth of its growth in between, also in the first step', () => {
  const growth = (...files: readonly number[]) => {
    const points = files.map((file, index) => ({ requests: index, inFlight: 0, counts: { file } }));
    return growthOf(points as unknown as CensusPoint[], 'file', 20)?.growth ?? null;
  };
  // From 100 to 200, after a fall of 10, then of 11.
  assert.equal(growth(100, 90, 115, 125, 150, 165, 175, 185, 200), 100);
  assert.equal(growth(100, 89, 115, 125, 150, 165, 175, 185, 200), null);
  // Half at the beginning and half at the end is a pool that grew twice; a tenth in each quarter of them is enough.
  assert.equal(growth(100, 125, 150, 150, 150, 150, 150, 175, 200), null);
  assert.equal(growth(100, 125, 150, 155, 160, 165, 170, 185, 200), 100);
  assert.equal(growth(100, 125, 150, 155, 159, 165, 170, 185, 200), null);
});

it('sockets that were closed in time are not forgotten, although no request follows', async () => {
  const closing = (closed: number): TraceLines => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    for (let fd = 100; fd < 107; fd++) connectTo(worker, fd, 8081).readEnd(fd);
    worker.reply(11).close(11).waitUntil(9000);
    for (let fd = 100; fd < 100 + closed; fd++) worker.close(fd);
    for (let second = 10; second <= 13; second++) worker.waitUntil(second * 1000);
    return trace;
  };
  none(await analyzed(closing(7)), KIND);
  assert.equal(only(await analyzed(closing(0)), KIND).metrics.count, 7);
});
