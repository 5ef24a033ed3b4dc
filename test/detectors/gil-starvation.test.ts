import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'gil-starvation';
const SLICE = 5;
const TIMED_OUT = '-1 ETIMEDOUT (Connection timed out)';

/** A loop that waits so many slices of 5 ms in one turn of a second of its own, each on the lock's futex. */
function waits(slices: number, { clock = '', ms = SLICE, error = TIMED_OUT } = {}): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(1010, 12);
  const entered = `futex(0x8a65f4, FUTEX_WAIT_BITSET_PRIVATE${clock}, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY`;
  for (let slice = 0; slice < slices; slice++) worker.call(entered, ')', error, ms);
  worker.waitUntil(1990);
  return trace;
}

describe('waiting for the interpreter lock', () => {
  it('is a warning from 100 ms within a second on', async () => {
    assert.match(none(await analyzed(waits(19)), KIND), /the worst 95 ms/);
    const { metrics, severity, evidence } = only(await analyzed(waits(20)), KIND);
    assert.deepEqual([metrics.count, metrics.totalMs, metrics.worstMsPerSecond, severity], [20, 100, 100, 'warning']);
    assert.match(evidence[0]?.text ?? '', /futex/);
  });

  it('is critical from 500 ms on', async () => {
    assert.equal(only(await analyzed(waits(99)), KIND).severity, 'warning');
    assert.equal(only(await analyzed(waits(100)), KIND).severity, 'critical');
  });

  it('is told by its clock, its length and its end', async () => {
    none(await analyzed(waits(97, { clock: '|FUTEX_CLOCK_REALTIME' })), KIND);
    none(await analyzed(waits(47, { ms: 10 })), KIND);
    none(await analyzed(waits(97, { error: '0' })), KIND);
  });

  it('counts the one that had not ended when the capture did, as far as the capture goes', async () => {
    const open = (slices: number, ms: number): TraceLines => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(1010, 12);
      const word = 'futex(0x8a65f4, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY';
      for (let slice = 0; slice < slices; slice++) worker.call(word, ')', TIMED_OUT, SLICE);
      const { now } = worker;
      worker.stays(word);
      trace
        .thread(100)
        .at(now + ms)
        .call('getpid(', ')', 100, 0.001);
      return trace;
    };
    const { severity, openEnded, metrics } = only(await analyzed(open(19, 5)), KIND);
    assert.deepEqual([severity, openEnded, metrics.count], ['warning', true, 20]);
    assert.match(none(await analyzed(open(19, 4)), KIND), /the worst 99 ms/);
  });

  it('is no wait for the lock when the open one is on another word', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(1010, 12);
    const on = (word: string) =>
      `futex(${word}, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY`;
    for (let slice = 0; slice < 19; slice++) worker.call(on('0x8a65f4'), ')', TIMED_OUT, SLICE);
    const { now } = worker;
    worker.stays(on('0x99aa00'));
    trace
      .thread(100)
      .at(now + 700)
      .call('getpid(', ')', 100, 0.001);
    assert.match(none(await analyzed(trace), KIND), /the worst 95 ms/);
  });

  it('cannot be told without durations', async () => {
    const report = await analyzed(waits(97), { durations: false });
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
  });
});

it('the metrics of waiting for the lock are those of its trace', async () => {
  const { trace, worker } = oneWorker();
  startThread(worker, 140);
  for (const [at, slices] of [
    [300, 7],
    [1100, 29],
  ] as const) {
    worker.waitUntil(at, 12);
    for (let slice = 0; slice < slices; slice++)
      worker.call(
        'futex(0x8a65f4, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY',
        ')',
        TIMED_OUT,
        SLICE,
      );
  }
  worker.waitUntil(1990, LISTENER).serve(11, 'GET /a').waitUntil(2500);
  trace.thread(140).at(20).call('getpid(', ')', 101);
  const { metrics, confidence } = only(await analyzed(trace), KIND);
  assert.equal(confidence, 'likely');
  assert.deepEqual(metrics, {
    worker: 101,
    count: 36,
    totalMs: 180,
    worstMsPerSecond: 29 * SLICE,
    worstSecondMs: 1000,
    // 180 ms in the time from 300 ms to 1245 ms.
    share: 0.1905,
    threads: 2,
  });
});
