import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { arrival, arrivals } from '../support/arrivals.ts';
import { attached, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines, TraceStyle } from '../support/trace-lines.ts';

const KIND = 'thundering-herd';

function herd({ workers = 3, connections = 23, wasted = 37, every = 10 } = {}): TraceLines {
  const server = prefork(Array.from({ length: workers }, (_, index) => 101 + index));
  arrivals(server.workers, { connections, wasted, every });
  return server.trace;
}

/** The severity of a herd whose cost is no obstacle to a warning; null where none is told. */
async function severity(parts: Parameters<typeof herd>[0]): Promise<string | null> {
  const report = await analyzed(herd(parts), {}, { thresholds: { 'herd-core-share': 0 } });
  return report.findings.find(({ kind }) => kind === KIND)?.severity ?? null;
}

describe('a herd', () => {
  it('is counted: wake-ups that accepted, wake-ups that found nothing, and who shares the listener', async () => {
    const { metrics, workers, confidence, summary } = only(await analyzed(herd()), KIND);
    assert.deepEqual(
      [metrics.listener, metrics.acceptors, metrics.connections, metrics.productiveWakeups, metrics.wastedWakeups],
      ['127.0.0.1:8000', 3, 23, 23, 37],
    );
    assert.deepEqual([metrics.herdFactor, metrics.wastedWakeupRatio, metrics.maxBurst], [2.609, 0.617, 3]);
    assert.deepEqual([metrics.shares, metrics.maxShare], [[8, 8, 7], 0.348]);
    assert.deepEqual(workers, [101, 102, 103]);
    assert.equal(confidence, 'likely');
    assert.match(
      summary,
      /^3 acceptors share 127\.0\.0\.1:8000\. For 23 connections they were woken 60 times; 37 found nothing to accept/,
    );
  });

  it('is said to be an upper bound when it was seen through strace', async () => {
    const { metrics, summary, next } = only(await analyzed(herd()), KIND);
    assert.deepEqual([metrics.bound, metrics.kernelWakeups], ['upper', null]);
    assert.equal(next.at(-1)?.command, 'drover attach 101 --engine bpftrace --program exact');
    assert.match(
      summary,
      /Without strace the kernel wakes about as many workers, but fewer of them get EAGAIN: strace slows the worker/,
    );
  });

  it('quotes accepts that found nothing', async () => {
    const { evidence } = only(await analyzed(herd()), KIND);
    assert.equal(evidence.length, 6);
    for (const { text } of evidence) assert.match(text, /accept4.* = -1 EAGAIN/);
  });

  it('costs what its wasted wake-ups cost: 20 µs each', async () => {
    const { metrics } = only(await analyzed(herd()), KIND);
    const perSecond = metrics.wastedWakeupsPerSecond as number;
    assert.ok(Math.abs((metrics.estimatedCores as number) - perSecond * 20e-6) < 1e-5);
    // 37 wasted in the 220 ms from the first wake-up to the end of the last.
    assert.ok(Math.abs(perSecond - 37 / 0.22) < 1, `${perSecond}`);
  });
});

describe('the thresholds of a herd', () => {
  it('needs 10 connections', async () => {
    assert.match(
      none(await analyzed(herd({ connections: 9, wasted: 18 })), KIND),
      /9 connections, too few to judge \(10 needed\)/,
    );
    assert.equal(await severity({ connections: 10, wasted: 20 }), 'warning');
  });

  it('needs 10 wasted wake-ups', async () => {
    assert.match(
      none(await analyzed(herd({ connections: 11, wasted: 9 })), KIND),
      /1\.82 wake-ups a connection \(9 of 20 found nothing\)/,
    );
    assert.equal(await severity({ connections: 11, wasted: 10 }), 'warning');
  });

  it('is a line from 1.3 wake-ups a connection on', async () => {
    assert.equal(await severity({ connections: 70, wasted: 20 }), null);
    assert.equal(await severity({ connections: 70, wasted: 21 }), 'info');
  });

  it('is a warning from 1.8 on', async () => {
    assert.equal(await severity({ connections: 70, wasted: 55 }), 'info');
    assert.equal(await severity({ connections: 70, wasted: 56 }), 'warning');
  });

  it('is a warning among three workers from the factor on that the user sets', async () => {
    const at = (factor: number) =>
      analyzed(
        herd({ connections: 70, wasted: 70 }),
        {},
        { thresholds: { 'herd-factor': factor, 'herd-core-share': 0 } },
      );
    assert.equal(only(await at(2), KIND).severity, 'warning');
    assert.equal(only(await at(2.001), KIND).severity, 'info');
  });

  it('is a warning among two workers when 0.4 of the wake-ups were wasted', async () => {
    assert.equal(await severity({ workers: 2, connections: 60, wasted: 39 }), 'info');
    assert.equal(await severity({ workers: 2, connections: 60, wasted: 40 }), 'warning');
  });

  it('is critical from so many wasted wake-ups a second on', async () => {
    const trace = herd({ every: 1 });
    const rate = only(await analyzed(trace), KIND).metrics.wastedWakeupsPerSecond as number;
    assert.ok(rate > 1000);
    assert.equal(only(await analyzed(trace), KIND).severity, 'critical');
    const at = (limit: number) => analyzed(trace, {}, { thresholds: { 'herd-critical-per-second': limit } });
    assert.equal(only(await at(Math.floor(rate)), KIND).severity, 'critical');
    assert.equal(only(await at(Math.ceil(rate)), KIND).severity, 'warning');
    // At a fifth of that rate nobody feels it.
    assert.equal(only(await analyzed(herd({ every: 5 })), KIND).severity, 'info');
  });
});

describe('what a herd costs', () => {
  /** Three workers with 37 wasted wake-ups for 23 connections, that all work for `work` milliseconds after each. */
  async function costing(share: number, work = 0, busyShare = 0.5): Promise<[severity: string, advice: string]> {
    const { trace, workers } = prefork([101, 102, 103]);
    for (let index = 0; index < 23; index++) {
      const [winner, ...losers] = [...workers.slice(index % 3), ...workers.slice(0, index % 3)];
      winner?.waitUntil(50 + index * 10, LISTENER).serve(11, 'GET /a', { work });
      for (const [each, loser] of losers.slice(0, index < 14 ? 2 : 1).entries())
        loser
          .waitUntil(50 + index * 10 + (each + 1) * 0.05, LISTENER)
          .acceptNothing()
          .gap(work);
      if (index >= 14) losers[1]?.waitUntil(50 + index * 10, 12).gap(work);
    }
    for (const worker of workers) worker.waitUntil(300);
    const thresholds = { 'herd-core-share': share, 'herd-busy-share': busyShare };
    const { severity, next } = only(await analyzed(trace, {}, { thresholds }), KIND);
    return [severity, next[0]?.text ?? ''];
  }

  // 37 in 220 ms, 20 µs each.
  const cost = (37 / 0.22) * 20e-6;

  it('makes it a warning from the share of a core on that somebody notices', async () => {
    assert.equal((await costing(cost * 0.99))[0], 'warning');
    assert.equal((await costing(cost * 1.01))[0], 'info');
    // The default.
    assert.ok(cost < 0.01);
    assert.equal(only(await analyzed(herd()), KIND).severity, 'info');
  });

  it('is judged at ten times the rate where the acceptors are busy', async () => {
    // Each works for 7 of 10 ms.
    assert.equal((await costing(cost * 9, 7))[0], 'warning');
    assert.equal((await costing(cost * 10.1, 7))[0], 'info');
    assert.equal((await costing(cost * 9, 7, 0.9))[0], 'info');
    assert.equal((await costing(cost * 9, 1))[0], 'info');
  });

  it('decides the first advice: a warning is never told to change nothing', async () => {
    assert.doesNotMatch((await costing(cost * 9, 7))[1], /Change nothing/);
    assert.match((await costing(cost * 10.1, 7))[1], /^Change nothing yet: at this rate the herd costs 0\.33 %/);
  });

  it('is unknown without times, so that the herd is info', async () => {
    assert.equal(only(await analyzed(herd({ every: 1 }), { stamps: 'none' }), KIND).severity, 'info');
  });
});

describe('a herd in a poorer capture', () => {
  const styles: readonly (readonly [string, Partial<TraceStyle>, string])[] = [
    ['without durations', { durations: false }, 'likely'],
    ['with a clock without a date', { stamps: 'clock' }, 'likely'],
    ['without times', { stamps: 'none', durations: false }, 'possible'],
  ];
  for (const [name, style, expected] of styles) {
    it(`is found ${name}, and ${expected}`, async () => {
      const { metrics, confidence } = only(await analyzed(herd(), style), KIND);
      assert.deepEqual([metrics.productiveWakeups, metrics.wastedWakeups, confidence], [23, 37, expected]);
    });
  }

  it('has no rate and no cost without times', async () => {
    const { metrics, startMs, why } = only(await analyzed(herd(), { stamps: 'none' }), KIND);
    assert.deepEqual([metrics.wastedWakeupsPerSecond, metrics.estimatedCores, startMs], [null, null, null]);
    assert.doesNotMatch(why, /\d/);
  });

  it('is found when the tracer attached late: the hub is known by the accepts that follow its waits', async () => {
    const { trace, workers } = attached([201, 202, 203]);
    arrivals(workers, { connections: 23, wasted: 37 });
    const { metrics, confidence, workers: pids } = only(await analyzed(trace), KIND);
    assert.deepEqual(
      [metrics.acceptors, metrics.productiveWakeups, metrics.wastedWakeups, confidence],
      [3, 23, 37, 'likely'],
    );
    assert.deepEqual(pids, [201, 202, 203]);
  });

  it('is only possible when nothing but the descriptor number says that it is one listener', async () => {
    const { trace, workers } = attached([201, 202, 203]);
    for (const worker of workers) worker.labels.clear();
    arrivals(workers, { connections: 23, wasted: 37 });
    const { metrics, confidence } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.wastedWakeups, confidence], [37, 'possible']);
  });

  it('is judged inside the asked window only', async () => {
    const to = { kind: 'relative', nanoseconds: 50e6 + 7 * 10e6 - 1 } as const;
    assert.match(none(await analyzed(herd(), {}, { to }), KIND), /7 connections/);
  });
});

it('the metrics of a herd are those of its trace', async () => {
  const { metrics } = only(await analyzed(herd()), KIND);
  const { counted, busyShare, ...others } = metrics;
  assert.match(
    String(counted),
    /^127\.0\.0\.1:8000: 2\.61 wake-ups a connection \(37 of 60 found nothing\) over 23 connections, 3 acceptors$/,
  );
  // 20 wake-ups of 0.02 to 0.14 ms each in 280 ms.
  assert.ok(Number(busyShare) > (20 * 0.02) / 280 && Number(busyShare) < (20 * 0.14) / 280, String(busyShare));
  // From the first wake-up at 50 ms to the end of the last accept, which the third worker tries 0.1 ms after the first
  // at 270 ms.
  const seconds = (270.12 - 50) / 1000;
  assert.deepEqual(others, {
    listener: '127.0.0.1:8000',
    acceptors: 3,
    connections: 23,
    productiveWakeups: 23,
    wastedWakeups: 37,
    herdFactor: 2.609,
    wastedWakeupRatio: 0.617,
    wastedWakeupsPerSecond: Number((37 / seconds).toFixed(2)),
    maxBurst: 3,
    // 37 accepts of 0.02 ms each.
    wastedWallMs: 0.74,
    wastedWallMsCorrected: 0.74,
    maxShare: 0.348,
    gini: 0.029,
    bound: 'upper',
    kernelWakeups: null,
    silentWakeups: null,
    drainedEagains: 0,
    probes: 0,
    shares: [8, 8, 7],
    firstWokenWon: 1,
    estimatedCores: Number(((37 / seconds) * 20e-6).toFixed(5)),
    server: '',
  });
});

/** A loser that wakes first, a winner, and whoever else. */
function lateWinners(connections: number, late: number): TraceLines {
  const { trace, workers } = prefork([101, 102, 103]);
  const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
  for (let index = 0; index < connections; index++) {
    const at = 50 + index * 20;
    const [winner, loser] = index < late ? [second, first] : [first, second];
    winner.waitUntil(index < late ? at + 0.05 : at, LISTENER).serve(11, 'GET /a');
    loser.waitUntil(index < late ? at : at + 0.05, LISTENER).acceptNothing();
    third.waitUntil(at + 0.1, LISTENER).acceptNothing();
  }
  for (const worker of workers) worker.waitUntil(2000);
  return trace;
}

it('the part of the bursts that the thread woken first wins is counted', async () => {
  assert.equal(only(await analyzed(lateWinners(23, 0)), KIND).metrics.firstWokenWon, 1);
  assert.equal(only(await analyzed(lateWinners(23, 7)), KIND).metrics.firstWokenWon, 0.696);
  assert.equal(only(await analyzed(lateWinners(23, 23)), KIND).metrics.firstWokenWon, 0);
});

it('bursts that nobody wins are no part of those that the thread woken first wins', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
  for (let index = 0; index < 23; index++) arrival(50 + index * 20, [first, second, third]);
  for (let index = 0; index < 5; index++)
    for (const [after, worker] of [first, second, third].entries())
      worker.waitUntil(1000 + index * 20 + after * 0.05, LISTENER).acceptNothing();
  for (const worker of workers) worker.waitUntil(2000);
  const { metrics } = only(await analyzed(trace), KIND);
  assert.deepEqual([metrics.connections, metrics.wastedWakeups], [23, 2 * 23 + 3 * 5]);
  assert.equal(metrics.firstWokenWon, 1);
});

it('EAGAINs that end an accept loop, and accepts without a wake-up, are no waste', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  for (let index = 0; index < 23; index++)
    arrival(50 + index * 20, [...workers.slice(index % 3), ...workers.slice(0, index % 3)]);
  const [worker] = workers as [ThreadLines];
  for (let index = 0; index < 5; index++)
    worker
      .waitUntil(1000 + index * 20, LISTENER)
      .accept(11)
      .acceptNothing()
      .close(11);
  for (let index = 0; index < 7; index++) worker.waitUntil(1200 + index * 20, 12).acceptNothing();
  for (const each of workers) each.waitUntil(2000);
  const { metrics } = only(await analyzed(trace), KIND);
  assert.deepEqual(
    [metrics.drainedEagains, metrics.probes, metrics.wastedWakeups, metrics.connections],
    [5, 7, 46, 28],
  );
  assert.match(String(metrics.counted), /; 5 EAGAINs that only ended an accept loop are not counted$/);
});

it('one EAGAIN that ends an accept loop is told, too', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  arrivals(workers, { connections: 23, wasted: 37 });
  workers[0]?.waitUntil(1000, LISTENER).accept(11).acceptNothing().close(11).waitUntil(2000);
  const { metrics } = only(await analyzed(trace), KIND);
  assert.equal(metrics.drainedEagains, 1);
  assert.match(String(metrics.counted), /; 1 EAGAIN that only ended an accept loop is not counted$/);
});

it('what the tracer adds to each call is taken off the time of wasted wake-ups', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  arrivals(workers, { connections: 23, wasted: 37, every: 10 });
  // A hundred calls that never block, of 5 us each: that much of every call is the tracer's.
  const [worker] = workers as [ThreadLines];
  for (let index = 0; index < 101; index++) worker.call('getpid(', ')', 101, 0.005).gap(0.9);
  worker.waitUntil(2000);
  const { metrics } = only(await analyzed(trace), KIND);
  // Each wasted wake-up holds two calls: its wait and its accept.
  assert.deepEqual(
    [metrics.wastedWallMs, metrics.wastedWallMsCorrected],
    [0.74, Number((0.74 - 37 * 2 * 0.005).toFixed(3))],
  );
});
