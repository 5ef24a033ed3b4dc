import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../../src/index.ts';
import { analyzeFiles } from '../../src/index.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { seenCode } from '../support/code-lines.ts';
import { attached, connectTo, fork, prefork, startThread } from '../support/server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'stuck-call';
const END = 5000;

type Act = (worker: ThreadLines, trace: TraceLines) => void;

/** Two workers: the first one is in a request at 1,000 ms, the second one serves until the end of the capture. */
function server(act: Act): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  const [worker, other] = workers as [ThreadLines, ThreadLines];
  worker.waitUntil(900, LISTENER).accept(11).read(11, 'GET /a');
  act(worker.at(1000), trace);
  other
    .waitUntil(END - 100, LISTENER)
    .serve(11, 'GET /b')
    .at(END)
    .acceptNothing();
  return trace;
}

/** Connects to 10.0.0.7, and waits for that. */
function connected(worker: ThreadLines, port = 3306): ThreadLines {
  worker.labels.set(20, 'socket:[900]');
  return worker
    .call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', worker.fd(20))
    .call(`connect(${worker.fd(20)}, ${address(port)}, 16`, ')', 0);
}

const address = (port: number): string =>
  `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("10.0.0.7")}`;

const SLEEP = 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=60, tv_nsec=0}, ';
const LOG = '{sa_family=AF_UNIX, sun_path="/dev/log"}';

/** A worker without a loop reads a request, does something, and sleeps from then on. */
function sleeping(act: Act): TraceLines {
  const { trace, workers } = attached([101]);
  const [worker] = workers as [ThreadLines];
  act(worker.gap(900).accept(11).read(11, 'GET /a'), trace);
  worker.stays(SLEEP);
  trace.thread(102).at(END).call('getpid(', ')', 102);
  return trace;
}

describe('a worker that waits for somebody else', () => {
  const cases: readonly (readonly [call: string, waitsFor: RegExp, act: Act])[] = [
    [
      'the answer of a service',
      /^an answer from 10\.0\.0\.7:3306/,
      (worker) => connected(worker).stays(`recvfrom(${worker.fd(20)}, `),
    ],
    [
      'one service in poll',
      /^an answer from 10\.0\.0\.7:3306/,
      (worker) => connected(worker).stays(`poll([{fd=${worker.fd(20)}, events=POLLIN}], 1, -1`),
    ],
    [
      'a connection',
      /10\.0\.0\.7:3306.* to take the connection$/,
      (worker) =>
        worker
          .call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', '20<socket:[900]>')
          .stays(`connect(20<socket:[900]>, ${address(3306)}, 16`),
    ],
    [
      'a client that does not read',
      / to read$/,
      (worker) => worker.stays(`sendto(${worker.fd(11)}, "abc", 3, 0, NULL, 0`),
    ],
    ['a full pipe', /it is full$/, (worker) => worker.stays('write(2<pipe:[51]>, "abc", 3')],
    [
      'the log daemon',
      /^the log daemon/,
      (worker) =>
        worker
          .call('socket(AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC, 0', ')', '21<socket:[901]>')
          .call(`connect(21<socket:[901]>, ${LOG}, 110`, ')', 0)
          .stays('sendto(21<socket:[901]>, "<13>a", 5, MSG_NOSIGNAL, NULL, 0'),
    ],
    ['a lock on a file', /^a lock on .*app\.lock/, (worker) => worker.stays('flock(22</srv/app.lock>, LOCK_EX')],
    ['the disk', /^the disk that holds .*app\.db/, (worker) => worker.stays('fsync(23</srv/app.db>')],
    [
      'a named pipe to open',
      /^\/srv\/fifo to open/,
      (worker) => worker.stays('openat(AT_FDCWD, "/srv/fifo", O_WRONLY'),
    ],
    [
      'a lock of memory that somebody has',
      /^a lock that is taken/,
      (worker) => worker.stays('futex(0x7f0010, FUTEX_WAIT_PRIVATE, 2, NULL'),
    ],
    // Whoever serves nothing may be idle in these.
    ['an empty pipe', /^something to read from pipe fd 24/, (worker) => worker.stays('read(24<pipe:[52]>, ')],
    ['one child', /^process 301 to end/, (worker) => worker.stays('wait4(301, ')],
    ['any child', /^a child to end/, (worker) => worker.stays('wait4(-1, ')],
    ['a descriptor of which nothing is known', / fd 30$/, (worker) => worker.stays('read(30, ')],
    ['a semaphore', /^a semaphore/, (worker) => worker.stays('semop(3, [{0, -1, SEM_UNDO}], 1')],
    ['a signal', /^a signal$/, (worker) => worker.stays('rt_sigtimedwait([INT TERM], ')],
    ['a timer', /fd 25$/, (worker) => worker.stays('read(25<anon_inode:[timerfd]>, ')],
    ['a terminal', /ptmx/, (worker) => worker.stays('read(26</dev/ptmx<char 5:2>>, ')],
    ['nothing but a time', /^one of several/, (worker) => worker.stays('pselect6(0, NULL, NULL, NULL, NULL, NULL')],
    [
      'a pipe, with a limit of a second',
      /^the end of a sleep/,
      (worker) => worker.stays('poll([{fd=24<pipe:[52]>, events=POLLIN}], 1, 1000'),
    ],
    [
      'another epoll instance',
      /^an epoll instance that is not the one of its loop$/,
      (worker) =>
        worker
          .call('epoll_create1(0', ')', '9<anon_inode:[eventpoll]>')
          .stays('epoll_wait(9<anon_inode:[eventpoll]>, '),
    ],
    [
      'a client of a listener of its own',
      /^a client of another listener$/,
      (worker) =>
        worker
          .call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', '27<socket:[902]>')
          .call('listen(27<socket:[902]>, 1', ')', 0)
          .stays('accept4(27<socket:[902]>, '),
    ],
  ];
  for (const [what, waitsFor, act] of cases)
    it(`is a warning: ${what}`, async () => {
      const { severity, metrics } = only(await analyzed(server(act)), KIND);
      const [thread] = threadsOf(metrics.threads);
      assert.deepEqual([severity, thread?.pid, thread?.idle], ['warning', 101, 'no']);
      assert.match(thread?.waitsFor ?? '', waitsFor);
    });

  it('is told for a sleep in the middle of a request', async () => {
    const { metrics } = only(await analyzed(sleeping((worker) => worker.call('getpid(', ')', 101))), KIND);
    assert.deepEqual([threadsOf(metrics.threads)[0]?.pid, threadsOf(metrics.threads)[0]?.idle], [101, 'no']);
  });

  it('is not told for a sleep as long as one after which a request was answered', async () => {
    const asks = (sleepMs: number): TraceLines =>
      sleeping((worker) => {
        const slept = 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=9, tv_nsec=0}, ';
        worker.call(slept, 'NULL)', 0, sleepMs).reply(11).close(11).accept(11).read(11, 'GET /a').gap(10);
      });
    // The capture ends at 5.0 s, 1.9 s after the sleep of 2.2 s, and 2.6 s after the one of 1.5 s.
    const usual = await analyzed(asks(2200));
    none(usual, KIND);
    assert.match(
      usual.outcomes[KIND]?.reason ?? '',
      /, 1 asleep, or waiting for a thread, in a request no longer than others that were/,
    );
    assert.equal(only(await analyzed(asks(1500)), KIND).severity, 'critical');
  });

  // Recorded of varnish: all requests took the 1.5 s of the service behind, for which another thread waited.
  it('is not told for a wait for another thread as long as one after which a request was answered', async () => {
    const asks = (waitedMs: number): TraceLines =>
      server((worker) => {
        const parked = 'futex(0x7f98373300b8, FUTEX_WAIT_PRIVATE, 0, NULL';
        worker.call(parked, ')', 0, waitedMs).reply(11).close(11).accept(11).read(11, 'GET /a').gap(10);
        worker.stays(`${parked}`);
      });
    none(await analyzed(asks(2200)), KIND);
    assert.equal(only(await analyzed(asks(1500)), KIND).workers[0], 101);
  });

  it('hangs together with the one that waits for it', async () => {
    const trace = server((worker, all) => {
      fork(worker, 301);
      connected(all.thread(301).at(worker.now + 1)).stays('recvfrom(20<socket:[900]>, ');
      worker.stays('wait4(301, ');
    });
    const found = ofKind(await analyzed(trace), KIND);
    assert.deepEqual(found.map(({ severity, workers }) => [severity, workers]).sort(), [
      ['warning', [101]],
      ['warning', [301]],
    ]);
    assert.match(found.map(({ summary }) => summary).join(' '), /process 301 to end, which is itself in recvfrom/);
  });

  it('is critical when all that serve are in that call', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const [index, worker] of workers.entries())
      connected(
        worker
          .waitUntil(900 + index, LISTENER)
          .accept(11)
          .read(11, 'GET /a'),
      ).stays(`recvfrom(${worker.fd(20)}, `);
    // The master is no worker, and idle.
    trace.thread(100).at(END).signal('SIGCHLD');
    const { severity, workers: pids, metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual([severity, pids, metrics.count], ['critical', [101, 102], 2]);
  });
});

/** A process that a worker started, and that serves nothing: it is in this call, and the worker in its loop. */
const helper = (call: string): TraceLines =>
  server((worker, all) => {
    fork(worker, 301);
    all
      .thread(301)
      .at(worker.now + 1)
      .stays(call);
    worker
      .reply(11)
      .close(11)
      .stays(`epoll_wait(${worker.fd(7)}, `);
  });

describe('the one worker, of which the capture ends in a request', () => {
  const PAUSE = 'pause(';
  /** After two requests it reads a third, and is in this call from then on; nothing can come after it. */
  function alone(call: string, before: Act = () => {}): TraceLines {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(1000, LISTENER).serve(11, 'GET /a').acceptNothing();
    worker.waitUntil(1500, LISTENER).accept(11).read(11, 'GET /b');
    before(worker, trace);
    worker.reply(11).close(11).acceptNothing();
    worker.waitUntil(2000, LISTENER).accept(11).read(11, 'GET /c').stays(call);
    return trace;
  }

  it('is no all-clear in a call that may last, for how long it lasted is not told', async () => {
    const report = await analyzed(alone(PAUSE));
    const { severity, confidence, metrics } = only(report, KIND);
    assert.deepEqual([severity, confidence, metrics.isUsual], ['info', 'possible', false]);
    assert.deepEqual([threadsOf(metrics.threads)[0]?.forMs, report.verdict.confidence], [null, 'cannot-tell']);
    assert.match(report.verdict.text, /^Cannot tell: a worker is in a call on the last line, and how long/);
  });

  it('is ordinary in a call that had come back before', async () => {
    const { verdict } = await analyzed(alone(PAUSE, (worker) => worker.call(PAUSE, ')', '-1 EINTR (Interrupted)', 7)));
    assert.doesNotMatch(verdict.text, /last line/);
  });

  it('is at work in a call that does not wait', async () => {
    const { findings, verdict } = await analyzed(alone('epoll_ctl(7<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, 11, '));
    assert.deepEqual(
      findings.filter(({ kind }) => kind === KIND),
      [],
    );
    assert.doesNotMatch(verdict.text, /last line/);
  });

  it('is clear in its own wait', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(1000, LISTENER).serve(11, 'GET /a').acceptNothing();
    worker
      .waitUntil(2000, LISTENER)
      .serve(11, 'GET /b')
      .stays(`epoll_wait(${worker.fd(7)}, `);
    const report = await analyzed(trace);
    none(report, KIND);
    assert.doesNotMatch(report.verdict.text, /last line/);
  });
});

describe('a process that may be idle', () => {
  const cases: readonly (readonly [what: string, call: string])[] = [
    ['an empty pipe', 'read(24<pipe:[52]>, '],
    ['one child', 'wait4(302, '],
    ['a descriptor of which nothing is known', 'read(30, '],
    ['a semaphore', 'semop(3, [{0, -1, SEM_UNDO}], 1'],
  ];
  for (const [what, call] of cases)
    it(`is information: ${what}`, async () => {
      const { severity, confidence, summary, metrics } = only(await analyzed(helper(call)), KIND);
      assert.deepEqual([severity, confidence, threadsOf(metrics.threads)[0]?.idle], ['info', 'possible', 'unknown']);
      assert.match(summary, /does not show whether that is idle or stuck/);
    });

  it('is information: a loop that has answered all, and is elsewhere', async () => {
    for (const call of ['wait4(-1, ', SLEEP, 'rt_sigtimedwait([INT TERM], ', 'read(25<anon_inode:[timerfd]>, ']) {
      const { severity, metrics } = only(await analyzed(server((worker) => worker.reply(11).stays(call))), KIND);
      assert.deepEqual([severity, threadsOf(metrics.threads)[0]?.idle], ['info', 'unknown'], call);
    }
  });

  it('is a warning when the whole capture is this one call', async () => {
    const line = 'futex(0x7f0010, FUTEX_WAIT_PRIVATE, 1, NULL';
    assert.equal(only(await analyzed(`${line} <unfinished ...>\n`), KIND).severity, 'warning');
  });
});

describe('a capture in which no call came back', () => {
  const alone = (call: string): string => `4711  1700000000.100000 ${call} <unfinished ...>\n`;

  it('says nothing of whoever may wait for work: neither that it is idle nor that it is clear', async () => {
    const calls = ['wait4(-1, ', 'epoll_wait(4, ', 'nanosleep({tv_sec=3600, tv_nsec=0}, ', 'poll('];
    for (const call of [...calls, 'poll([{fd=8, events=POLLIN}, {fd=9, events=POLLIN}], 2, -1']) {
      const report = await analyzed(alone(call));
      const [worker] = report.workers;
      assert.deepEqual([report.outcomes[KIND]?.status, worker?.atEnd?.idle], ['not-applicable', 'unknown'], call);
      assert.match(none(report, KIND), /^No call came back in the capture \(\w+ of 4711\)/);
    }
  });

  it('nor of several of them', async () => {
    const report = await analyzed(alone('wait4(-1, ') + alone('wait4(-1, ').replace('4711', '4723'));
    assert.match(none(report, KIND), /\(wait4 of 4711, wait4 of 4723\)/);
  });

  it('is clear where somebody accepts', async () => {
    const trace = alone('accept4(4, ') + alone('wait4(-1, ').replace('4711', '4723');
    assert.match(none(await analyzed(trace), KIND), /waiting for work or for a time$/);
  });
});

describe('a worker that waits for work', () => {
  const cases: readonly (readonly [call: string, act: Act])[] = [
    ['accept', (worker) => worker.stays(`accept4(${worker.fd(LISTENER)}, `)],
    ['epoll_wait', (worker) => worker.stays(`epoll_wait(${worker.fd(7)}, `)],
    ['the next request of a client', (worker) => worker.reply(11).stays(`recvfrom(${worker.fd(11)}, `)],
  ];
  const calls: readonly (readonly [what: string, call: string])[] = [
    ['poll for several', 'poll([{fd=8, events=POLLIN}, {fd=9, events=POLLIN}], 2, -1'],
    ['any child', 'wait4(-1, '],
    ['a pipe, with a limit of a second', 'poll([{fd=24<pipe:[52]>, events=POLLIN}], 1, 1000'],
    ['a sleep', SLEEP],
    ['a signal', 'rt_sigtimedwait([INT TERM], '],
    ['a timer', 'read(25<anon_inode:[timerfd]>, '],
  ];
  for (const [what, call] of calls)
    it(`is never told: ${what}, of a process that serves nothing`, async () => {
      assert.match(none(await analyzed(helper(call)), KIND), /waiting for work or for a time$/);
    });

  for (const [what, act] of cases)
    it(`is never told: ${what}`, async () => {
      assert.match(none(await analyzed(server(act)), KIND), /waiting for work or for a time$/);
    });

  it('is never told: a parked thread of its pool', async () => {
    const trace = server((worker, all) => {
      startThread(worker, 111);
      all
        .thread(111)
        .at(worker.now + 1)
        .stays('futex(0x7f0020, FUTEX_WAIT_PRIVATE, 0, NULL');
      worker
        .reply(11)
        .close(11)
        .stays(`epoll_wait(${worker.fd(7)}, `);
    });
    none(await analyzed(trace), KIND);
  });

  /** A server attached to: 201 serves, what the others are nobody said; `last` is what 201 does at the end. */
  function beside(others: readonly (readonly [tid: number, call: string])[], last: Act = () => {}): TraceLines {
    const { trace, workers } = attached([201]);
    const [worker] = workers as [ThreadLines];
    for (const [tid, call] of others) trace.thread(tid).at(1).stays(call);
    worker.waitUntil(1000, LISTENER).serve(11, 'GET /a').acceptNothing();
    worker.waitUntil(END - 1500, LISTENER).serve(11, 'GET /b');
    last(worker, trace);
    worker
      .at(END)
      .acceptNothing()
      .stays(`epoll_wait(${worker.fd(7)}, `);
    return trace;
  }
  const FUTEX = 'futex(0x7f0030, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY';

  it('is never told: what was not told from a thread of the one process that answers', async () => {
    const reason = none(
      await analyzed(
        beside([
          [203, FUTEX],
          [207, 'read(24<pipe:[52]>, '],
        ]),
      ),
      KIND,
    );
    assert.match(
      reason,
      /^3 threads in a call .*: 1 waiting for work or for a time, 2 waiting for another thread or process while no request waits$/,
    );
  });

  it('is told where a request has waited for a second meanwhile: it may be the thread that should answer', async () => {
    const report = await analyzed(beside([[203, FUTEX]], (worker) => worker.accept(11).read(11, 'GET /c')));
    assert.equal(only(report, KIND).severity, 'info');
  });

  it('is told of the thread that serves the late request alone, where that is in a call for it', async () => {
    const report = await analyzed(
      beside([[203, FUTEX]], (worker, trace) => {
        const other = trace.thread(204).at(worker.now);
        worker.accept(11);
        other.labels.set(11, worker.labels.get(11) ?? '');
        other.read(11, 'GET /c');
        connectTo(other, 12, 28_091, 6001)
          .send(12, 'GET /x HTTP/1.1\\r\\n\\r\\n')
          .stays(`recvfrom(${other.fd(12)}, `);
      }),
    );
    const { title, metrics } = only(report, KIND);
    assert.match(title, /^GET \/c holds thread \d+ of \d+ at least .*: waits for HTTP 10\.0\.0\.7:28091/);
    assert.equal(metrics.count, 1);
  });

  it('is information of a thread that serves and waits for a lock, where a sibling waits for an answer', async () => {
    const alone = async (isExplained: boolean) =>
      ofKind(
        await analyzed(
          beside([], (worker, trace) => {
            for (const [index, tid] of [204, 205].entries()) {
              const fd = 11 + index;
              const other = trace.thread(tid).at(5).call('getppid(', ')', 1).at(worker.now);
              worker.accept(fd);
              other.labels.set(fd, worker.labels.get(fd) ?? '');
              other.read(fd, 'GET /c');
              if (index === 0 || !isExplained) other.stays(FUTEX);
              else
                connectTo(other, 20, 28_091, 6001)
                  .send(20, 'GET /x')
                  .stays(`recvfrom(${other.fd(20)}, `);
            }
          }),
        ),
        KIND,
      ).map(({ title, severity }) => [/\b(?:futex|lock)\b/.test(title), severity]);
    assert.deepEqual(await alone(false), [[true, 'critical']]);
    assert.deepEqual(await alone(true), [
      [false, 'critical'],
      [true, 'info'],
    ]);
  });

  it('is critical only where no other thread of the process has answered since', async () => {
    const severityWhere = async (goesOn: boolean) =>
      only(
        await analyzed(
          beside([], (worker, trace) => {
            const other = trace.thread(204).at(5).call('getppid(', ')', 1).at(worker.now);
            worker.accept(11);
            other.labels.set(11, worker.labels.get(11) ?? '');
            other.read(11, 'GET /c');
            connectTo(other, 20, 28_091, 6001)
              .send(20, 'GET /x')
              .stays(`recvfrom(${other.fd(20)}, `);
            if (goesOn) worker.gap(50).serve(12, 'GET /d');
          }),
        ),
        KIND,
      ).severity;
    assert.deepEqual([await severityWhere(false), await severityWhere(true)], ['critical', 'warning']);
  });

  const mutex = (word: string): string => `futex(${word}, FUTEX_WAIT_PRIVATE, 2, NULL`;

  it('is never told: threads that are held by a lock each, as those of redis; one lock is information', async () => {
    const held = await analyzed(
      beside([
        [203, mutex('0x55002a90')],
        [204, mutex('0x55002ab8')],
      ]),
    );
    none(held, KIND);
    assert.equal(only(await analyzed(beside([[203, mutex('0x55002a90')]])), KIND).severity, 'info');
    const oneLock = beside([
      [203, mutex('0x55002a90')],
      [204, mutex('0x55002a90')],
    ]);
    assert.equal(only(await analyzed(oneLock), KIND).severity, 'info');
  });

  it('is a warning where a thread waits for a lock, and a request has waited for a second', async () => {
    const late = beside([[203, mutex('0x55002a90')]], (worker) => worker.accept(11).read(11, 'GET /c'));
    assert.equal(only(await analyzed(late), KIND).severity, 'warning');
  });

  it('is told where it may be one of several workers, and not where it is their parent', async () => {
    const withSibling = (tid: number): TraceLines => {
      const trace = beside([[tid, FUTEX]]);
      const sibling = trace.thread(202).at(1);
      sibling.labels.set(LISTENER, 'socket:[4711]').set(7, 'anon_inode:[eventpoll]');
      sibling
        .waitUntil(2000, LISTENER)
        .serve(11, 'GET /d')
        .acceptNothing()
        .stays(`epoll_wait(${sibling.fd(7)}, `);
      return trace;
    };
    assert.equal(only(await analyzed(withSibling(203)), KIND).severity, 'info');
    none(await analyzed(withSibling(200)), KIND);
  });

  it('is none when it has ended', async () => {
    none(
      await analyzed(
        server((worker) =>
          connected(worker)
            .stays(`recvfrom(${worker.fd(20)}, `)
            .gap(10)
            .killedBy('SIGTERM'),
        ),
      ),
      KIND,
    );
  });
});

describe('whether a request is over when the capture ends', () => {
  it('tells a sleep between two requests from one in a request', async () => {
    none(await analyzed(sleeping((worker) => worker.reply(11).close(11))), KIND);
  });

  it('tells a client in the middle of its request from a kept-alive one', async () => {
    const { severity } = only(await analyzed(server((worker) => worker.stays(`recvfrom(${worker.fd(11)}, `))), KIND);
    assert.equal(severity, 'info');
  });
});

it('a call is told once it has lasted for a second', async () => {
  const lasting = (ms: number) =>
    server((worker) =>
      connected(worker)
        .at(END + QUICK - ms)
        .stays(`recvfrom(${worker.fd(20)}, `),
    );
  assert.match(none(await analyzed(lasting(999)), KIND), /1 for less than 1000 ms$/);
  only(await analyzed(lasting(1000)), KIND);
  none(await analyzed(lasting(1000), {}, { thresholds: { 'stuck-ms': 1001 } }), KIND);
});

it('threads in the same call on another target are another finding', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
  for (const [worker, port] of [
    [first, 3306],
    [second, 6379],
  ] as const)
    connected(worker.waitUntil(900, LISTENER).accept(11).read(11, 'GET /a'), port).stays(`recvfrom(${worker.fd(20)}, `);
  third
    .waitUntil(END, LISTENER)
    .serve(11, 'GET /b')
    .waitUntil(END + 10);
  assert.equal(ofKind(await analyzed(trace), KIND).length, 2);
});

it('the metrics of a call that has not come back are those of its trace', async () => {
  // Two quick calls after 1,000 ms; the capture ends with the quick call at 5,000 ms.
  const trace = server((worker) => connected(worker).stays(`recvfrom(${worker.fd(20)}, `));
  const seen = seenCode({ at: 3000, frames: 'read@/usr/lib/libmysql.so.21:0' });
  const { metrics, startMs, openEnded } = only(await analyzed(`${trace.text()}${seen}`), KIND);
  const since = 1000 + 2 * QUICK;
  assert.deepEqual([startMs, openEnded], [since, true]);
  assert.deepEqual(metrics, {
    threads: [
      {
        pid: 101,
        tid: 101,
        call: 'recvfrom',
        target: '10.0.0.7:3306 (MySQL by convention)',
        sinceMs: since,
        forMs: 3999.98,
        hasTimeout: null,
        idle: 'no',
        waitsFor: 'an answer from 10.0.0.7:3306 (MySQL by convention)',
        frames: [{ function: 'read', file: '/usr/lib/libmysql.so.21', line: null, isApplication: true }],
      },
    ],
    count: 1,
    nobodyAccepted: false,
    isUsual: false,
    isOver: false,
  });
});

it('without times nobody knows since when, nor for how long', async () => {
  const trace = server((worker) => connected(worker).stays(`poll([{fd=${worker.fd(20)}, events=POLLIN}], 1, -1`));
  const { metrics, startMs, summary } = only(await analyzed(trace, { stamps: 'none' }), KIND);
  const [thread] = threadsOf(metrics.threads);
  assert.deepEqual([startMs, thread?.sinceMs, thread?.forMs, thread?.hasTimeout], [null, null, null, false]);
  assert.match(summary, /the capture has no times/);
});

it('a capture in which nobody accepted says so', async () => {
  const text = [
    '101   1795140800.000000 read(24<pipe:[52]>,  <unfinished ...>',
    '102   1795140800.000000 read(25<pipe:[53]>, "a", 1) = 1 <0.000020>',
    '102   1795140803.000000 read(25<pipe:[53]>, "a", 1) = 1 <0.000020>',
    '',
  ].join('\n');
  assert.equal(only(await analyzed(text), KIND).metrics.nobodyAccepted, true);
});

interface Truth {
  readonly stuck: readonly { readonly tid: number; readonly call: string }[];
}

const sample = (path: string): string => fileURLToPath(new URL(`../../../samples/${path}`, import.meta.url));

describe('servers that were made to hang, and said so themselves', () => {
  for (const name of ['hang-gunicorn-sync', 'hang-php-fpm', 'hang-node', 'hang-uvicorn']) {
    it(`are surely stuck in ${name}, each thread with its call, and nobody else is`, async () => {
      const report = await analyzeFiles([sample(`${name}/trace.strace.gz`)]);
      const truth = JSON.parse(readFileSync(sample(`${name}/truth.json`), 'utf8')) as Truth;
      const told = ofKind(report, KIND)
        .flatMap(({ metrics }) => threadsOf(metrics.threads))
        .filter(({ idle }) => idle === 'no');
      const named = (threads: readonly { readonly tid: number; readonly call: string }[]): readonly string[] =>
        threads.map(({ tid, call }) => `${tid} ${call}`).sort();
      assert.deepEqual(named(told), named(truth.stuck));
    });

    it(`are no worse than information in the twin of ${name} that waits for clients`, async () => {
      const report = await analyzeFiles([sample(`${name}/healthy/trace.strace.gz`)]);
      const severe = ofKind(report, KIND).filter(({ severity }) => severity !== 'info');
      assert.deepEqual(
        severe.map(({ summary }) => summary),
        [],
      );
    });
  }
});

interface Stuck {
  readonly tid: number;
  readonly call: string;
  readonly pid: number;
  readonly sinceMs: number | null;
  readonly forMs: number | null;
  readonly hasTimeout: boolean | null;
  readonly idle: string;
  readonly waitsFor: string | null;
}

const threadsOf = (threads: unknown): readonly Stuck[] => threads as readonly Stuck[];

it('the last line of the only thread is told, and not how long it lasted', async () => {
  const lines = [
    '9 1795140800.000001 getpid() = 9 <0.000003>',
    '9 1795140800.000101 recvfrom(7<TCP:[10.0.0.1:40000->10.0.0.2:5432]>, <unfinished ...>',
  ];
  const { severity, confidence, title, metrics } = only(await analyzed(`${lines.join('\n')}\n`), KIND);
  assert.deepEqual([severity, confidence], ['info', 'possible']);
  assert.match(title, /^Pid 9 waits in recvfrom on 10\.0\.0\.2:5432/);
  assert.equal(threadsOf(metrics.threads)[0]?.forMs, null);
  // Another thread went on: up to its last line the call had lasted 0.9 ms.
  const beside = '8 1795140800.001001 getpid() = 8 <0.000003>';
  assert.match(none(await analyzed(`${[...lines, beside].join('\n')}\n`), KIND), /1 for less than 1000 ms/);
});

it('the last line of the only thread is a warning where it waits for a lock that somebody has', async () => {
  const paste = (last: string): string => `getpid() = 7\nread(9, "x", 1) = 1\n${last}\n`;
  const held = only(await analyzed(paste('futex(0x55a4dddc3f90, FUTEX_WAIT_PRIVATE, 2, NULL')), KIND);
  assert.deepEqual(
    [held.severity, held.title],
    ['warning', 'A process is stuck in futex: the lock at 0x55a4dddc3f90 is taken'],
  );
  const asked = paste('connect(9, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.0.0.7")}, 16');
  assert.equal(only(await analyzed(asked), KIND).severity, 'info');
});

it('who looks for files at the end of a capture without times is at work', async () => {
  const lines = (first: string): string =>
    `${first}102 read(9, "x", 1) = 1\n101 readlink("/usr/lib",  <unfinished ...>\n102 read(9, "x", 1) = 1\n`;
  const { severity } = only(await analyzed(lines('101 openat(AT_FDCWD, "/a", O_RDONLY) = 7\n')), KIND);
  assert.equal(severity, 'info');
  assert.equal(only(await analyzed(lines('')), KIND).severity, 'warning');
});

it('who is in a call that does not wait as a rule for the whole capture is no all-clear', async () => {
  const report = await analyzed(
    'strace: Process 11795 attached\nptrace(PTRACE_SEIZE, 11795, NULL, PTRACE_O_TRACEEXEC\n',
  );
  const { severity, title } = only(report, KIND);
  assert.deepEqual([severity, title], ['info', 'Pid 11795 waits in ptrace: idle or stuck']);
});

it('a call that did not come back is counted once', async () => {
  for (const behind of ['', '\n- - - - -\n', '\n# strace -p 7402\nProcess 7402 attached\n']) {
    const { calls } = await analyzed(
      `# strace -p 8401\nProcess 8401 attached - interrupt to quit\nread(10,\n${behind}`,
    );
    assert.deepEqual(
      calls.map(({ call, count }) => [call, count]),
      [['read', 1]],
    );
  }
});

it('the last line of several threads is no all-clear', async () => {
  const lines = [
    '8 1795140800.000001 getpid() = 8 <0.000003>',
    '9 1795140800.000101 recvfrom(7<TCP:[10.0.0.1:40000->10.0.0.2:5432]>, <unfinished ...>',
  ];
  const { outcomes } = await analyzed(`${lines.join('\n')}\n`);
  const { status, reason } = outcomes[KIND] as Outcome;
  assert.deepEqual([status, /last line.*recvfrom of 9.*does not tell/.test(reason)], ['not-applicable', true]);
});

it('a line that shows what a call returned was cut, and its call came back', async () => {
  for (const line of ['read(3</proc/stat>, "cpu  1', 'stat("/srv/app", {st_mode=S_IFREG|0644, st_si'])
    none(await analyzed(`getpid() = 9\n${line}`), KIND);
  only(await analyzed('getpid() = 9\nread(3</proc/stat>, '), KIND);
  const { outcomes } = await analyzed('epoll_wait(5, {{EPOLLERR|EPOLLHUP, {u32=191, u64=191\n');
  assert.equal(outcomes[KIND]?.status, 'not-applicable');
});

it('who waits for a lock that is taken is told before more that may be idle', async () => {
  const idle = (tid: number): string =>
    `[pid ${tid}] futex(0x7f64319ff878, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY <unfinished ...>\n`;
  const locked = '[pid 23] futex(0x7f64290ce090, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>\n';
  const { findings } = await analyzed(`${idle(29)}${idle(31)}[pid 37] accept4(9,  <unfinished ...>\n${locked}`);
  assert.deepEqual(
    findings.map(({ workers }) => workers),
    [[23], [29, 31]],
  );
});

describe('a line that ends where strace never ends one', () => {
  const LINES = [
    'recvfrom(7',
    'accept4(1',
    'read(3, 0x7ffee899e737, 1',
    'epoll_wait(7, [{EPOLLIN, {u32=7',
    'lseek(8, 0, SEEK_CUR)                   ',
    'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CL',
    'sendto(7, "*5\\r\\n$3\\r\\nSE',
    'connect(7, {sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet',
    'sendmsg(7, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="5\\1\\0\\0", iov_len=4}',
    'poll([{fd=7, events=POL',
    'flock(7, LOCK_',
    'openat(AT_FDCWD, "/etc/ho',
    'futex(0x7faf3c074754, FUTEX_WAIT_BI',
    'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRI',
    'sendto(7, "*5", 2, MSG_NOSIG',
  ];

  it('was cut where other calls came back: nobody knows of that call', async () => {
    for (const line of LINES) {
      for (const text of [
        `getpid() = 9\n${line}`,
        `\`\`\`\ngetpid() = 9\n${line}\n\`\`\`\nIt hangs.\n`,
        `<pre>getpid() = 9\n${line}</pre>\n`,
      ]) {
        const report = await analyzed(text);
        none(report, KIND);
        assert.notEqual(report.outcomes[KIND]?.status, 'clear', line);
      }
    }
    none(await analyzed(`[pid 8] close(7) = 0\n[pid 9] ${LINES.at(-1)}\n`), KIND);
  });

  it('is what somebody wanted to show where it stands alone', async () => {
    for (const line of ['recvfrom(7', 'sendto(7, "*5', 'connect(7, {sa_family=AF_INET, sin_po', 'flock(7, LOCK_'])
      only(await analyzed(`strace: Process 8401 attached\n${line}\n`), KIND);
  });

  it('is not one that ends behind an argument, or that somebody shortened and says so', async () => {
    for (const line of [
      'recvfrom(7, ',
      'recvfrom(7, ...',
      'futex(0x7faf3c074754, FUTEX_WAIT_PRIVATE, 2, NULL)',
      'sendto(7, "GET /", 5, MSG_NOSIGNAL, NULL, 0',
      'sendto(7, "GET /a"..., 512, 0, NULL, 0 <unfinished ...>',
      'connect(7, {sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("10.0.0.7")}, 16',
      'connect(7, {sa_family=AF_INET, ...',
      'poll([{fd=7, events=POLLIN}], 1, -1',
      'flock(7, LOCK_EX',
      'futex(0x7faf3c074754, FUTEX_WAIT_PRIVATE, 2, NULL',
    ])
      only(await analyzed(`getpid() = 9\n${line}`), KIND);
  });
});

it('a line that ends before its descriptor names none', async () => {
  const { summary } = only(await analyzed('strace: Process 8401 attached\nread(\n'), KIND);
  assert.match(summary, /It waits for a descriptor that the line does not show/);
  assert.doesNotMatch(summary, /-1/);
});

it('a lock that processes share may be the turn to accept, one of a process alone is none', async () => {
  const waits = async (operation: string): Promise<string> =>
    only(await analyzed(`strace: Process 8401 attached\nfutex(0x402f4900, ${operation}, 2, NULL\n`), KIND).title;
  assert.equal(await waits('FUTEX_WAIT'), 'Pid 8401 waits in futex: idle or stuck');
  assert.match(await waits('FUTEX_WAIT_PRIVATE'), /^Pid 8401 is stuck in futex: the lock at 0x402f4900 is taken$/);
});

describe('a call that was interrupted and that the kernel begins again', () => {
  const LOCK = 'futex(0x55a4dddc3f90, FUTEX_WAIT_PRIVATE, 2, NULL) = ? ERESTARTSYS (To be restarted)';

  it('is what the thread is in when nothing of it follows', async () => {
    const { title, metrics } = only(await analyzed(`strace: Process 8401 attached\n${LOCK}\n`), KIND);
    assert.equal(title, 'Pid 8401 is stuck in futex: the lock at 0x55a4dddc3f90 is taken');
    assert.deepEqual(
      threadsOf(metrics.threads).map(({ tid, call }) => [tid, call]),
      [[8401, 'futex']],
    );
  });

  it('is so behind a signal that a process handles in passing, and counted as often as it stands there', async () => {
    const round = `--- SIGVTALRM {si_signo=SIGVTALRM, si_code=SI_TKILL, si_pid=8401, si_uid=1001} ---\n${LOCK}\n`;
    const report = await analyzed(`${round.repeat(3)}--- SIGVTALRM (Virtual timer expired) @ 0 (0) ---\n`);
    assert.match(only(report, KIND).title, /stuck in futex/);
    assert.deepEqual(
      report.calls.map(({ call, count }) => [call, count]),
      [['futex', 3]],
    );
  });

  it('has lasted since its beginning', async () => {
    const text =
      '8401 1795140800.000000 futex(0x55a4dddc3f90, FUTEX_WAIT_PRIVATE, 2, NULL) = ? ERESTARTSYS (To be restarted) <7.000000>\n';
    const [thread] = threadsOf(only(await analyzed(text), KIND).metrics.threads);
    assert.equal(thread?.forMs, 7000);
  });

  it('is over where the thread did something else, or was asked to end', async () => {
    none(await analyzed(`${LOCK}\nclose(7) = 0\n`), KIND);
    none(await analyzed(`${LOCK}\n--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---\n`), KIND);
    none(await analyzed(`${LOCK}\n+++ killed by SIGKILL +++\n`), KIND);
  });

  it('is no news where the thread waits for work in it', async () => {
    const report = await analyzed('accept(3, 0x7ffd, [16]) = ? ERESTARTSYS (To be restarted)\n');
    none(report, KIND);
    assert.equal(report.outcomes[KIND]?.status, 'clear');
  });
});

describe('a call that goes on as restart_syscall', () => {
  const RESUMED = 'restart_syscall(<... resuming interrupted poll ...>';

  it('may be a hang where a process is seen in nothing else', async () => {
    for (const line of [RESUMED, RESUMED.replace('poll', 'restart_syscall')]) {
      const { confidence, title, summary } = only(await analyzed(`strace: Process 8401 attached\n${line}\n`), KIND);
      assert.equal(confidence, 'possible');
      assert.match(title, /^Pid 8401 waits in /);
      assert.match(summary, /asked for before the capture began\. The capture does not show whether that is idle/);
    }
  });

  it('is the wait of a loop beside others that do something', async () => {
    const other = '[pid 8402] read(5, "x", 9) = 1\n';
    none(
      await analyzed(`strace: Process 8401 attached with 2 threads\n[pid 8401] ${RESUMED} <unfinished ...>\n${other}`),
      KIND,
    );
    none(await analyzed(`close(3) = 0\n${RESUMED}\n`), KIND);
  });
});

it('a process whose number nobody told is not called 0', async () => {
  const { summary } = only(await analyzed('close(7) = 0\nflock(9, LOCK_EX'), KIND);
  assert.match(summary, /^The process was still in flock/);
});

it('who wakes others in its last line waits for nobody', async () => {
  none(await analyzed('8 futex(0x55a4dddc3f90, FUTEX_WAKE_PRIVATE, 1 <unfinished ...>\n9 close(7) = 0\n'), KIND);
  only(await analyzed('8 futex(0x55a4dddc3f90, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>\n9 close(7) = 0\n'), KIND);
});

it('one thread that others wake, which the capture does not show, is no all-clear', async () => {
  const { outcomes } = await analyzed(
    'clone(child_stack=0x7f15, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8402\n' +
      'futex(0x55a4dddc3f90, FUTEX_WAIT_PRIVATE, 0, NULL) = 0\nfutex(0x55a4dddc3f90, FUTEX_WAIT_PRIVATE, 0, NULL',
  );
  const { status, reason } = outcomes[KIND] as Outcome;
  assert.deepEqual([status, /Record with -f/.test(reason)], ['not-applicable', true]);
});

describe('a worker of one thread that reads from the client that it accepted', () => {
  const PEER = '{sa_family=AF_INET, sin_port=htons(40117), sin_addr=inet_addr("10.0.0.9")}, [16]';
  const reading = (accept: string): string => `close(7) = 0\n${accept} = 11\nrecvfrom(11, `;

  it('may be held by that client', async () => {
    const { severity, confidence, title } = only(await analyzed(reading(`accept(5, ${PEER})`)), KIND);
    assert.deepEqual([severity, confidence], ['info', 'possible']);
    assert.match(title, /in recvfrom on client /);
  });

  it('is not, where it does not wait for it: the line was cut', async () => {
    none(await analyzed(reading(`accept4(5, ${PEER}, SOCK_NONBLOCK)`)), KIND);
  });
});

it('a process that a debugger holds is reported with that', async () => {
  const { metrics } = only(
    await analyzed(
      'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000\n' +
        'ts=1000000000 dur=7000 pid=101 tid=101 nr=3 ret=0 a=5,0,0,0 data=\nevent=end ts=8000000000\n' +
        'event=seen ts=8000000000 for=7000000000 pid=103 tid=103 parent=101 call=read held=traced holder=4711\n',
    ),
    KIND,
  );
  const [thread] = metrics.threads as readonly Record<string, unknown>[];
  assert.deepEqual([thread?.held, thread?.heldBy], ['traced', 4711]);
});

it('a poll for a socket of its own that nobody is connected to waits for whoever comes', async () => {
  const waiting = (name: string): string =>
    `101 1795140800.000000 poll([{fd=12<UNIX-STREAM:[${name}]>, events=POLLIN}], 1, 5000 <unfinished ...>\n` +
    [0, 1, 2, 3].map((second) => `102 ${1795140800 + second}.100000 getpid() = 102 <0.000010>\n`).join('');
  const severities = async (name: string): Promise<readonly string[]> =>
    ofKind(await analyzed(waiting(name)), KIND).map(({ severity }) => severity);
  assert.deepEqual(await severities('21399165->21399170,"/run/knot.sock"'), ['warning']);
  assert.deepEqual(await severities('21399165,"/run/knot.sock"'), ['info']);
});
