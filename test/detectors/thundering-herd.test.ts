import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { arrivals } from '../support/arrivals.ts';
import { attached, prefork } from '../support/server-lines.ts';
import type { TraceLines, TraceStyle } from '../support/trace-lines.ts';

const KIND = 'thundering-herd';

function herd({ workers = 3, connections = 23, wasted = 37, every = 10 } = {}): TraceLines {
  const server = prefork(Array.from({ length: workers }, (_, index) => 101 + index));
  arrivals(server.workers, { connections, wasted, every });
  return server.trace;
}

async function severity(parts: Parameters<typeof herd>[0]): Promise<string | null> {
  const report = await analyzed(herd(parts));
  return report.findings.find(({ kind }) => kind === KIND)?.severity ?? null;
}

describe('a herd', () => {
  it('is counted: wake-ups that accepted, wake-ups that found nothing, and who shares the listener', async () => {
    const { metrics, workers, sureness, summary } = only(await analyzed(herd()), KIND);
    assert.deepEqual(
      [metrics.listener, metrics.acceptors, metrics.connections, metrics.productiveWakeups, metrics.wastedWakeups],
      ['127.0.0.1:8000', 3, 23, 23, 37],
    );
    assert.deepEqual([metrics.herdFactor, metrics.wastedWakeupRatio, metrics.maxBurst], [2.609, 0.617, 3]);
    assert.deepEqual([metrics.shares, metrics.maxShare], [[8, 8, 7], 0.348]);
    assert.deepEqual(workers, [101, 102, 103]);
    assert.equal(sureness, 'likely');
    assert.match(summary, /^3 acceptors share 127\.0\.0\.1:8000\. For 23 connections they were woken 60 times; 37 found nothing to accept/);
  });

  it('is said to be an upper bound when it was seen through strace', async () => {
    const { metrics, summary } = only(await analyzed(herd()), KIND);
    assert.deepEqual([metrics.bound, metrics.kernelWakeups], ['upper', null]);
    assert.match(summary, /untraced, fewer of them get as far as EAGAIN, because strace slows the winner/);
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
    assert.match(none(await analyzed(herd({ connections: 9, wasted: 18 })), KIND), /9 connections, too few to judge \(10 needed\)/);
    assert.equal(await severity({ connections: 10, wasted: 20 }), 'warning');
  });

  it('needs 10 wasted wake-ups', async () => {
    assert.match(none(await analyzed(herd({ connections: 11, wasted: 9 })), KIND), /1\.82 wake-ups a connection \(9 of 20 found nothing\)/);
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
    assert.equal(only(await analyzed(herd({ every: 5 })), KIND).severity, 'warning');
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
      const { metrics, sureness } = only(await analyzed(herd(), style), KIND);
      assert.deepEqual([metrics.productiveWakeups, metrics.wastedWakeups, sureness], [23, 37, expected]);
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
    const { metrics, sureness, workers: pids } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.acceptors, metrics.productiveWakeups, metrics.wastedWakeups, sureness], [3, 23, 37, 'likely']);
    assert.deepEqual(pids, [201, 202, 203]);
  });

  it('is only possible when nothing but the descriptor number says that it is one listener', async () => {
    const { trace, workers } = attached([201, 202, 203]);
    for (const worker of workers) worker.labels.clear();
    arrivals(workers, { connections: 23, wasted: 37 });
    const { metrics, sureness } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.wastedWakeups, sureness], [37, 'possible']);
  });

  it('is judged inside the asked window only', async () => {
    const to = { kind: 'relative', nanoseconds: 50e6 + 7 * 10e6 - 1 } as const;
    assert.match(none(await analyzed(herd(), {}, { to }), KIND), /7 connections/);
  });
});
