import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { seenCode } from '../support/code-lines.ts';
import { attached, connectTo, oneWorker, prefork, startThread } from '../support/server-lines.ts';
import { failed, HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines, TraceStyle } from '../support/trace-lines.ts';
import { oneTurn, TURN_START, turn } from '../support/turns.ts';

const KIND = 'loop-stall';

async function stall(trace: TraceLines, style: Partial<TraceStyle> = {}): Promise<Finding> {
  return only(await analyzed(trace, style), KIND);
}

describe('a turn of an event loop', () => {
  it('is a stall from 100 ms on', async () => {
    assert.match(
      none(await analyzed(oneTurn(99.99)), KIND),
      /^no turn of 100 ms or more in 2 turns of 1 loop; the longest took/,
    );
    const { severity, metrics, startMs, endMs, workers } = await stall(oneTurn(100));
    assert.deepEqual(
      [severity, metrics.stallMs, startMs, endMs, workers],
      ['warning', 100, TURN_START, TURN_START + 100, [101]],
    );
  });

  it('is critical from 1 s on', async () => {
    assert.equal((await stall(oneTurn(999.9))).severity, 'warning');
    assert.equal((await stall(oneTurn(1000))).severity, 'critical');
  });

  it('is judged by the thresholds that the user sets', async () => {
    const thresholds = { 'stall-ms': 20, 'stall-critical-ms': 50 };
    none(await analyzed(oneTurn(19.99), {}, { thresholds }), KIND);
    assert.equal(only(await analyzed(oneTurn(20), {}, { thresholds }), KIND).severity, 'warning');
    assert.equal(only(await analyzed(oneTurn(50), {}, { thresholds }), KIND).severity, 'critical');
    none(await analyzed(oneTurn(150), {}, { thresholds: { 'stall-ms': 151 } }), KIND);
  });

  it('names the services that other threads of its process connect to, and none of its own', async () => {
    const { trace, worker } = oneWorker();
    startThread(worker, 140);
    const helper = trace.thread(140).at(10);
    connectTo(helper, 21, 9092);
    connectTo(worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a'), 23, 6379);
    worker.call('flock(9</srv/a.lock>, LOCK_EX', ')', 0, 701).reply(11).close(11).waitUntil(2000);
    assert.deepEqual(only(await analyzed(trace), KIND).metrics.helperPeers, ['10.0.0.7:9092 (Kafka by convention)']);
  });

  it('is not the time in its own wait, however long', async () => {
    const { trace, worker } = oneWorker();
    worker
      .waitUntil(50, LISTENER)
      .serve(11, 'GET /a')
      .waitUntil(30_000, LISTENER)
      .serve(11, 'GET /a')
      .waitUntil(61_000);
    none(await analyzed(trace), KIND);
  });

  it('goes on over a wait that a signal interrupted only as long as the handler takes', async () => {
    const interrupted = (handler: number): TraceLines => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
      worker.call(`epoll_wait(${worker.fd(HUB)}, `, '0x7ffd9000, 64, -1)', failed('EINTR'), 400).signal('SIGCHLD');
      worker.gap(handler).call('rt_sigreturn({mask=[]}', ')', failed('EINTR')).waitUntil(2000);
      return trace;
    };
    none(await analyzed(interrupted(99)), KIND);
    assert.equal((await stall(interrupted(100))).metrics.longestGapMs, 100);
  });

  it('names the request, and who waited behind it', async () => {
    const { trace, worker } = oneWorker();
    worker
      .waitUntil(20, LISTENER)
      .accept(12)
      .read(12, 'GET /early')
      .waitUntil(50, LISTENER)
      .accept(11)
      .read(11, 'GET /slow')
      .gap(130)
      .reply(11)
      .close(11);
    // Ready at once: it came while the loop was away.
    worker.epollWait(HUB, 0.02, [LISTENER]).accept(13).read(13, 'GET /late').reply(13).close(13);
    worker.waitUntil(300, LISTENER).accept(14).read(14, 'GET /other').reply(14).close(14).waitUntil(1000);
    const { metrics, summary } = await stall(trace);
    assert.deepEqual(
      [metrics.request, metrics.waiting, metrics.waitingCount],
      ['GET /slow', ['GET /early', 'GET /late'], 2],
    );
    assert.match(
      summary,
      /while serving GET \/slow: no system call for 130 ms \(running, or waiting for a CPU\)\. Meanwhile at least 2 other requests were kept waiting\.$/,
    );
  });

  /** A stall of 2 s, and then a connection accepted in each of so many turns that follow without a wait in between. */
  function drained(late: number, pause = 0.02): TraceLines {
    const { trace, worker } = oneWorker();
    turn(worker, 1000, 2000);
    for (let index = 0; index < late; index++) worker.epollWait(HUB, pause, [LISTENER]).accept(20 + index);
    for (let index = 0; index < late; index++)
      worker
        .epollWait(HUB, 0.02, [20 + index])
        .read(20 + index, 'GET /late')
        .reply(20 + index)
        .close(20 + index);
    worker.waitUntil(9000);
    return trace;
  }

  it('counts those that were accepted right after it, once each, also when their requests are read later', async () => {
    const { metrics } = await stall(drained(11));
    assert.deepEqual([metrics.waitingCount, (metrics.waiting as string[]).length], [11, 8]);
  });

  it('counts nobody who came after the loop had waited, or half a per cent of the stall after it', async () => {
    assert.equal((await stall(drained(11, 1.1))).metrics.waitingCount, 0);
    // Every turn takes 0.9 ms and the accept; 10 ms are half a per cent.
    assert.equal((await stall(drained(23, 0.9))).metrics.waitingCount, 11);
  });

  // uvloop sends all replies of a turn at its end: of those that were read in it, any may be the first.
  const orders = ['first', 'last'].flatMap((place) =>
    [0, 1, 2].filter((waits) => place === 'last' || waits > 0).map((waits) => [place, waits] as const),
  );
  for (const [place, waits] of orders)
    it(`names who is answered next, of several read in one go: the ${place}, ${waits} waits later`, async () => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11).accept(12).accept(13).waitUntil(60, 11, 12, 13);
      const slow = place === 'first' ? 11 : 13;
      for (const fd of [11, 12, 13]) worker.read(fd, fd === slow ? 'GET /slow' : 'GET /quick');
      // asyncio reads in one turn and works in a later one.
      for (let index = 0; index < waits; index++) worker.epollWait(HUB, 0.01, []);
      for (const fd of [11, 12, 13]) {
        if (fd === slow) worker.call('wait4(4711, ', '[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL)', 4711, 1201);
        worker.reply(fd).close(fd);
      }
      worker.waitUntil(2000);
      const { summary } = only(await analyzed(trace), 'loop-stall');
      assert.match(summary, /while serving GET \/slow: wait4 took 1\.20 s/);
    });

  it('names the request that was read last, where it was not answered before the loop waited again', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).accept(12).waitUntil(60, 11, 12);
    worker.read(11, 'GET /quick').read(12, 'GET /slow');
    worker.call('wait4(4711, ', '[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL)', 4711, 1201);
    worker.waitUntil(2000).reply(11).close(11).reply(12).close(12).waitUntil(3000);
    assert.match(only(await analyzed(trace), 'loop-stall').summary, /while serving GET \/slow: wait4 took 1\.20 s/);
  });

  it('does not count what was accepted after it from a queue that others served meanwhile', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [away, other] = workers as [ThreadLines, ThreadLines];
    turn(away, 1000, 2000);
    other.waitUntil(1500, LISTENER).serve(11, 'GET /b').waitUntil(9000);
    for (let index = 0; index < 5; index++) away.epollWait(HUB, 0.02, [LISTENER]).accept(20 + index);
    away.waitUntil(9000);
    assert.equal((await stall(trace)).metrics.waitingCount, 0);
  });
});

describe('stalls of one kind', () => {
  it('are one finding for each worker, cause and target', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers) {
      for (let index = 0; index < 5; index++) turn(worker, 50 + index * 500, 150 + index);
      turn(worker, 3000, 230, (each) => each.call('flock(21</run/a.lock>, LOCK_EX', ')', 0, 200));
      worker.waitUntil(5000);
    }
    const found = ofKind(await analyzed(trace), KIND);
    assert.deepEqual(
      found.map(({ workers: [pid], metrics }) => [
        pid,
        metrics.cause,
        metrics.count,
        metrics.longestMs,
        metrics.totalMs,
      ]),
      [
        [101, 'no-syscall', 5, 154, 760],
        [102, 'no-syscall', 5, 154, 760],
        [101, 'file-lock', 1, 230, 230],
        [102, 'file-lock', 1, 230, 230],
      ],
    );
  });

  it('are counted in full and told up to a bound, the longest first to stay', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 31; index++) turn(worker, 50 + index * 500, 150 + index);
    worker.waitUntil(20_000);
    const { metrics } = await stall(trace);
    const kept = metrics.stalls as readonly { readonly stallMs: number }[];
    assert.deepEqual([metrics.count, kept.length, kept[0]?.stallMs, kept.at(-1)?.stallMs], [31, 20, 161, 180]);
  });

  it('have titles that name the target without what its port stands for', async () => {
    const trace = oneTurn(200, (worker) => {
      connectTo(worker, 12, 53);
      worker.call('poll([{fd=12<socket:[60012]>, events=POLLIN}], 1, 5000', ')', '1 ([{fd=12, revents=POLLIN}])', 170);
    });
    const { title, summary } = await stall(trace);
    assert.equal(title, 'GET /slow holds worker 101 for 200 ms: waits for DNS 10.0.0.7:53');
    assert.match(summary, /poll on 10\.0\.0\.7:53 \(DNS by convention\) took 170 ms \(a name lookup\)/);
  });

  it('is a sleep where the wait runs out that only another thread of the process could have ended', async () => {
    const event = '[{fd=3<anon_inode:[eventfd]>, events=POLLIN}]';
    const slept = (set: string, result: string) =>
      stall(
        oneTurn(200, (worker) =>
          worker.call(`ppoll(${set}, 1, {tv_sec=0, tv_nsec=170000000}, NULL, 8`, ')', result, 170),
        ),
      );
    assert.match((await slept(event, '0 (Timeout)')).title, /: sleeps \(ppoll\)$/);
    // Somebody woke it, or it waited for something else.
    assert.match((await slept(event, '1 ([{fd=3, revents=POLLIN}])')).title, /: waits for a wake-up on event fd 3/);
    assert.match(
      (await slept('[{fd=9<pipe:[77]>, events=POLLIN}]', '0 (Timeout)')).title,
      /: waits in ppoll on pipe fd 9/,
    );
  });

  it('have titles of 78 characters at most', async () => {
    const path = `/var/lib/${'very-'.repeat(30)}long.db`;
    const { title } = await stall(oneTurn(150, (worker) => worker.call(`fsync(21<${path}>`, ')', 0, 149)));
    assert.ok(title.length <= 78, title);
  });
});

describe('a loop that is away at the end of the capture', () => {
  /** Worker 101 does `last`; another one goes on for 3 s. */
  function unfinished(last: (worker: ThreadLines) => void): TraceLines {
    const { trace, workers } = attached([101, 102]);
    const [worker, other] = workers as [ThreadLines, ThreadLines];
    for (const each of [worker, other]) each.waitUntil(10, LISTENER).serve(11, 'GET /a');
    worker.waitUntil(1000, LISTENER).accept(11).read(11, 'GET /stuck');
    last(worker);
    other.waitUntil(4000, LISTENER).serve(11, 'GET /a').waitUntil(4001);
    return trace;
  }

  it('is a stall at least as long as the trace shows, in the call that did not return', async () => {
    const { metrics, openEnded, title, summary, evidence } = await stall(
      unfinished((worker) => worker.stays(`poll([{fd=12<socket:[99]>, events=POLLIN}], 1, -1`)),
    );
    assert.deepEqual(
      [openEnded, metrics.cause, metrics.call, metrics.request, metrics.rungs],
      [true, 'foreign-poll', 'poll', 'GET /stuck', 1],
    );
    assert.equal(Math.round(metrics.stallMs as number), 3001);
    assert.match(title, /^GET \/stuck holds worker 101 at least 3\.00 s: poll on socket fd 12/);
    assert.match(summary, /for at least 3\.00 s while serving GET \/stuck/);
    assert.match(evidence[0]?.text ?? '', /poll\(.* <unfinished \.\.\.>$/);
  });

  it('is a stall without a call when its last line is one that returned', async () => {
    const { metrics, openEnded, evidence, summary } = await stall(unfinished(() => {}));
    assert.deepEqual([openEnded, metrics.cause, metrics.call], [true, 'no-syscall', '']);
    assert.equal(Math.round(metrics.longestGapMs as number), 3001);
    assert.match(summary, /no system call for 3\.00 s/);
    assert.match(evidence[0]?.text ?? '', /GET \/stuck/);
  });

  it('is none when it is in its own wait', async () => {
    none(
      await analyzed(
        unfinished((worker) =>
          worker
            .reply(11)
            .close(11)
            .stays(`epoll_wait(${worker.fd(HUB)}, `),
        ),
      ),
      KIND,
    );
  });

  it('ends with the wait that the trace cuts: the stall before it is closed', async () => {
    const { openEnded, metrics, evidence } = await stall(
      unfinished((worker) => worker.gap(500).stays(`epoll_wait(${worker.fd(HUB)}, `)),
    );
    assert.deepEqual(
      [openEnded, metrics.cause, metrics.stallMs, metrics.longestGapMs],
      [false, 'no-syscall', 500.04, 500],
    );
    assert.equal(evidence.length, 2);
  });

  it('is none when the worker was told to end and was killed while it did, and one when it had a request', async () => {
    const told = '--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=100, si_uid=0} ---';
    const shutdown = (seconds: number, ask: (worker: ThreadLines) => ThreadLines): TraceLines => {
      const { trace, worker } = oneWorker();
      for (let turn = 0; turn < 3; turn++) worker.waitUntil(worker.now + 50, LISTENER).serve(11, 'GET /a');
      ask(worker.waitUntil(worker.now + 50, LISTENER))
        .line(told)
        .close(LISTENER)
        .gap(seconds * 1_000);
      worker.killedBy('SIGKILL');
      return trace;
    };
    none(await analyzed(shutdown(0.7, (worker) => worker)), KIND);
    // Who does not come to its end hangs in that.
    only(await analyzed(shutdown(11, (worker) => worker)), KIND);
    const asked = await stall(shutdown(0.7, (worker) => worker.accept(11).read(11, 'GET /slow')));
    assert.match(String(asked.metrics.request), /GET \/slow/);
  });

  it('is a stall when the worker was killed in it, and none when it ended by itself', async () => {
    const killed = await stall(unfinished((worker) => worker.gap(700).killedBy('SIGKILL')));
    // A dead worker is in no stall any more.
    assert.deepEqual([killed.openEnded, killed.metrics.stallMs], [false, 700.04]);
    assert.ok(killed.evidence.length > 0);
    none(await analyzed(unfinished((worker) => worker.gap(700).exits())), KIND);
  });

  it('is unknown when the trace does not tell how long its last wait took', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(10, LISTENER).serve(11, 'GET /a').waitUntil(20, LISTENER);
    trace.thread(900).at(30).call('getpid(', ')', 900).at(4000).call('getpid(', ')', 900);
    none(await analyzed(trace, { durations: false }), KIND);
    assert.equal((await stall(trace)).openEnded, true);
  });
});

it('the longest time without a call is told from a millisecond on', async () => {
  const longest = async (gap: number) => {
    const trace = oneTurn(200, (worker) => {
      // The five other calls take 0.1 ms.
      worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, 199.9 - gap);
      worker.gap(gap).call('getpid(', ')', 101);
    });
    return (await stall(trace)).metrics.longestGapMs;
  };
  assert.deepEqual([await longest(0.999), await longest(1)], [0, 1]);
});

it('the metrics of a stall are those of its trace', async () => {
  const { trace, worker } = oneWorker();
  const nap = (own: ThreadLines, ms: number) =>
    own.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, ms);
  turn(worker, 50, 307, (own) => nap(own, 190));
  turn(worker, 1000, 211, (own) => nap(own, 200));
  worker.waitUntil(3000);
  // Accept, read, reply and close take 0.02 ms each; the two before the nap go by first.
  const outside = 307 - 190 - 0.08;
  const stall = { call: 'clock_nanosleep', request: 'GET /slow', turnCalls: 5, open: false };
  const seen = seenCode({ at: 1100, frames: 'nap@/srv/app.py:12' });
  assert.deepEqual(only(await analyzed(`${trace.text()}${seen}`), 'loop-stall').metrics, {
    stallMs: 307,
    worker: 101,
    cause: 'sleep',
    call: 'clock_nanosleep',
    callMs: 190,
    target: '',
    request: 'GET /slow',
    waiting: [],
    waitingCount: 0,
    turnCalls: 5,
    cpuOrWaitMs: outside,
    onCpuMs: null,
    queuedMs: null,
    longestGapMs: outside,
    correctedMs: 307,
    quotaPeriodMs: null,
    stopSignal: '',
    stopSender: null,
    rungs: 1,
    query: '',
    helperPeers: [],
    afterReply: false,
    count: 2,
    longestMs: 307,
    totalMs: 307 + 211,
    stalls: [
      { ...stall, startMs: 50, endMs: 357, stallMs: 307, callMs: 190, blockedFromMs: 50.04, blockedToMs: 240.04 },
      {
        ...stall,
        startMs: 1000,
        endMs: 1211,
        stallMs: 211,
        callMs: 200,
        blockedFromMs: 1000.04,
        blockedToMs: 1200.04,
        frames: [{ function: 'nap', file: '/srv/app.py', line: 12, isApplication: true }],
      },
    ],
    requests: ['GET /slow'],
    requestInTitle: '',
    allCount: 2,
    allTotalMs: 307 + 211,
    // Its loop runs from 5.04 ms on.
    share: Number((518 / (3000 - 5.04)).toFixed(4)),
  });
});
