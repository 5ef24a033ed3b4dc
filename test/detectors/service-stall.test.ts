import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { seenCode } from '../support/code-lines.ts';
import { attached, fork, MASTER, openHub, openListener, prefork, watch } from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';
import { turn } from '../support/turns.ts';

const KIND = 'service-stall';
const END = 5000;

/**
 * Each worker serves one quick request, is away as told (`101: 100+300 900+50` is at 100 ms for 300 ms, at 900 ms for
 * 50 ms), and is idle else.
 */
function service(...workers: readonly string[]): TraceLines {
  const parsed = workers.map((text) => text.match(/\d+(?:\.\d+)?/g)?.map(Number) ?? []);
  const server = prefork(parsed.map(([pid = 0]) => pid));
  for (const [index, worker] of server.workers.entries()) {
    worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
    const [, ...away] = parsed[index] ?? [];
    for (let at = 0; at < away.length; at += 2) turn(worker, away[at] ?? 0, away[at + 1] ?? 0);
    worker.waitUntil(END);
  }
  return server.trace;
}

interface Stall {
  readonly startMs: number;
  readonly endMs: number;
  readonly blockedIn: readonly { readonly pid: number; readonly cause: string; readonly call: string }[];
}

function stallsOf({ metrics }: Finding): readonly Stall[] {
  return metrics.stalls as unknown as readonly Stall[];
}

/** `100 to 300`. */
function timesOf(finding: Finding): string {
  return stallsOf(finding)
    .map(({ startMs, endMs }) => `${startMs} to ${endMs}`)
    .join(', ');
}

describe('a service stands still', () => {
  it('from 100 ms on in which every worker is away from its loop', async () => {
    const overlap = (ms: number) => service('101: 100+300', `102: ${400 - ms}+300`);
    assert.equal(
      none(await analyzed(overlap(99.99)), KIND),
      'at no time were all of the 2 workers away from their loops for 100 ms or more',
    );
    const { severity, metrics, startMs, endMs, workers } = only(await analyzed(overlap(100)), KIND);
    assert.deepEqual([severity, metrics.longestMs, metrics.count, startMs, endMs], ['warning', 100, 1, 300, 400]);
    assert.deepEqual([metrics.workers, metrics.blocked, workers], [2, 2, [101, 102]]);
  });

  it('perhaps for the tracer alone, where it prints stacks: from a pause of 500 ms on it is no stack', async () => {
    const withStacks = async (ms: number) => {
      const lines = service(`101: 100+${ms}`, `102: 100+${ms}`).text().trimEnd().split('\n');
      const stack = ' > /usr/bin/python3.13(_PyEval_EvalFrameDefault+0x8f0) [0x10b7c0]';
      const { severity, confidence } = only(await analyzed(`${lines.join(`\n${stack}\n`)}\n`), KIND);
      return [severity, confidence];
    };
    assert.deepEqual(await withStacks(499), ['info', 'possible']);
    assert.deepEqual(await withStacks(503), ['critical', 'likely']);
  });

  it('not for the tracer alone, where one of the workers was in a call of its own in one of the stalls', async () => {
    const noted = async (inFirst: boolean, inSecond: boolean) => {
      const { trace, workers } = prefork([101, 102]);
      const saves = (worker: ThreadLines) => void worker.call('fsync(9</srv/orders.log>', ')', 0, 250);
      for (const [index, worker] of workers.entries()) {
        worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
        turn(worker, 100, 300);
        turn(worker, 600, 300, (index === 0 ? inFirst : inSecond) ? saves : undefined);
        worker.waitUntil(END);
      }
      const stack = ' > /usr/bin/python3.13(_PyEval_EvalFrameDefault+0x8f0) [0x10b7c0]';
      const lines = trace.text().trimEnd().split('\n');
      const { summary } = only(await analyzed(`${lines.join(`\n${stack}\n`)}\n`), KIND);
      return /holds all threads while it prints a stack/.test(summary);
    };
    assert.equal(await noted(false, false), true);
    assert.equal(await noted(true, false), false);
    assert.equal(await noted(true, true), false);
  });

  it('as a warning where they computed for less than 5 % of the time, and for less than 1 s', async () => {
    const severity = async (ms: number, thresholds = {}) =>
      only(await analyzed(service(`101: 100+${ms}`, `102: 100+${ms}`), {}, { thresholds }), KIND).severity;
    assert.deepEqual([await severity(240), await severity(260)], ['warning', 'critical']);
    assert.equal(await severity(999, { 'service-stall-share': 0.5 }), 'warning');
    assert.equal(await severity(1001, { 'service-stall-share': 0.5 }), 'critical');
    // A capture at work has just begun.
    const live = async (ms: number) =>
      only(await analyzed(service(`101: 100+${ms}`, `102: 100+${ms}`), {}, { goesOn: true }), KIND).severity;
    assert.deepEqual([await live(490), await live(510)], ['warning', 'critical']);
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers) {
      turn(worker, 100, 150, (each) => each.call('flock(21</run/a.lock>, LOCK_EX', ')', 0, 140));
      worker.waitUntil(END);
    }
    assert.equal(only(await analyzed(trace), KIND).severity, 'critical', 'a wait has a cause, which comes back');
  });

  it('by turns that are stalls themselves: shorter ones do not count', async () => {
    const trace = service('101: 100+300', '102: 150+99 260+99');
    none(await analyzed(trace), KIND);
    const thresholds = { 'stall-ms': 90, 'service-stall-ms': 90 };
    assert.equal(only(await analyzed(trace, {}, { thresholds }), KIND).metrics.count, 2);
  });

  it('each time it happens, and says what each worker was in', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    for (const [place, worker] of workers.entries()) {
      for (const at of [100, 1000, 2000])
        turn(worker, at + place, 230, (each) => each.call('flock(21</run/a.lock>, LOCK_EX', ')', 0, 200));
      worker.waitUntil(END);
    }
    const finding = only(await analyzed(trace), KIND);
    const { metrics, summary, evidence } = finding;
    assert.equal(timesOf(finding), '102 to 330, 1002 to 1230, 2002 to 2230');
    assert.deepEqual(
      stallsOf(finding)[0]?.blockedIn.map(({ pid, cause, call }) => `${pid} ${cause} ${call}`),
      ['101 file-lock flock', '102 file-lock flock', '103 file-lock flock'],
    );
    assert.deepEqual([metrics.totalMs, metrics.longestMs, metrics.count], [684, 228, 3]);
    assert.match(summary, /flock on \/run\/a\.lock/);
    assert.equal(evidence.length, 3);
  });

  it('and tells waiting from time outside any call', async () => {
    const waiting = prefork([101, 102]);
    for (const worker of waiting.workers) turn(worker, 100, 200, (each) => each.call('fsync(21</a.db>', ')', 0, 180));
    assert.ok((only(await analyzed(waiting.trace), KIND).metrics.busyPercent as number) < 11);
    const computing = only(await analyzed(service('101: 100+200', '102: 100+200')), KIND);
    assert.ok((computing.metrics.busyPercent as number) > 99);
    assert.match(
      computing.summary,
      /In these turns nearly all of the time was outside system calls: computing, or waiting for a CPU\./,
    );
    assert.doesNotMatch(computing.why, /machine may be idle/);
  });

  it('to the end of the capture, when nobody comes back', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers)
      worker
        .waitUntil(20, LISTENER)
        .serve(11, 'GET /a')
        .waitUntil(1000, LISTENER)
        .accept(11)
        .read(11, 'GET /stuck')
        .stays('poll([{fd=12, events=POLLIN}], 1, -1');
    trace.thread(900).at(4000).call('getpid(', ')', 900);
    const { openEnded, metrics, summary } = only(await analyzed(trace), KIND);
    assert.deepEqual([openEnded, metrics.longestMs], [true, 3000.02]);
    assert.match(summary, /for at least 3\.00 s, spent in poll/);
  });
});

it('a moment that ended is closed, although one of its workers never came back', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  first.waitUntil(20, LISTENER).serve(11, 'GET /a').waitUntil(1000, LISTENER).accept(11).read(11, 'GET /stuck');
  first.stays('poll([{fd=12, events=POLLIN}], 1, -1');
  second.waitUntil(20, LISTENER).serve(11, 'GET /a');
  turn(second, 1200, 300);
  second.waitUntil(4000);
  const finding = only(await analyzed(trace), KIND);
  assert.deepEqual([timesOf(finding), finding.openEnded], ['1200 to 1500', false]);
  assert.doesNotMatch(finding.title + finding.summary, /at least/);
});

describe('a service goes on', () => {
  it('while one worker is in its wait', async () => {
    none(await analyzed(service('101: 100+900', '102: 100+900', '103')), KIND);
  });

  it('although all workers had been away, at different times', async () => {
    none(await analyzed(service('101: 100+300', '102: 400+300')), KIND);
  });

  it('when only one worker was traced: that says nothing about the others', async () => {
    const report = await analyzed(service('101: 100+900'));
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
    assert.match(none(report, KIND), /^One event-loop worker was traced/);
  });
});

describe('only living workers count', () => {
  it('after one ended, the others', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
    for (const worker of workers) worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
    third.waitUntil(500).exits();
    for (const worker of [first, second]) {
      turn(worker, 100, 200);
      turn(worker, 1000, 200);
      worker.waitUntil(END);
    }
    assert.equal(timesOf(only(await analyzed(trace), KIND)), '1000 to 1200');
  });

  it('before one was started, the others', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers) {
      worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
      turn(worker, 100, 200);
      turn(worker, 2000, 200);
      worker.waitUntil(END);
    }
    fork(trace.reborn(100).at(1000), 103);
    const late = trace.thread(103).at(1001);
    openHub(late);
    late.waitUntil(1100, LISTENER).serve(11, 'GET /a').waitUntil(END);
    assert.equal(timesOf(only(await analyzed(trace), KIND)), '100 to 300');
  });

  it('and one that is left alone is no service', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    for (const worker of workers) worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
    second.waitUntil(500).exits();
    turn(first, 1000, 300);
    first.waitUntil(END);
    none(await analyzed(trace), KIND);
  });
});

describe('services are judged apart', () => {
  it('by their masters', async () => {
    const trace = new TraceLines();
    for (const [master, pids, away] of [
      [200, [201, 202], true],
      [300, [301, 302], false],
    ] as const) {
      openListener(trace.thread(master), LISTENER, { port: 8000 + master, label: `socket:[${master}]` });
      for (const pid of pids) {
        fork(trace.thread(master), pid);
        const worker = trace.thread(pid).at(5);
        openHub(worker);
        worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
        if (away) turn(worker, 100, 200);
        worker.waitUntil(END);
      }
    }
    const found = ofKind(await analyzed(trace), KIND);
    assert.deepEqual(
      found.map(({ workers }) => workers),
      [[201, 202]],
    );
  });

  it('by their listener when the tracer attached late', async () => {
    const { trace, workers } = attached([101, 102, 103]);
    for (const worker of workers) {
      worker.epollWait(HUB, 20, [LISTENER]).serve(11, 'GET /a');
      turn(worker, 100, 200);
      worker.waitUntil(END);
    }
    assert.deepEqual(only(await analyzed(trace), KIND).workers, [101, 102, 103]);
  });
});

it('without times one cannot tell', async () => {
  const report = await analyzed(service('101: 100+200', '102: 100+200'), { stamps: 'none' });
  assert.match(none(report, KIND), /no times/);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});

it('the metrics of a service stall are those of its trace', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  turn(first, 50, 307, (worker) =>
    worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, 290),
  );
  turn(second, 100, 211);
  for (const worker of workers) worker.waitUntil(3000);
  const seen = seenCode({ at: 250, frames: 'nap@/srv/app.py:12' });
  assert.deepEqual(only(await analyzed(`${trace.text()}${seen}`), KIND).metrics, {
    cause: 'busy-loops',
    workers: 2,
    blocked: 2,
    count: 1,
    totalMs: 211,
    longestMs: 211,
    // Outside calls: 307 ms less 290 and four calls of 0.02 ms, and 211 ms less such four; of 518 ms in all.
    busyPercent: 44,
    stalls: [
      {
        startMs: 100,
        endMs: 311,
        blockedIn: [
          {
            pid: 101,
            cause: 'sleep',
            call: 'clock_nanosleep',
            target: '',
            frames: [{ function: 'nap', file: '/srv/app.py', line: 12, isApplication: true }],
          },
          { pid: 102, cause: 'no-syscall', call: '', target: '' },
        ],
      },
    ],
  });
});

describe('between two generations of workers', () => {
  /** Two workers that stop at 500 ms, and two that begin so much later and find so many connections queued up. */
  function reload(
    gap: number,
    queued: number,
    { toggles = false, old = false, onDemand = false, crossed = false, apart = 0 } = {},
  ): TraceLines {
    const { trace, workers } = prefork([101, 102]);
    for (const [place, worker] of workers.entries()) {
      worker.waitUntil(50 + place, LISTENER).serve(11, 'GET /a');
      worker.waitUntil(500);
      worker.call(`epoll_ctl(${worker.fd(HUB)}, EPOLL_CTL_DEL, ${worker.fd(LISTENER)}, 0x7ffc`, ')', 0);
      if (!toggles) worker.close(LISTENER).exits();
    }
    const next = toggles
      ? workers
      : (crossed ? [202, 201] : [201, 202]).map((pid) => trace.thread(pid).at(500.04 + gap));
    // The first that was forked runs first, and is ready last.
    if (crossed) next[1]?.gap(-0.5).call('getpid(', ')', 201).gap(300);
    next[1]?.gap(apart);
    for (const worker of next) {
      if (toggles) watch(worker.waitUntil(500.04 + gap), LISTENER);
      else {
        worker.labels.set(LISTENER, 'socket:[4711]');
        openHub(worker);
      }
    }
    const [first, second] = next as [ThreadLines, ThreadLines];
    for (let taken = 0; taken < queued; taken++) first.epollWait(HUB, 0.02, [LISTENER]).serve(11, 'GET /a');
    first.waitUntil(4000, LISTENER).serve(11, 'GET /a').waitUntil(5000);
    second.waitUntil(5000);
    if (!toggles) {
      const master = trace.thread(MASTER);
      const ready = '[{events=EPOLLIN, data={u32=8, u64=8}}], 1, 1000)';
      if (onDemand) master.at(510).call('epoll_wait(9<anon_inode:[eventpoll]>, ', ready, 1, gap - 20);
      for (const pid of [201, 202]) fork(master.at(500 + gap - 1), pid);
    }
    if (old) trace.thread(301).at(0).stays('epoll_wait(7<anon_inode:[eventpoll]>, ');
    return trace;
  }

  it('nobody accepts for as long as nobody looks after the listener', async () => {
    const report = await analyzed(reload(900, 7));
    const { severity, title, metrics, workers } = only(report, KIND);
    assert.equal(severity, 'warning');
    assert.match(title, /^No worker accepted for 900 ms: at least 7 connections waited$/);
    assert.deepEqual([...workers].sort(), [101, 102, 201, 202]);
    const { cause, waited, count, blocked, totalMs, longestMs } = metrics;
    assert.deepEqual([cause, waited, count, blocked], ['no-worker', 7, 1, 0]);
    assert.equal(totalMs, longestMs);
    assert.ok(Math.abs((longestMs as number) - 900) < 1, String(longestMs));
  });

  it('ends with those who begin within 100 ms of the first, and names both generations', async () => {
    const { summary, metrics } = only(await analyzed(reload(900, 7, { apart: 100 })), KIND);
    assert.match(
      summary,
      /for 900 ms: the old workers \(101, 102\) had stopped accepting, and the new ones \(201, 202\) began later\. .* then took 7 connections/,
    );
    assert.equal(metrics.workers, 2);
    const [later] = (await analyzed(reload(900, 7, { apart: 101 }))).findings.filter(({ kind }) => kind === KIND);
    assert.match(later?.summary ?? '', /\(101, 102\) had stopped accepting, and the new ones \(201\) began later\./);
  });

  it('is proven by the line that gave the listener up, and by the first connection that was taken again', async () => {
    const trace = reload(900, 7);
    const { evidence, openEnded } = only(await analyzed(trace), KIND);
    const lines = trace.text().split('\n');
    const gaveUp = lines.findIndex((line) => /^101 .* EPOLL_CTL_DEL, 5</.test(line));
    const tookAgain = lines.findIndex((line) => /^201 .* accept4\(5</.test(line));
    assert.deepEqual(
      evidence.map(({ line }) => line),
      [gaveUp + 1, tookAgain + 1],
    );
    assert.equal(openEnded, false);
  });

  it('lasts until the first of the new ones begins, which may be the last that was forked', async () => {
    const { longestMs, waited } = only(await analyzed(reload(900, 7, { crossed: true })), KIND).metrics;
    assert.ok(Math.abs((longestMs as number) - 900) < 1, String(longestMs));
    assert.equal(waited, 7);
  });

  it('is critical from a second on', async () => {
    assert.equal(only(await analyzed(reload(1_001, 7)), KIND).severity, 'critical');
    assert.equal(only(await analyzed(reload(998, 7)), KIND).severity, 'warning');
  });

  it('is no finding when it was short, or when no two connections had queued up', async () => {
    none(await analyzed(reload(90, 7)), KIND);
    only(await analyzed(reload(900, 2)), KIND);
    none(await analyzed(reload(900, 1)), KIND);
  });

  it('is none when the same workers take the listener out of their wait and put it back', async () => {
    none(await analyzed(reload(900, 7, { toggles: true })), KIND);
  });

  it('is not told when somebody waited all the time and nobody knows what for', async () => {
    none(await analyzed(reload(900, 7, { old: true })), KIND);
  });

  it('is not told when who started the new workers waited all the time, and nobody knows what for', async () => {
    none(await analyzed(reload(900, 7, { onDemand: true })), KIND);
  });

  it('is none at a first start, nor when the server was stopped for good', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers) {
      worker.at(2_000);
      for (let taken = 0; taken < 7; taken++) worker.epollWait(HUB, 0.02, [LISTENER]).serve(11, 'GET /a');
      worker.waitUntil(3_000).close(LISTENER).exits();
    }
    trace.thread(MASTER).at(9_000).exits();
    none(await analyzed(trace), KIND);
  });
});

describe('workers that have all ended while their parent lives on', () => {
  /** Two workers that end at 500 ms; what else lives makes a call then. */
  function leftAlone(until: number, { other = 0, closes = false, ends = false } = {}): TraceLines {
    const { trace, workers } = prefork([101, 102]);
    const master = trace.thread(MASTER);
    for (const [place, worker] of workers.entries())
      worker
        .waitUntil(50 + place, LISTENER)
        .serve(11, 'GET /a')
        .waitUntil(500)
        .exits();
    if (closes) master.at(600).close(LISTENER);
    if (other > 0) fork(master.at(700), other);
    master.at(until).call('getpid(', ')', MASTER);
    if (other > 0) trace.thread(other).at(until).call('getpid(', ')', other);
    if (ends) master.exits();
    return trace;
  }

  it('leave a listener from which nobody accepts: from a second on a warning, no more than possible', async () => {
    none(await analyzed(leftAlone(1_498)), KIND);
    const { severity, confidence, title, summary, metrics, evidence, openEnded } = only(
      await analyzed(leftAlone(3_000)),
      KIND,
    );
    assert.deepEqual([severity, confidence, openEnded], ['warning', 'possible', true]);
    assert.equal(title, 'No worker accepted in the last 2.50 s: both workers in the capture ended');
    assert.match(
      summary,
      /^101, 102 accepted from .* Their parent 100 lives on, keeps the listener open, and does not/,
    );
    assert.deepEqual([metrics.cause, metrics.workers, metrics.waited], ['no-worker', 0, undefined]);
    assert.equal(evidence.length, 1);
  });

  it('are no finding where the parent has ended or closed the listener, or a third process lives', async () => {
    none(await analyzed(leftAlone(3_000, { ends: true })), KIND);
    none(await analyzed(leftAlone(3_000, { closes: true })), KIND);
    none(await analyzed(leftAlone(3_000, { other: 103 })), KIND);
  });

  /** The same where all were there before; the last one is the parent, as far as it asks for the status of workers. */
  async function ofOld({ isParent = true, isAway = true, forks = false } = {}): Promise<number> {
    const { trace, workers } = attached([101, 102]);
    const last = trace.thread(MASTER).at(0);
    for (const worker of workers) worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(500).exits();
    const wait = 'epoll_wait(12<anon_inode:[eventpoll]>, ';
    for (let count = 0; count < 4; count++) last.call(wait, '[], 1, 1000)', 0, 200);
    for (const pid of isParent ? [101, 102] : []) last.call('wait4(-1, ', '0x7ffc, WNOHANG, NULL)', pid);
    if (forks) fork(last, 103);
    last.gap(2_000).stays(isAway ? 'close(900' : wait);
    return ofKind(await analyzed(trace), KIND).length;
  }

  it('are a finding of captures that begin later, too', async () => assert.equal(await ofOld(), 1));

  it('are none where the last process waits, and nobody knows what for', async () =>
    assert.equal(await ofOld({ isAway: false }), 0));

  it('are none where nothing tells that the last process is their parent', async () =>
    assert.equal(await ofOld({ isParent: false }), 0));

  it('are none where the parent has forked since, as without -f nobody sees its new workers', async () =>
    assert.equal(await ofOld({ forks: true }), 0));
});

it('two services of one supervisor are two: while one stands still the other does not help, nor need to', async () => {
  const supervised = (ports: readonly [number, number]): TraceLines => {
    const trace = new TraceLines();
    const parent = trace.thread(MASTER).at(0);
    const workers = ports.map((port, index) => {
      const [fd, label] = [LISTENER + index * 100, `socket:[${4711 + index}]`];
      openListener(parent, fd, { label, port });
      return { fd, label };
    });
    for (const pid of [101, 102]) fork(parent, pid);
    parent.stays('wait4(-1, ');
    for (const [index, { fd, label }] of workers.entries()) {
      const worker = trace.thread(101 + index).at(5);
      worker.labels.set(fd, label);
      worker.call('epoll_create1(EPOLL_CLOEXEC', ')', `${HUB}<anon_inode:[eventpoll]>`);
      worker.labels.set(HUB, 'anon_inode:[eventpoll]');
      watch(worker, fd).waitUntil(20, fd).accept(11, { listener: fd }).read(11, 'GET /a').reply(11).close(11);
      worker.waitUntil(100, fd).accept(13, { listener: fd }).read(13, 'GET /b').gap(299.96).reply(13).close(13);
      worker.waitUntil(END);
    }
    return trace;
  };
  assert.match(none(await analyzed(supervised([8000, 8001])), KIND), /Each of 2 event loops serves something else/);
  assert.equal(only(await analyzed(supervised([8000, 8000])), KIND).metrics.count, 1);
});
