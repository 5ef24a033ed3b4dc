import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineRates } from '../../src/detectors/request-retry/demand.ts';
import type { Request } from '../../src/model/machine/connections.ts';
import { SECOND } from '../../src/trace/time.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { fork, MASTER, oneWorker, openHub, openListener, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'request-retry';
/** When the first attempt's reply fails. */
const FAILED = 100;

interface Again {
  readonly after?: number;
  readonly address?: string;
  readonly request?: string;
  readonly first?: string;
}

/** A request whose reply fails, and one that comes so many milliseconds later. */
function attempt({ after = 700, address = '10.0.0.9', first = 'GET /a', request = first }: Again = {}): TraceLines {
  const { trace, worker } = oneWorker();
  worker
    .waitUntil(50, LISTENER)
    .accept(11)
    .read(11, first)
    .waitUntil(FAILED - 0.02, 12)
    .replyFails(11)
    .close(11);
  worker
    .waitUntil(FAILED + after - 0.04, LISTENER)
    .accept(13, { address, port: 51_111 })
    .read(13, request)
    .reply(13)
    .close(13);
  worker.waitUntil(FAILED + after + 1000);
  return trace;
}

describe('a request that comes again after its client gave up', () => {
  it('is a retry: the same line, the same address, another connection', async () => {
    const { metrics, severity, confidence, summary, evidence } = only(await analyzed(attempt()), KIND);
    const [retry] = metrics.retries as unknown as readonly Record<string, unknown>[];
    assert.deepEqual(
      [metrics.count, retry?.request, retry?.pid, retry?.firstAtMs, retry?.againAtMs, retry?.sure],
      [1, 'GET /a', 101, 50.02, FAILED + 700 - 0.02, true],
    );
    assert.deepEqual([severity, confidence], ['warning', 'likely']);
    assert.match(summary, /first GET \/a, 750 ms after the first attempt/);
    assert.match(evidence[0]?.text ?? '', /EPIPE/);
    assert.match(evidence[1]?.text ?? '', /recvfrom\(13/);
  });

  it('is one within 30 s', async () => {
    assert.equal(only(await analyzed(attempt({ after: 30_000 })), KIND).metrics.count, 1);
    assert.equal(
      none(await analyzed(attempt({ after: 30_000.1 })), KIND),
      'in 2 requests 1 client left before the reply, and none asked again within 30 s',
    );
    assert.equal(
      only(await analyzed(attempt({ after: 40_000 }), {}, { thresholds: { 'retry-window-s': 40 } }), KIND).metrics
        .count,
      1,
    );
  });

  it('is surer within 2 s', async () => {
    assert.equal(only(await analyzed(attempt({ after: 2000 })), KIND).confidence, 'likely');
    const later = only(await analyzed(attempt({ after: 2000.1 })), KIND);
    assert.deepEqual([later.confidence, later.severity], ['possible', 'info']);
  });

  it('is a warning, however late, when it may change data twice', async () => {
    const { severity, why } = only(await analyzed(attempt({ after: 9000, first: 'POST /order' })), KIND);
    assert.equal(severity, 'warning');
    assert.match(why, /may change data twice \(POST \/order\)/);
  });

  it('may follow a hang-up that was seen while the request was worked on', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 11).readEnd(11).close(11);
    worker.waitUntil(700, LISTENER).accept(13).read(13, 'GET /a').reply(13).close(13).waitUntil(2000);
    const { summary } = only(await analyzed(trace), KIND);
    assert.doesNotMatch(summary, /had done the work/, 'nobody knows whether it had');
  });

  it('may come, to another worker, before the reply to the first one fails', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    first.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').gap(900).replyFails(11).close(11).waitUntil(2000);
    second.waitUntil(550, LISTENER).serve(11, 'GET /a').waitUntil(2000);
    const { metrics, confidence, evidence } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.count, confidence], [1, 'possible']);
    assert.match(evidence[0]?.text ?? '', /^101 .*EPIPE/);
    assert.match(evidence[1]?.text ?? '', /^102 .*recvfrom/);
  });

  it('comes that early only after 100 ms: equal requests stand beside each other all the time', async () => {
    const early = (ms: number) => {
      const { trace, workers } = prefork([101, 102]);
      const [first, second] = workers as [ThreadLines, ThreadLines];
      first.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').gap(900).replyFails(11).close(11).waitUntil(2000);
      second
        .waitUntil(50 + ms, LISTENER)
        .serve(11, 'GET /a')
        .waitUntil(2000);
      return trace;
    };
    none(await analyzed(early(99.9)), KIND);
    assert.equal(only(await analyzed(early(100)), KIND).metrics.count, 1);
  });

  it('may come before a hang-up that was seen is complete', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 11).readEnd(11);
    worker.waitUntil(500, LISTENER).serve(13, 'GET /a').waitUntil(900, 12).close(11).waitUntil(2000);
    assert.equal(only(await analyzed(trace), KIND).metrics.count, 1);
  });

  it('may come to another worker', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    first
      .waitUntil(50, LISTENER)
      .accept(11)
      .read(11, 'GET /a')
      .waitUntil(90, 12)
      .replyFails(11)
      .close(11)
      .waitUntil(2000);
    second.waitUntil(700, LISTENER).serve(11, 'GET /a').waitUntil(2000);
    const { metrics, workers: pids } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.count, pids], [1, [102]]);
  });
});

/** A worker that the master of another service forked, which listens at that port. */
function otherService(trace: TraceLines, port: number, label = 'socket:[4712]'): ThreadLines {
  const master = trace.thread(200).at(0);
  openListener(master, LISTENER, { label, port });
  fork(master, 201);
  master.stays('wait4(-1, ');
  const worker = trace.thread(201).at(5);
  worker.labels.set(LISTENER, label);
  openHub(worker);
  return worker;
}

/** A client leaves one worker, and its request line comes to another one. */
function toAnother(other: (trace: TraceLines) => ThreadLines): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 12).replyFails(11).close(11);
  worker.waitUntil(2000);
  other(trace).waitUntil(700, LISTENER).serve(11, 'GET /a').waitUntil(2000);
  return trace;
}

it('a service behind a proxy hears no retry of what its proxy heard: they listen at two ports', async () => {
  none(await analyzed(toAnother((trace) => otherService(trace, 8001))), KIND);
  // A socket of its own at the same port, as with SO_REUSEPORT, is one service.
  assert.equal(only(await analyzed(toAnother((trace) => otherService(trace, 8000))), KIND).metrics.count, 1);
});

it('workers of one master are one service where the place of a socket is not told', async () => {
  const retried = (master: number): TraceLines => {
    const trace = new TraceLines();
    fork(trace.thread(MASTER).at(0), 101);
    fork(trace.thread(master).at(1), 201);
    const first = trace.thread(101).at(2);
    openListener(first, LISTENER);
    openHub(first);
    first.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 12).replyFails(11).close(11);
    first.waitUntil(2000);
    // How its socket was made is not in the capture: only the number is known.
    const second = trace.thread(201).at(3);
    second.labels.set(LISTENER, 'socket:[4999]');
    openHub(second);
    second.waitUntil(700, LISTENER).serve(11, 'GET /a').waitUntil(2000);
    return trace;
  };
  assert.equal(only(await analyzed(retried(MASTER)), KIND).metrics.count, 1);
  none(await analyzed(retried(200)), KIND);
});

describe('a request is no retry', () => {
  it('from another address', async () => void none(await analyzed(attempt({ address: '10.0.0.8' })), KIND));
  it('with another path', async () => void none(await analyzed(attempt({ request: 'GET /b' })), KIND));
  it('with another method', async () => void none(await analyzed(attempt({ request: 'POST /a' })), KIND));
  it('with another query', async () =>
    void none(await analyzed(attempt({ first: 'GET /a?x=1', request: 'GET /a?x=2' })), KIND));

  it('on the connection on which the first one failed', async () => {
    const { trace, worker } = oneWorker();
    worker
      .waitUntil(50, LISTENER)
      .accept(11)
      .read(11, 'GET /a')
      .waitUntil(90, 12)
      .replyFails(11)
      .reply(11)
      .waitUntil(700, 11)
      .read(11, 'GET /a')
      .reply(11)
      .close(11)
      .waitUntil(2000);
    none(await analyzed(trace), KIND);
  });

  it('when the first one was answered', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 7; index++) worker.waitUntil(50 + index * 100, LISTENER).serve(11, 'GET /a');
    none(await analyzed(trace), KIND);
  });

  it('when that line comes as often anyway', async () => {
    const popular = (every: number) => {
      const { trace, worker } = oneWorker();
      for (let at = 50; at < 3000; at += every) worker.waitUntil(at, LISTENER).serve(11, 'GET /ping');
      worker.waitUntil(3000, LISTENER).accept(11).read(11, 'GET /ping').replyFails(11).close(11);
      worker.waitUntil(4000, LISTENER).serve(12, 'GET /ping').waitUntil(5000);
      return trace;
    };
    // Ten a second: ten were to be expected until then.
    none(await analyzed(popular(100)), KIND);
    // One in three seconds.
    assert.equal(only(await analyzed(popular(3000)), KIND).metrics.count, 1);
  });

  it('when that line comes as often now, although the server was quiet for minutes', async () => {
    const since = (begin: number, every: number) => {
      const { trace, worker } = oneWorker();
      for (let at = begin; at < begin + 9000; at += every) worker.waitUntil(at, LISTENER).serve(11, 'GET /ping');
      worker
        .waitUntil(begin + 9500, LISTENER)
        .accept(11)
        .read(11, 'GET /ping')
        .replyFails(11)
        .close(11);
      worker
        .waitUntil(begin + 12_500, LISTENER)
        .serve(12, 'GET /ping')
        .waitUntil(begin + 20_000);
      return trace;
    };
    // One was to be expected in these 3 s, and none in the 2 s before.
    for (const begin of [50, 600_000]) {
      none(await analyzed(since(begin, 2400)), KIND);
      assert.equal(only(await analyzed(since(begin, 9000)), KIND).metrics.count, 1);
    }
  });

  it('when several of that line are always at work', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    for (let at = 50; at < 3000; at += 100) second.waitUntil(at, LISTENER).serve(11, 'GET /ping');
    first.waitUntil(2010, LISTENER).accept(11).read(11, 'GET /ping').gap(900).replyFails(11).close(11).waitUntil(4000);
    second.waitUntil(4000);
    none(await analyzed(trace), KIND);
  });

  it('twice for one loss', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 12).replyFails(11).close(11);
    for (const at of [300, 600, 900]) worker.waitUntil(at, LISTENER).serve(12, 'GET /a');
    worker.waitUntil(2000);
    assert.equal(only(await analyzed(trace), KIND).metrics.count, 1);
  });
});

it('is clear where requests were read, and cannot be told where none was', async () => {
  const served = (requests: number): TraceLines => {
    const { trace, worker } = oneWorker();
    for (let request = 0; request < requests; request++)
      worker.waitUntil(worker.now + 50, LISTENER).serve(11, 'GET /a');
    worker.waitUntil(1_000);
    return trace;
  };
  assert.equal((await analyzed(served(1))).outcomes[KIND]?.status, 'clear');
  assert.equal((await analyzed(served(0))).outcomes[KIND]?.status, 'not-applicable');
});

it('without times one cannot tell', async () => {
  const report = await analyzed(attempt(), { stamps: 'none' });
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
  assert.match(none(report, KIND), /no times/);
});

it('the metrics of a retry are those of its trace', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  first.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').gap(700).replyFails(11).close(11).waitUntil(3000);
  second.waitUntil(1100, LISTENER).accept(11, { port: 40_077 }).read(11, 'GET /a').reply(11).close(11).waitUntil(3000);
  assert.deepEqual(only(await analyzed(trace), 'request-retry').metrics, {
    count: 1,
    retries: [{ request: 'GET /a', pid: 102, firstAtMs: 50.02, againAtMs: 1100.02, sure: true }],
  });
});

it('the usual rate of a line counts from the first stamp on, also when a call had begun before', () => {
  const demand = new LineRates(7);
  const requests = Array.from(
    { length: 11 },
    (_, index) => ({ identity: 'GET /a', readAt: index * SECOND }) as Request,
  );
  for (const request of requests) demand.add(request);
  const [first] = requests as [Request];
  const again = { identity: 'GET /a' } as Request;
  assert.equal(demand.usually(first, 0, 22 * SECOND, again) * SECOND, 0.5);
  assert.equal(demand.usually(first, -66 * SECOND, 22 * SECOND, again) * SECOND, 0.5);
  assert.equal(demand.usually(first, 11 * SECOND, 22 * SECOND, again) * SECOND, 1);
});

it('what came lately are the others of that line up to then, within that time', () => {
  const demand = new LineRates(7);
  const at = (seconds: number) => ({ identity: 'GET /a', readAt: seconds * SECOND }) as Request;
  const [first, again] = [at(9), at(11)];
  for (const request of [at(7), at(8), first, at(10), again]) demand.add(request);
  const lately = (now: number, time: number) => demand.lately('GET /a', now * SECOND, time * SECOND, [first, again]);
  assert.equal(lately(10, 2), 2, 'at 8 and 10 s');
  assert.equal(lately(9.9, 2), 1, 'at 8 s');
  assert.equal(lately(10.1, 2), 1, 'at 10 s');
  assert.equal(lately(99, 2), 0);
  assert.equal(demand.lately('GET /b', 10 * SECOND, 2 * SECOND, []), 0);
});
