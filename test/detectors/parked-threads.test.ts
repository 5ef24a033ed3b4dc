import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { attached, fork, prefork, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'stuck-call';
const END = 7000;

const held = (word: string): string => `futex(${word}, FUTEX_WAIT_PRIVATE, 2, NULL`;
const PARKED = 'futex(0x7f0030, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY';

/** Serves until the end of the capture, and waits for clients then. */
function goesOn(worker: ThreadLines): void {
  for (let at = Math.ceil(worker.now) + 100; at < END; at += 310) worker.waitUntil(at, LISTENER).serve(11, 'GET /ping');
  worker
    .at(END)
    .acceptNothing()
    .stays(`epoll_wait(${worker.fd(7)}, `);
}

type Act = (thread: ThreadLines) => unknown;

/** A worker that starts threads, which do that, and goes on serving. */
function withThreads(...acts: readonly Act[]): TraceLines {
  const { trace, workers } = prefork([201]);
  const [worker] = workers as [ThreadLines];
  acts.forEach((act, index) => {
    startThread(worker, 203 + index);
    act(trace.thread(203 + index).at(worker.now + 1 + index));
  });
  goesOn(worker);
  return trace;
}

const worked =
  (word: string): Act =>
  (thread) =>
    thread.call('pread64(9</data/f>, "x", 4096, ', '0)', 4096).gap(40).stays(held(word));
const setItselfUp =
  (word: string): Act =>
  (thread) =>
    thread.call('prctl(PR_SET_NAME, "io_thd"', ')', 0).stays(held(word));

describe('threads that wait for a lock each, beside a service that answers', () => {
  it('are a warning where they had worked before: each may wait for what the other one has', async () => {
    const report = await analyzed(withThreads(worked('0x55aa10'), worked('0x55bb20')));
    const { severity, confidence, title, summary, metrics } = only(report, KIND);
    assert.deepEqual([severity, confidence, metrics['count']], ['warning', 'possible', 2]);
    assert.match(title, /^2 threads of 201 wait in futex/);
    assert.match(
      summary,
      /They wait for locks that are taken \(futex words 0x55aa10, 0x55bb20\)\. .*Each of them may wait for a lock that another of them has/,
    );
    assert.match(report.verdict.text, /^Possible: 2 threads of 201 wait in futex/);
  });

  it('are told where their locks stand side by side, if they had worked before', async () => {
    const report = await analyzed(withThreads(worked('0x55aa10'), worked('0x55aa38')));
    assert.equal(only(report, KIND).severity, 'info');
  });

  it('are no news where they did nothing since they were started, as those of redis, held by an array', async () => {
    const trace = withThreads(setItselfUp('0x55aa10'), setItselfUp('0x55aa38'), setItselfUp('0x55aa60'));
    assert.match(none(await analyzed(trace), KIND), /3 waiting for another thread or process while no request waits/);
  });

  it('are no news where their locks stand in records of one size, of three threads and more', async () => {
    const words = ['0x55a000', '0x55a2c0', '0x55a580'];
    none(await analyzed(withThreads(...words.map(setItselfUp))), KIND);
    assert.equal(only(await analyzed(withThreads(...words.slice(0, 2).map(setItselfUp))), KIND).severity, 'info');
  });

  it('are told where they are in it since before the capture, unless their locks stand side by side', async () => {
    const since = (...words: readonly string[]): TraceLines => {
      const { trace, workers } = attached([201]);
      const [worker] = workers as [ThreadLines];
      words.forEach((word, index) => {
        trace
          .thread(203 + index)
          .at(1)
          .stays(held(word));
      });
      goesOn(worker);
      return trace;
    };
    assert.equal(only(await analyzed(since('0x55aa10', '0x55bb20')), KIND).severity, 'info');
    none(await analyzed(since('0x55aa10', '0x55aa38', '0x55aa60')), KIND);
  });
});

describe('a thread that reads from a socket since before the capture, beside a service that answers', () => {
  const beside = (call: string): TraceLines => {
    const { trace, workers } = attached([201]);
    trace.thread(219).at(1).stays(call);
    for (const worker of workers) goesOn(worker);
    return trace;
  };

  it('is told without a claim where nothing says what is at the other end: so runtimes wait for signals', async () => {
    const report = await analyzed(beside('recvfrom(21<socket:[4771]>, '));
    const { severity, title, summary } = only(report, KIND);
    assert.deepEqual(
      [severity, title],
      ['info', 'Pid 219 waits in recvfrom on socket fd 21 for at least 7.00 s: idle or stuck'],
    );
    assert.match(summary, /It waits for something to read from socket fd 21\. .* does not show whether that is idle/);
    assert.match(report.verdict.text, /^Nothing urgent/);
  });

  it('is stuck where the other end has an address, and where nobody answers', async () => {
    const named = beside('recvfrom(21<TCP:[127.0.0.1:40123->127.0.0.1:5432]>, ');
    assert.equal(only(await analyzed(named), KIND).severity, 'warning');
    const { trace } = attached([201]);
    for (const tid of [201, 219]) trace.thread(tid).at(1).stays('recvfrom(21<socket:[4771]>, ');
    trace.thread(230).at(END).call('getpid(', ')', 230);
    assert.notEqual(only(await analyzed(trace), KIND).severity, 'info');
  });
});

describe('a process beside servers that answer', () => {
  /** A server with a thread of its own, as Node, and a sibling that reads a file and does that from then on. */
  function withSibling(act: Act): TraceLines {
    const { trace, workers } = prefork([201, 210]);
    const [worker, sibling] = workers as [ThreadLines, ThreadLines];
    startThread(worker, 202);
    trace
      .thread(202)
      .at(worker.now + 1)
      .stays(PARKED);
    act(sibling.at(worker.now + 2).call('read(6</srv/job>, "x", ', '4096)', 4096));
    goesOn(worker);
    return trace;
  }

  const cases: readonly (readonly [what: string, call: string])[] = [
    ['an empty pipe', 'read(24<pipe:[52]>, '],
    [
      'a word that processes share',
      'futex(0x7fee10, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY',
    ],
  ];
  for (const [what, call] of cases)
    it(`is told where it was forked and hangs in ${what}: it is no thread of theirs`, async () => {
      const { severity, workers } = only(await analyzed(withSibling((sibling) => sibling.stays(call))), KIND);
      assert.deepEqual([severity, workers], ['info', [210]]);
    });

  it('is no news where it may be a thread that nobody told from a process', async () => {
    const { trace, workers } = attached([201, 301]);
    for (const worker of workers) {
      startThread(worker, worker.tid + 1);
      trace
        .thread(worker.tid + 1)
        .at(1)
        .stays(PARKED);
      goesOn(worker);
    }
    for (const tid of [205, 206, 305]) trace.thread(tid).at(2).stays(PARKED);
    none(await analyzed(trace), KIND);
  });

  it('is no news where it waits for a job from its master, as others do that took some', async () => {
    const { trace, workers } = prefork([201]);
    const [worker] = workers as [ThreadLines];
    const master = trace.thread(300).at(10);
    for (const pid of [301, 302, 303]) fork(master, pid);
    for (const pid of [301, 302]) {
      const child = trace.thread(pid).at(20);
      for (let at = 500; at < 3000; at += 700)
        child.call(`read(${20 + pid}<pipe:[${pid}]>, "x", `, '4)', 4, at - child.now).gap(100);
      child.stays(`read(${20 + pid}<pipe:[${pid}]>, `);
    }
    trace.thread(303).at(20).stays('read(323<pipe:[303]>, ');
    master.stays('wait4(-1, ');
    goesOn(worker);
    assert.deepEqual(
      ofKind(await analyzed(trace), KIND).map(({ title }) => title),
      [],
    );
  });
});
