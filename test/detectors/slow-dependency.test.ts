import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { analyzeFiles } from '../../src/index.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { failed, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'slow-dependency';
const PEER = '10.0.0.2:9000';

function connect(thread: ThreadLines, fd: number, { port = 9000, result = '0', ms = 0.02 } = {}): ThreadLines {
  thread.call('socket(AF_INET, SOCK_STREAM, IPPROTO_IP', ')', `${fd}<socket:[${6000 + fd}]>`);
  thread.labels.set(fd, `socket:[${6000 + fd}]`);
  const address = `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("10.0.0.2")}`;
  return thread.call(`connect(${thread.fd(fd)}, ${address}, 16`, ')', result, ms);
}

/** A loop that asks another service for a request; `answer` says what happens then. */
function asksInLoop(answer: (worker: ThreadLines) => void): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  connect(worker, 12, { result: failed('EINPROGRESS') });
  worker.waitUntil(worker.now + 3, 12).send(12, 'GET /b HTTP/1.0\\r\\n');
  answer(worker);
  worker
    .reply(11)
    .close(11)
    .waitUntil(worker.now + 2000);
  return trace;
}

/** A process that no client asks, in one request to another service. */
function asksItself(ms: number, lives: number, { port = 9000, question = 'GET /b HTTP/1.0\\r\\n' } = {}): TraceLines {
  const trace = new TraceLines();
  const thread = connect(trace.thread(101).at(0), 12, { port });
  thread.send(12, question).read(12, 'HTTP/1.0 200 OK\\r\\n', ms).close(12);
  thread.at(lives - 0.02).call('getpid(', ')', 101);
  return trace;
}

describe('a request that waits for another service through its loop', () => {
  it('is told as possible where it was answered although nothing had come: whether it waited nobody says', async () => {
    const givesUp = (ms: number) => asksInLoop((worker) => worker.waitUntil(worker.now + ms));
    const { severity, confidence, title, summary } = only(await analyzed(givesUp(2003)), KIND);
    assert.deepEqual([severity, confidence], ['warning', 'possible']);
    assert.match(title, /^GET \/a waited 2\.00 s for 10\.0\.0\.2:9000 \(HTTP\)$/);
    assert.match(summary, /1 request had a reply before the answer came\./);
    none(await analyzed(givesUp(700)), KIND);
  });

  it('has waited for what came also where coroutines ask and answer in turns of their own', async () => {
    /** It asks in a later turn than that of its request, and is answered so many turns of 1 ms later. */
    const resumed = (asksAfter: number, turns: number): TraceLines => {
      const { trace, worker } = oneWorker();
      worker
        .waitUntil(50, LISTENER)
        .accept(11)
        .read(11, 'GET /a')
        .waitUntil(50 + asksAfter);
      connect(worker, 12, { result: failed('EINPROGRESS') });
      worker.waitUntil(worker.now + 3, 12).send(12, 'GET /b HTTP/1.0\\r\\n');
      worker.waitUntil(worker.now + 1511, 12).read(12, 'HTTP/1.0 200 OK\\r\\n');
      for (let turn = 0; turn < turns; turn++) worker.waitUntil(worker.now + 1);
      worker
        .reply(11)
        .close(11)
        .waitUntil(worker.now + 2000);
      return trace;
    };
    for (const turns of [0, 3, 89]) {
      const { title } = only(await analyzed(resumed(7, turns)), KIND);
      assert.equal(title, 'GET /a waited 1.51 s for 10.0.0.2:9000 (HTTP)');
    }
    // Too late, and too small a part of the time of the request.
    none(await analyzed(resumed(7, 113)), KIND);
    none(await analyzed(resumed(503, 3)), KIND);
  });

  it('is found where a thread of its own waits for its client and the service at once, as in a proxy', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11);
    const flags = 'CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD';
    worker.call(`clone(child_stack=0x7f, flags=${flags}, parent_tid=[102]`, ')', 102).waitUntil(5000);
    const thread = trace.thread(102).at(60);
    thread.labels.set(11, worker.labels.get(11) ?? '');
    connect(thread.read(11, 'GET /a'), 12);
    thread.send(12, 'GET /b HTTP/1.0\\r\\n');
    const both = [11, 12].map((fd) => `{fd=${thread.fd(fd)}, events=POLLIN}`).join(', ');
    thread.call(`poll([${both}], 2, 300000`, ')', '1 ([{fd=12, revents=POLLIN}])', 1511);
    thread.read(12, 'HTTP/1.0 200 OK\\r\\n').reply(11).close(12).close(11).exits();
    const { title } = only(await analyzed(trace), KIND);
    assert.equal(title, 'GET /a waited 1.51 s for 10.0.0.2:9000 (HTTP)');
  });

  it('is not what a reply waited for that came much later: the verdict says that nothing explains it', async () => {
    const late = (ms: number): TraceLines =>
      asksInLoop((worker) => {
        worker.waitUntil(worker.now + 900, 12).read(12, 'HTTP/1.0 200 OK\\r\\n');
        worker
          .send(12, 'GET /c HTTP/1.0\\r\\n')
          .waitUntil(worker.now + 300, 12)
          .read(12, 'HTTP/1.0 200 OK\\r\\n');
        worker.waitUntil(worker.now + ms);
      });
    const explained = await analyzed(late(0));
    assert.equal(only(explained, KIND).severity, 'info');
    assert.match(explained.verdict.text, /^Nothing urgent/);
    assert.match(
      (await analyzed(late(3001))).verdict.text,
      /^Cannot tell: no check explains why GET \/a had no reply for 4\.2\d s\. .*The capture shows: GET \/a waited 9\d\d ms for/,
    );
  });

  it('is a job where the loop takes jobs from a broker, as celery does with greenlets', async () => {
    const asked = (jobs: boolean): TraceLines => {
      const { trace, worker } = oneWorker();
      connect(worker, 9, { port: 6379 });
      worker.waitUntil(20);
      if (jobs) worker.send(9, '*3\\r\\n$5\\r\\nBRPOP\\r\\n$6\\r\\ncelery\\r\\n$1\\r\\n1\\r\\n').waitUntil(30, 9);
      connect(worker, 12, { result: failed('EINPROGRESS') });
      worker
        .waitUntil(worker.now + 3, 12)
        .send(12, 'GET /b HTTP/1.0\\r\\n')
        .waitUntil(worker.now + 2003, 12);
      worker.read(12, 'HTTP/1.0 200 OK\\r\\n').close(12).waitUntil(3000);
      return trace;
    };
    const { severity, title } = only(await analyzed(asked(true)), KIND);
    assert.equal(severity, 'warning');
    assert.match(title, /^Process 101 waited up to 2\.0\d s for 10\.0\.0\.2:9000 \(HTTP\)$/);
    none(await analyzed(asked(false)), KIND);
  });

  it('is told from a second on, from the question to the wait that reported the answer', async () => {
    const answered = (ms: number) =>
      asksInLoop((worker) => worker.waitUntil(worker.now + ms, 12).read(12, 'HTTP/1.0 200 OK\\r\\n'));
    // The connect took 3.02 ms, and the question 0.02 ms before the wait began: of the request they are one time.
    assert.match(none(await analyzed(answered(996.9)), KIND), /^2 waits for 10\.0\.0\.2:9000; .* took 997 ms$/);
    assert.equal(only(await analyzed(answered(996.96)), KIND).severity, 'info');
    assert.equal(only(await analyzed(answered(999.97)), KIND).severity, 'info');
    const finding = only(await analyzed(answered(999.98)), KIND);
    assert.equal(finding.severity, 'warning');
    assert.deepEqual(finding.workers, [101]);
    assert.equal(finding.metrics.query, 'GET /b');
    const [dependency] = finding.metrics.dependencies as readonly Record<string, unknown>[];
    assert.deepEqual(dependency, {
      peer: PEER,
      protocol: 'HTTP',
      waits: 2,
      requests: 1,
      longRequests: 1,
      totalMs: 1003.02,
      p99Ms: 1000,
      longestMs: 1000,
      longestOfRequestMs: 1003.02,
      openAtEnd: 0,
      failures: 0,
      ranOut: 0,
      ranOutMs: 0,
      failedReplies: 0,
      unanswered: 0,
      queued: 0,
      longestQueuedMs: 0,
      connections: null,
    });
  });

  it('is told when the loop gives up (504), as a failure', async () => {
    const report = await analyzed(asksInLoop((worker) => worker.waitUntil(worker.now + 2000).close(12)));
    const finding = only(report, KIND);
    const [row] = report.dependencies;
    assert.deepEqual([row?.peer, row?.waits, row?.requests, row?.failures, row?.openAtEnd], [PEER, 2, 1, 1, 0]);
    assert.equal(row?.longestMs, 2000.02);
    assert.match(finding.summary, /1 request waited 2 times for 10\.0\.0\.2:9000 \(HTTP\), together 2\.00 s/);
  });

  it('is told when it had not ended, at least up to the end', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    connect(worker, 12)
      .send(12, 'GET /b HTTP/1.0\\r\\n')
      .waitUntil(worker.now + 700)
      .stays('epoll_wait(7, ');
    trace.thread(100).at(3050).call('getpid(', ')', 100);
    const report = await analyzed(trace);
    const finding = only(report, KIND);
    assert.equal(finding.openEnded, true);
    assert.equal(report.dependencies[0]?.openAtEnd, 1);
    // Sent after 50.12 ms: accept, read, socket and connect came before, 0.02 ms each, and the wait of the loop.
    assert.equal(report.dependencies[0]?.longestMs, 2999.94);
  });

  it('counts no time in which the loop was busy with others and had not looked', async () => {
    // Under a tracer a wait that finds its answer there may take more than a millisecond.
    for (const wait of [0.01, 1.35]) {
      const trace = asksInLoop((worker) => {
        worker.waitUntil(worker.now + 40, LISTENER).gap(3000);
        worker.waitUntil(worker.now + wait, 12).read(12, 'HTTP/1.0 200 OK\\r\\n');
      });
      const report = await analyzed(trace);
      none(report, KIND);
      assert.equal(report.dependencies[0]?.longestMs, 40.02);
    }
  });
});

describe('a process that waits inside a call', () => {
  it('is told when that takes a second, and a tenth of its time', async () => {
    none(await analyzed(asksItself(999, 5000)), KIND);
    const finding = only(await analyzed(asksItself(1000, 10_000)), KIND);
    assert.equal(finding.severity, 'warning');
    assert.match(finding.title, /^Process 101 waited 1\.00 s for 10\.0\.0\.2:9000 \(HTTP\)$/);
    none(await analyzed(asksItself(1000, 10_100)), KIND);
  });

  it('is told in a capture of minutes where one wait takes a quarter of 10 s', async () => {
    none(await analyzed(asksItself(2400, 600_000)), KIND);
    assert.match(only(await analyzed(asksItself(2500, 600_000)), KIND).title, /^Process 101 waited 2\.50 s for 10/);
  });

  it('has failed where a connect that blocks ends with EINPROGRESS: its time limit (SO_SNDTIMEO) ran out', async () => {
    const gaveUp = (ms: number): TraceLines => {
      const trace = new TraceLines();
      const thread = connect(trace.thread(101).at(0), 12, { result: failed('EINPROGRESS'), ms }).close(12);
      thread.at(9000).call('getpid(', ')', 101);
      return trace;
    };
    const { metrics } = only(await analyzed(gaveUp(2003)), KIND);
    const [row] = metrics.dependencies as readonly { failures: number; longestMs: number }[];
    assert.deepEqual([row?.failures, row?.longestMs], [1, 2003]);
    none(await analyzed(gaveUp(0.02)), KIND);
  });

  it('is nobody who waits for work: blocking commands of Redis, and brokers', async () => {
    const pop = '*3\\r\\n$5\\r\\nBLPOP\\r\\n$1\\r\\nq\\r\\n$1\\r\\n5\\r\\n';
    const get = '*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\nq\\r\\n';
    none(await analyzed(asksItself(5000, 6000, { port: 6379, question: pop })), KIND);
    only(await analyzed(asksItself(5000, 6000, { port: 6379, question: get })), KIND);
    none(await analyzed(asksItself(5000, 6000, { port: 5672, question: 'AMQP' })), KIND);
  });

  it('is no thread beside the first: a long poll in the background keeps nobody waiting', async () => {
    const trace = new TraceLines();
    trace.thread(101).at(0).call('clone(child_stack=NULL, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_THREAD', ')', 102);
    const thread = connect(trace.thread(102).at(1), 12);
    thread.send(12, 'GET /updates HTTP/1.0\\r\\n').read(12, 'HTTP/1.0 200 OK\\r\\n', 5000);
    const report = await analyzed(trace);
    none(report, KIND);
    assert.equal(report.dependencies[0]?.longestMs, 5000);
  });

  it('is not clear where a process that serves waited long in another thread: nobody knows for whom', async () => {
    const beside = (ms: number): TraceLines => {
      const { trace, worker } = oneWorker();
      worker.call('clone(child_stack=NULL, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_THREAD', ')', 102);
      worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').reply(11).close(11).waitUntil(3000);
      const thread = connect(trace.thread(102).at(worker.now - 2000), 12);
      thread.send(12, 'GET /b HTTP/1.0\\r\\n').read(12, 'HTTP/1.0 200 OK\\r\\n', ms);
      return trace;
    };
    const { outcomes } = await analyzed(beside(1_200));
    assert.equal(outcomes[KIND]?.status, 'not-applicable');
    assert.match(
      outcomes[KIND].reason,
      /^A wait of 1\.20 s for 10\.0\.0\.2:9000 belongs to no request that the capture/,
    );
    assert.equal((await analyzed(beside(900))).outcomes[KIND]?.status, 'clear');
  });

  it('counts limits that run out on one descriptor, from 3 and 10 s on', async () => {
    const polls = (times: number, ms: number): TraceLines => {
      const trace = new TraceLines();
      const thread = trace.thread(101).at(0);
      for (let i = 0; i < times; i++) thread.call('poll([{fd=3, events=POLLIN}], 1, 1000', ')', '0 (Timeout)', ms);
      return trace;
    };
    none(await analyzed(polls(7, 1400)), KIND);
    none(await analyzed(polls(2, 7000)), KIND);
    const finding = only(await analyzed(polls(7, 1500)), KIND);
    assert.deepEqual([finding.severity, finding.confidence], ['info', 'possible']);
    assert.equal(finding.title, 'poll on fd 3 timed out 7 times, 10.50 s in all');
  });

  it('counts a failure where the other end leaves without an answer, and none where nothing was asked', async () => {
    const failures = async (asks: boolean, result: string | number): Promise<unknown> => {
      const trace = new TraceLines();
      const thread = connect(trace.thread(101).at(0), 12);
      if (asks) thread.send(12, 'GET /b HTTP/1.0\\r\\n');
      thread.call(`recvfrom(${thread.fd(12)}, `, '"", 8192, 0, NULL, NULL)', result, 4500).close(12);
      return (await analyzed(trace)).dependencies.map((row) => [row.peer, row.longestMs, row.failures]);
    };
    assert.deepEqual(await failures(true, 0), [[PEER, 4500, 1]]);
    assert.deepEqual(await failures(true, failed('ECONNRESET')), [[PEER, 4500, 1]]);
    assert.deepEqual(await failures(false, 0), [[PEER, 4500, 0]]);
    assert.deepEqual(await failures(false, failed('ECONNRESET')), [[PEER, 4500, 1]]);
  });

  it('counts the limits of reads that wait (SO_RCVTIMEO), and none where a read never waits', async () => {
    const reads = async (type: string, flags: string): Promise<readonly unknown[]> => {
      const trace = new TraceLines();
      const thread = trace.thread(101).at(0);
      thread.call(`socket(AF_INET, ${type}, IPPROTO_IP`, ')', '12<socket:[6012]>');
      thread.labels.set(12, 'socket:[6012]');
      const address = '{sa_family=AF_INET, sin_port=htons(9000), sin_addr=inet_addr("10.0.0.2")}';
      thread.call(`connect(${thread.fd(12)}, ${address}, 16`, ')', 0).send(12, 'GET /b HTTP/1.0\\r\\n');
      for (let i = 0; i < 3; i++)
        thread.call(`recvfrom(${thread.fd(12)}, `, `0x7ffd5000, 8192, ${flags}, NULL, NULL)`, failed('EAGAIN'), 1500);
      thread.read(12, 'HTTP/1.0 200 OK\\r\\n').close(12);
      const [row] = only(await analyzed(trace), KIND).metrics.dependencies as readonly Record<string, unknown>[];
      return [row?.['ranOut'], row?.['ranOutMs'], row?.['failures']];
    };
    assert.deepEqual(await reads('SOCK_STREAM', '0'), [3, 4500, 3]);
    // A machine without a free processor makes them long.
    assert.deepEqual(await reads('SOCK_STREAM', 'MSG_DONTWAIT'), [0, 0, 0]);
    assert.deepEqual(await reads('SOCK_STREAM|SOCK_NONBLOCK', '0'), [0, 0, 0]);
  });
});

describe('an idle connection', () => {
  it('is no wait: kept alive after its answer, or sent to without a need of an answer', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    connect(worker, 12).send(12, 'GET /b HTTP/1.0\\r\\n').read(12, 'HTTP/1.0 200 OK\\r\\n', 5);
    connect(worker, 13, { port: 2003 }).send(13, 'a.b 1 2\\n');
    worker
      .reply(11)
      .close(11)
      .waitUntil(worker.now + 9000)
      .close(12)
      .close(13);
    worker.waitUntil(worker.now + 100);
    const report = await analyzed(trace);
    none(report, KIND);
    assert.deepEqual(
      report.dependencies.map(({ peer, waits, longestMs }) => [peer, waits, longestMs]),
      [[PEER, 1, 5]],
    );
  });
});

describe('a reply that was late for another service', () => {
  it('names that service and its time', async () => {
    const trace = asksInLoop((worker) => {
      worker.waitUntil(worker.now + 2500, 12).read(12, 'HTTP/1.0 200 OK\\r\\n');
      worker.send(11, 'HTTP/1.1 200 OK\\r\\n', { errno: 'EPIPE' });
    });
    const { title, summary, metrics, related } = only(await analyzed(trace), 'broken-pipe');
    assert.match(title, /2\.50 s for 10\.0\.0\.2:9000\)$/);
    assert.match(summary, /2\.50 s of waiting \(2\.50 s of it for an answer from 10\.0\.0\.2:9000\)/);
    assert.doesNotMatch(summary, /in the loop/);
    const [reply] = metrics.replies as readonly Record<string, unknown>[];
    assert.deepEqual([reply?.upstream, reply?.upstreamMs], [PEER, 2503.04]);
    assert.deepEqual(related, ['slow-dependency-1']);
  });
});

describe('a real nginx in front of a service that takes requests and never answers', () => {
  const sample = (variant: string): string =>
    fileURLToPath(new URL(`../../../samples/nginx-504/${variant}trace.strace.gz`, import.meta.url));

  it('waited for that service until proxy_read_timeout, and its clients got 504', async () => {
    const { severity, metrics } = only(await analyzeFiles([sample('')]), KIND);
    const [peer] = metrics.dependencies as { peer: string; requests: number; longestMs: number }[];
    assert.deepEqual([severity, peer?.peer, peer?.requests], ['warning', '127.0.0.1:18081', 5]);
    // The clients measured 2.01 to 2.10 s.
    assert.ok(Number(peer?.longestMs) >= 2_000 && Number(peer?.longestMs) <= 2_100, `${peer?.longestMs} ms`);
  });

  it('is quiet when the service answers', async () => {
    const report = await analyzeFiles([sample('healthy/')]);
    assert.match(none(report, KIND), /for 127\.0\.0\.1:18081; the longest/);
    assert.equal(report.outcomes[KIND]?.status, 'clear');
  });
});

describe('a helper that was running before the capture', () => {
  const helper = (fd: number): string =>
    `101 1795000100.000000 recvfrom(${fd}<UDP:[127.0.0.1:57205->127.0.0.1:45165]>, "order", 99, 0, NULL, NULL) = 5 <0.000050>
101 1795000100.001000 sendto(${fd}<UDP:[127.0.0.1:57205->127.0.0.1:45165]>, "done", 4, 0, NULL, 0) = 4 <0.000050>
101 1795000100.002000 recvfrom(${fd}<UDP:[127.0.0.1:57205->127.0.0.1:45165]>, "order", 99, 0, NULL, NULL) = 5 <5.700000>
101 1795000105.703000 sendto(${fd}<UDP:[127.0.0.1:57205->127.0.0.1:45165]>, "done", 4, 0, NULL, 0) = 4 <0.000050>
101 1795000105.704000 getppid() = 100 <0.000010>
`;

  it('waits for orders on the socket that is its standard input, output or error, not for a service', async () => {
    for (const fd of [0, 1, 2]) none(await analyzed(helper(fd)), KIND);
  });

  it('waits for a service on any other', async () => {
    only(await analyzed(helper(3)), KIND);
    assert.match(only(await analyzed(helper(7)), KIND).title, /waited 5\.70 s for 127\.0\.0\.1:45165$/);
  });
});
