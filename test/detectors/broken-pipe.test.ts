import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { attached, fork, oneWorker, openListener, prefork } from '../support/server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'broken-pipe';

interface Reply {
  readonly pid: number;
  readonly fd: number;
  readonly errno: string;
  readonly signal: string;
  readonly peer: string;
  readonly request: string;
  readonly ageMs: number;
  readonly ageIsLowerBound: boolean;
  readonly ownMs: number;
  readonly waitingMs: number;
  readonly behindMs: number;
  readonly behind: string;
  readonly atMs: number;
  readonly fatal: boolean;
}

function repliesOf({ metrics }: Finding): readonly Reply[] {
  return metrics.replies as unknown as readonly Reply[];
}

/** So many requests, of which the first ones fail. */
function traffic(requests: number, failing: number, fail = (worker: ThreadLines) => worker.replyFails(11)): TraceLines {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < requests; index++) {
    worker
      .waitUntil(50 + index * 10, LISTENER)
      .accept(11)
      .read(11, `GET /${index}`);
    if (index < failing) fail(worker).close(11);
    else worker.reply(11).close(11);
  }
  worker.waitUntil(100 + requests * 10);
  return trace;
}

describe('a reply that fails', () => {
  it('is told with its error, its signal and its client', async () => {
    const finding = only(await analyzed(traffic(23, 1)), KIND);
    const [reply] = repliesOf(finding);
    assert.deepEqual(
      [reply?.pid, reply?.fd, reply?.errno, reply?.signal, reply?.request, reply?.peer],
      [101, 11, 'EPIPE', 'SIGPIPE', 'GET /0', '10.0.0.9:40011'],
    );
    assert.equal(reply?.atMs, 50 + 3 * QUICK);
    assert.deepEqual([finding.metrics.count, finding.metrics.requests, finding.metrics.target], [1, 23, 'client']);
    assert.match(finding.evidence[0]?.text ?? '', /= -1 EPIPE/);
  });

  it('lasts as a finding from the first that failed to the last', async () => {
    const { startMs, endMs } = only(await analyzed(traffic(23, 3)), KIND);
    // One every 10 ms from 50 ms on; each fails at the end of its third call.
    assert.deepEqual([startMs, endMs], [50.06, 70.06]);
  });

  for (const errno of ['EPIPE', 'ECONNRESET', 'ESHUTDOWN']) {
    it(`is counted for ${errno}`, async () => {
      const [reply] = repliesOf(only(await analyzed(traffic(23, 1, (worker) => worker.replyFails(11, errno))), KIND));
      assert.deepEqual([reply?.errno, reply?.signal], [errno, errno === 'EPIPE' ? 'SIGPIPE' : '']);
    });
  }

  it('brings no SIGPIPE with MSG_NOSIGNAL', async () => {
    const finding = only(
      await analyzed(traffic(23, 1, (worker) => worker.replyFails(11, 'EPIPE', 'MSG_NOSIGNAL'))),
      KIND,
    );
    assert.equal(repliesOf(finding)[0]?.signal, '');
    assert.doesNotMatch(finding.summary, /SIGPIPE/);
  });

  it('is one reply, however many writes of its connection fail', async () => {
    const { metrics, summary } = only(
      await analyzed(traffic(23, 1, (worker) => worker.replyFails(11, 'ECONNRESET').replyFails(11).replyFails(11))),
      KIND,
    );
    assert.equal(metrics.count, 1);
    assert.match(summary, /The reply to 1 of 23 requests failed \(1 ECONNRESET\)/);
  });

  it('is none of the client when the server itself shut down its sending side', async () => {
    const shut = (how: string) =>
      traffic(23, 5, (worker) => worker.call(`shutdown(${worker.fd(11)}, ${how}`, ')', 0).replyFails(11));
    none(await analyzed(shut('SHUT_WR')), KIND);
    none(await analyzed(shut('SHUT_RDWR')), KIND);
    assert.equal(only(await analyzed(shut('SHUT_RD')), KIND).metrics.count, 5);
  });

  it('is none that the tracer injected', async () => {
    const { trace, worker } = oneWorker();
    worker
      .waitUntil(50, LISTENER)
      .accept(11)
      .read(11, 'GET /a')
      .call(`sendto(${worker.fd(11)}, "x", 1, 0, NULL, 0`, ')', '-1 EPIPE (Broken pipe) (INJECTED)')
      .waitUntil(90);
    none(await analyzed(trace), KIND);
  });

  it('on a connection that is older than the capture has that age at least', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.labels.set(11, 'socket:[900]');
    worker.waitUntil(50, 11).read(11, 'GET /a').waitUntil(90, 12).replyFails(11).close(11).waitUntil(200);
    const [reply] = repliesOf(only(await analyzed(trace), KIND));
    assert.deepEqual([reply?.ageIsLowerBound, reply?.request], [true, 'GET /a']);
  });

  it('has no age without times', async () => {
    const finding = only(await analyzed(traffic(23, 1), { stamps: 'none' }), KIND);
    const [reply] = repliesOf(finding);
    assert.deepEqual(
      [reply?.ageMs, reply?.ownMs, reply?.behindMs, reply?.atMs, finding.startMs],
      [null, null, null, null, null],
    );
    assert.doesNotMatch(finding.summary, /old/);
  });
});

describe('replies that had begun when their clients were gone', () => {
  const streams = (count: number): TraceLines => {
    const { trace, worker } = oneWorker();
    for (let fd = 11; fd < 11 + count; fd++)
      worker
        .waitUntil(50 * fd, LISTENER)
        .accept(fd)
        .read(fd, 'GET /events')
        .reply(fd)
        .waitUntil(50 * fd + 20, fd)
        .replyFails(fd)
        .close(fd);
    worker.waitUntil(5000);
    return trace;
  };

  it('may be streams where the capture has no times', async () => {
    const finding = only(await analyzed(streams(3), { stamps: 'none' }), KIND);
    assert.deepEqual(
      [finding.severity, finding.confidence, finding.title],
      ['warning', 'possible', '3 replies cut off: the client had left'],
    );
    assert.match(finding.summary, /does not tell replies that came too late from streams/);
  });

  it('came too late where only 20 ms went by', async () => {
    assert.deepEqual(
      [only(await analyzed(streams(3)), KIND)].map(({ severity, confidence }) => [severity, confidence]),
      [['critical', 'likely']],
    );
  });
});

describe('the severity of failed replies', () => {
  const severity = async (requests: number, failing: number) =>
    only(await analyzed(traffic(requests, failing)), KIND).severity;

  it('is a warning from 1 % of the requests on', async () => {
    assert.equal(await severity(101, 1), 'info');
    assert.equal(await severity(100, 1), 'warning');
  });

  it('is critical from 5 % on, if there are three', async () => {
    assert.equal(await severity(61, 3), 'warning');
    assert.equal(await severity(60, 3), 'critical');
    assert.equal(await severity(23, 2), 'warning');
  });

  it('is critical when a process died of it', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [worker, other] = workers as [ThreadLines, ThreadLines];
    for (let index = 0; index < 211; index++) other.waitUntil(20 + index * 2, LISTENER).serve(11, 'GET /ok');
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').replyFails(11).killedBy('SIGPIPE');
    other.waitUntil(900);
    const finding = only(await analyzed(trace), KIND);
    assert.deepEqual([finding.severity, repliesOf(finding)[0]?.fatal], ['critical', true]);
    assert.match(finding.summary, /1 worker was killed by SIGPIPE/);
  });

  it('is never that of a death when the signal was ignored', async () => {
    const finding = only(await analyzed(traffic(211, 1)), KIND);
    assert.equal(finding.severity, 'info');
    assert.doesNotMatch(finding.summary, /killed|crash/);
  });

  it('is a warning, however rare, when the reply had stood behind another request for 100 ms', async () => {
    const behind = (ms: number) => {
      const { trace, worker } = oneWorker();
      worker
        .waitUntil(50, LISTENER)
        .accept(11)
        .read(11, 'GET /a')
        .waitUntil(60, LISTENER)
        .accept(12)
        .read(12, 'GET /b')
        .gap(ms - 2 * QUICK)
        .reply(12);
      worker
        .waitUntil(worker.now + 1, 13)
        .replyFails(11)
        .close(11)
        .close(12);
      for (let index = 0; index < 211; index++) worker.waitUntil(2000 + index * 2, LISTENER).serve(11, 'GET /ok');
      worker.waitUntil(5000);
      return trace;
    };
    assert.equal(only(await analyzed(behind(99.9)), KIND).severity, 'info');
    assert.equal(only(await analyzed(behind(100)), KIND).severity, 'warning');
  });
});

describe('a pipeline of a shell', () => {
  /** A shell starts a program that writes into a pipe whose reader leaves. */
  function pipeline(before: (shell: ThreadLines) => void = () => {}): string {
    const trace = new TraceLines();
    const shell = trace.thread(100).at(0);
    shell.call('execve("/bin/sh", ["sh", "-c", "od big | head"], 0x7ffd /* 9 vars */', ')', 0);
    before(shell);
    fork(shell, 101);
    const program = trace.thread(101).at(5).call('execve("/bin/od", ["od", "big"], 0x7ffd /* 9 vars */', ')', 0);
    program.call('write(1<pipe:[50]>, "a", 1', ')', '-1 EPIPE (Broken pipe)').signal('SIGPIPE').killedBy('SIGPIPE');
    return trace.text();
  }

  it('ends so: that is information', async () => {
    assert.equal(only(await analyzed(pipeline()), KIND).severity, 'info');
  });

  it('but not for a program that a server started, nor for one that was attached', async () => {
    assert.equal(only(await analyzed(pipeline((shell) => openListener(shell, LISTENER))), KIND).severity, 'critical');
    const attached = pipeline().replace(/.*execve.*\n/g, '');
    assert.equal(only(await analyzed(attached), KIND).severity, 'critical');
  });
});

describe('the target of a failed write', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['log', 'write(1<pipe:[50]>, "a", 1', 'warning'],
    ['log', 'write(2<pipe:[50]>, "a", 1', 'warning'],
    ['log', 'sendto(20</dev/log>, "a", 1, 0, NULL, 0', 'warning'],
    ['pipe', 'write(21<pipe:[51]>, "a", 1', 'info'],
    ['upstream', 'sendto(22<socket:[52]>, "a", 1, 0, NULL, 0', 'info'],
  ];
  for (const [target, entered, severity] of cases) {
    it(`is ${target} for ${entered.slice(0, entered.indexOf(','))}`, async () => {
      const { trace, worker } = oneWorker();
      if (target === 'upstream')
        worker
          .call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', '22<socket:[52]>')
          .call(
            'connect(22<socket:[52]>, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.0.0.7")}, 16',
            ')',
            0,
          );
      worker
        .waitUntil(50, LISTENER)
        .serve(11, 'GET /a')
        .call(entered, ')', '-1 EPIPE (Broken pipe)')
        .signal('SIGPIPE')
        .waitUntil(90);
      const finding = only(await analyzed(trace), KIND);
      // The line shows where it went.
      assert.deepEqual([finding.metrics.target, finding.severity, finding.confidence], [target, severity, 'likely']);
      assert.doesNotMatch(finding.title, / a upstream/);
    });
  }

  it('makes a finding of its own each', async () => {
    const { trace, worker } = oneWorker();
    worker
      .waitUntil(50, LISTENER)
      .accept(11)
      .read(11, 'GET /a')
      .replyFails(11)
      .call('write(21<pipe:[51]>, "a", 1', ')', '-1 EPIPE (Broken pipe)')
      .waitUntil(90);
    const found = ofKind(await analyzed(trace), KIND);
    assert.deepEqual(new Set(found.map(({ metrics }) => metrics.target)), new Set(['client', 'pipe']));
  });
});

it('the metrics of a reply that came too late are those of its trace', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).accept(12).read(12, 'GET /b').gap(300).reply(12).close(12);
  worker.read(11, 'GET /a').replyFails(11).close(11).waitUntil(2000);
  // Connected at 50.02 ms; the other reply ends at 350.08 ms, and this one fails three calls of 0.02 ms later.
  const reply = {
    pid: 101,
    fd: 11,
    errno: 'EPIPE',
    signal: 'SIGPIPE',
    target: 'client',
    peer: '10.0.0.9:40011',
    request: 'GET /a',
  };
  const ages = { ageMs: 300.12, ageIsLowerBound: false, ownMs: 0.06, waitingMs: 0, behindMs: 300.06 };
  assert.deepEqual(only(await analyzed(trace), 'broken-pipe').metrics, {
    count: 1,
    target: 'client',
    requests: 2,
    replies: [
      { ...reply, ...ages, behind: 'GET /b', upstream: null, upstreamMs: null, atMs: 350.14, fatal: false, cut: false },
    ],
  });
});

/** A reply that fails after its request stood so long behind another one. */
async function behind(ms: number) {
  const { trace, worker } = oneWorker();
  worker
    .waitUntil(50, LISTENER)
    .accept(11)
    .accept(12)
    .read(12, 'GET /b')
    .gap(ms - 0.06)
    .reply(12)
    .close(12);
  worker.read(11, 'GET /a').replyFails(11).close(11).waitUntil(2000);
  return only(await analyzed(trace), 'broken-pipe');
}

it('behind whom a reply stood is said from 10 ms on', async () => {
  const short = await behind(9.9);
  assert.deepEqual((short.metrics.replies as unknown as { behind: string }[])[0]?.behind, '');
  assert.doesNotMatch(short.summary, /behind other work/);
  const long = await behind(10.1);
  assert.deepEqual((long.metrics.replies as unknown as { behind: string }[])[0]?.behind, 'GET /b');
  assert.match(long.summary, /10 ms behind other work \(the longest: .* of GET \/b\)/);
});

describe('a client that leaves in the middle of a reply', () => {
  const event = 'data: tick\\n\\n';

  /** A stream with a piece every 100 ms, whose first one stood behind another request for so long. */
  function stream(pieces: number, behindMs: number, every = 100): TraceLines {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).accept(12).read(12, 'GET /b').gap(behindMs).reply(12).close(12);
    worker.read(11, 'GET /events').reply(11);
    for (let index = 1; index < pieces; index++) worker.waitUntil(worker.now + every).send(11, event);
    worker
      .waitUntil(worker.now + every)
      .send(11, event, { errno: 'EPIPE' })
      .close(11);
    // Its browser opens the stream again.
    worker
      .waitUntil(worker.now + 300, LISTENER)
      .accept(11)
      .read(11, 'GET /events')
      .reply(11)
      .close(11);
    worker.waitUntil(worker.now + 500);
    return trace;
  }

  it('ended a stream: that is info, without an age, behind nobody, and no retry', async () => {
    const report = await analyzed(stream(20, 20));
    const { severity, title, summary, metrics, evidence } = only(report, KIND);
    assert.deepEqual([severity, title], ['info', '1 client left in the middle of a reply']);
    assert.match(summary, /the longest, GET \/events, had gone on for 2\.00 s/);
    assert.doesNotMatch(summary, /behind|old/);
    assert.match(evidence[0]?.text ?? '', /EPIPE/);
    none(report, 'request-retry');
    const reply = { pid: 101, fd: 11, errno: 'EPIPE', signal: '', target: 'client', peer: '10.0.0.9:40011' };
    const untold = { ageMs: null, ageIsLowerBound: false, ownMs: null, waitingMs: null, behindMs: null, behind: '' };
    const upstream = { upstream: null, upstreamMs: null };
    assert.deepEqual(metrics, {
      count: 1,
      target: 'client',
      requests: 3,
      replies: [{ ...reply, request: 'GET /events', ...untold, ...upstream, atMs: 2070.54, fatal: false, cut: true }],
    });
  });

  it('was there when the reply had gone on for a second, however late that had begun', async () => {
    assert.equal(only(await analyzed(stream(11, 300)), KIND).severity, 'info');
    const short = only(await analyzed(stream(10, 300)), KIND);
    assert.deepEqual([short.severity, short.title.slice(0, 16)], ['warning', '1 reply too late']);
  });

  it('was there when its reply began at once, and failed stall-ms later', async () => {
    for (const [every, title] of [
      [101, '1 client left in the middle of a reply'],
      [99, '1 reply too late (GET /events took '],
    ] as const)
      assert.equal(only(await analyzed(stream(1, 20, every)), KIND).title.slice(0, title.length), title);
  });

  it('left a WebSocket, on which messages come at any time', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /chat').send(11, 'HTTP/1.1 101 Switching\\r\\n\\r\\n');
    worker.read(11, '\\201\\205\\1\\2\\3\\4igohn').send(11, '\\201\\5hello').gap(20);
    worker.send(11, '\\201\\5hello', { errno: 'EPIPE' }).close(11).waitUntil(500);
    const { severity, title } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, title], ['info', '1 client left in the middle of a reply']);
  });

  it('misses no farewell: the alert that ends TLS, the end of a WebSocket', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /chat').send(11, 'HTTP/1.1 101 Switching\\r\\n\\r\\n');
    worker.read(11, '\\201\\205\\1\\2\\3\\4igohn').send(11, '\\201\\5hello');
    worker.send(11, '\\210\\2xx', { errno: 'EPIPE' }).close(11);
    worker.waitUntil(90, LISTENER).accept(11).read(11, '\\26\\3\\1\\0\\2xx').send(11, '\\26\\3\\3\\0\\2xx');
    worker.send(11, '\\27\\3\\3\\0\\0231234567890123456789', { errno: 'EPIPE' }).close(11).waitUntil(500);
    none(await analyzed(trace), KIND);
  });
});

it('a descriptor that was open before the capture is not said to be a service', async () => {
  const text =
    'epoll_wait(3, [{EPOLLIN|EPOLLOUT|EPOLLERR|EPOLLHUP, {u32=17, u64=17}}], 32, -1) = 1\n' +
    'writev(17, [{iov_base="a", iov_len=1}], 1) = -1 EPIPE (Broken pipe)\n' +
    '--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=2159, si_uid=1000} ---\n+++ killed by SIGPIPE +++\n';
  const report = await analyzed(text);
  const { severity, title, metrics } = only(report, KIND);
  assert.deepEqual(
    [severity, title, metrics.target],
    ['warning', '1 write to fd 17 failed: the other end is gone', 'unknown'],
  );
  assert.match(only(report, 'worker-death').summary, /The kernel sent .* for its own write: it is process 2159\./);
});
