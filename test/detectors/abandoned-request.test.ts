import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { attached, connectTo, oneWorker, watch } from '../support/server-lines.ts';
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

  it('is none where nobody is ever answered what cannot be read: logs and counters are sent so', async () => {
    const sends = (bytes: string, answered: number): TraceLines => {
      const { trace, worker } = oneWorker();
      for (let index = 0; index < 13; index++) {
        worker
          .waitUntil(50 + index * 100, LISTENER)
          .accept(11)
          .send(11, 'VERSION stats 4\\n')
          .read(11, bytes)
          .read(11, bytes);
        if (index < answered) worker.send(11, 'OK\\n');
        worker
          .waitUntil(worker.now + 37, 11)
          .readEnd(11)
          .close(11);
      }
      worker.waitUntil(2_000);
      return trace;
    };
    const report = await analyzed(sends('EVENT\\t12\\n', 0));
    assert.match(
      none(report, KIND),
      /^Cannot tell whether 13 clients left before a reply: what was sent is no request/,
    );
    // Who answers some owes the others an answer; a request that can be read is one.
    assert.equal(only(await analyzed(sends('EVENT\\t12\\n', 1)), KIND).metrics.count, 12);
    assert.equal(only(await analyzed(sends('GET /a', 0)), KIND).metrics.count, 13);
  });

  it('is none where processes pass sockets on to talk to each other, as those of a browser do', async () => {
    /** Another process passes a socket on; what comes through it gets no answer, and the other end closes. */
    const passed = (bytes: string): TraceLines => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
      for (let index = 0; index < 13; index++) {
        const label = `socket:[${900 + index}]`;
        worker.waitUntil(60 + index * 100, 4);
        worker.call(
          'recvmsg(4<socket:[31]>, ',
          '{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, ' +
            `msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[13<${label}>]}], msg_flags=0}, 0)`,
          1,
        );
        worker.labels.set(13, label);
        worker.read(13, bytes).read(13, bytes);
        worker
          .waitUntil(worker.now + 37, 13)
          .readEnd(13)
          .close(13);
      }
      worker.waitUntil(2_000);
      return trace;
    };
    assert.match(none(await analyzed(passed('\\20\\0\\1')), KIND), /another process passed the socket on/);
    assert.equal(only(await analyzed(passed('GET /work')), KIND).metrics.count, 13);
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

  it('is told although its connection is open when the capture ends', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(20, LISTENER).serve(12, 'GET /b');
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
    none(await analyzed(traffic(23, 22, leaves, 'POST /upload')), KIND);
    const whole = traffic(23, 22, (worker) => leaves(worker.read(11, 'the body of it')), 'POST /upload');
    assert.equal(only(await analyzed(whole), KIND).metrics.count, 22);
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

describe('one cannot tell whether a client left before the reply', () => {
  const REASON = /^Cannot tell whether 3 clients left before the reply/;

  /** Three clients that left, without a reply in the capture; `also` tells what else is in it. */
  function unanswered(also: (worker: ThreadLines, trace: TraceLines) => void): TraceLines {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.call('write(2</var/log/app.log>, ', '"ready", 5)', 5);
    for (let index = 0; index < 3; index++) {
      worker
        .waitUntil(50 + index * 100, LISTENER)
        .accept(11)
        .read(11, 'GET /a');
      also(worker, trace);
      worker
        .waitUntil(90 + index * 100, 11)
        .readEnd(11)
        .close(11);
    }
    worker.waitUntil(500);
    return trace;
  }

  it('where the only thread that is traced wakes others, which may have answered', async () => {
    const wakes = (result: number) => (worker: ThreadLines) =>
      void worker.call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', result);
    const report = await analyzed(unanswered(wakes(1)));
    assert.match(none(report, KIND), REASON);
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
    // Nobody waited.
    assert.equal(only(await analyzed(unanswered(wakes(0))), KIND).metrics.count, 3);
  });

  it('where it hands calls over by io_uring', async () => {
    const trace = unanswered((worker) =>
      worker.call('io_uring_enter(9<anon_inode:[io_uring]>, 1, 0, 0, NULL, 8', ')', 1),
    );
    assert.match(none(await analyzed(trace), KIND), REASON);
  });

  it('where another thread wrote to that number, and nothing tells sockets apart', async () => {
    const answer = (worker: ThreadLines, trace: TraceLines): void =>
      void trace
        .thread(112)
        .at(worker.now + 5)
        .call('sendto(11, "late", 4, 0, NULL, 0', ')', 4);
    const bare = unanswered(answer)
      .text()
      .replace(/<(?:socket|anon_inode):\[[^>]*\]>/g, '');
    assert.match(none(await analyzed(bare), KIND), REASON);
    const other = unanswered((worker, trace) =>
      trace
        .thread(112)
        .at(worker.now + 5)
        .call('sendto(12, "late", 4, 0, NULL, 0', ')', 4),
    );
    const apart = other.text().replace(/<(?:socket|anon_inode):\[[^>]*\]>/g, '');
    assert.equal(only(await analyzed(apart), KIND).metrics.count, 3);
  });

  it('where only network calls were recorded, and replies go out by writev', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.send(8, '<13>log');
    worker.at(50).accept(11).read(11, 'GET /a').gap(40).readEnd(11);
    assert.match(none(await analyzed(trace), KIND), /^Cannot tell whether 1 client left before the reply/);
  });

  it('but can where the process answers most of what it reads', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    for (let index = 0; index < 5; index++) worker.waitUntil(10 + index, LISTENER).serve(11, 'GET /b');
    worker.call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', 1);
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').waitUntil(90, 11).readEnd(11).close(11).waitUntil(500);
    assert.equal(only(await analyzed(trace), KIND).metrics.count, 1);
  });
});

describe('a client that seems to leave', () => {
  it('had its reply when another thread was writing that before the end was seen', async () => {
    const { trace, workers } = attached([101, 112]);
    const [worker, pool] = workers as [ThreadLines, ThreadLines];
    pool.call('sched_yield(', ')', 0);
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    pool.labels.set(11, worker.labels.get(11) ?? '');
    // Its write returns after the other thread has read the end.
    pool.at(60).send(11, 'HTTP/1.1 200 OK\\r\\n\\r\\nok', { ms: 5 });
    worker.at(62).readEnd(11).at(70).close(11).waitUntil(500);
    none(await analyzed(trace), KIND);
  });

  it('is info on a connection that speaks TLS: whether a request was open is an estimate', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 3; index++) {
      worker.waitUntil(50 + index * 100, LISTENER).accept(11);
      const record = (type: string, length: string, size: number): void =>
        void worker.call(`recvfrom(${worker.fd(11)}, `, `"\\${type}\\3\\3${length}"..., 8192, 0, NULL, NULL)`, size);
      record('26', '\\0\\374', 257);
      worker.send(11, '\\26\\3\\3x');
      record('27', '\\0E', 74);
      record('27', '\\0X', 5);
      worker.call(`recvfrom(${worker.fd(11)}, `, '"xyz"..., 8192, 0, NULL, NULL)', 88);
      worker
        .waitUntil(90 + index * 100, 11)
        .readEnd(11)
        .close(11);
    }
    worker.waitUntil(500);
    const { severity, confidence, summary } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, confidence], ['info', 'possible']);
    assert.match(summary, /All of them spoke TLS/);
  });
});
