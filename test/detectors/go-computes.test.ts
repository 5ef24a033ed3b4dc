import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none } from '../support/analyzed.ts';
import { openHub, openListener, startThread } from '../support/server-lines.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const PID = 101;

const urged = (thread: ThreadLines): ThreadLines =>
  thread
    .line(`--- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=${PID}, si_uid=0} ---`)
    .call('rt_sigreturn({mask=[]}', ')', 0);

/** Two threads share an epoll set. One answers; the other computes, and gets the signal after each of these slices. */
async function computing(slices: readonly number[]) {
  const trace = new TraceLines();
  const main = trace.thread(PID).at(0);
  openListener(main, 5);
  openHub(main);
  startThread(main, 102);
  const other = trace.thread(102).at(5);
  for (const number of [5, 7]) other.labels.set(number, main.labels.get(number) ?? '');
  other.waitUntil(20, 5).acceptNothing().waitUntil(21, 5);
  for (const ms of slices) urged(other.gap(ms));
  other.waitUntil(2900, 5);
  // Go parks its threads.
  const third = trace.thread(103).at(7);
  startThread(main, 103);
  for (let park = 0; park < 13; park++) third.call('futex(0xc000048, FUTEX_WAIT_PRIVATE, 0', ', NULL)', 0, 200);
  for (let round = 1; round < 29; round++) main.waitUntil(round * 100, 5).serve(11, 'GET /a');
  return analyzed(trace);
}

const slicesOf = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

describe('goroutines that compute without a break', () => {
  it('are told by the signal with which Go takes the processor from them, and nothing is clear', async () => {
    const report = await computing(slicesOf(13, 11));
    none(report, 'loop-stall');
    const { status, reason } = report.outcomes['loop-stall'] ?? {};
    assert.equal(status, 'not-applicable');
    assert.match(reason ?? '', /^Goroutines of 101 computed for 14\d ms without a break: .* 13 times \(SIGURG\)/);
    assert.match(report.verdict.text, /^Cannot tell: goroutines computed for 14\d ms/);
  });

  for (const [name, slices] of [
    ['that take less than 100 ms in all', slicesOf(7, 11)],
    ['twice, as where another process had the processor', slicesOf(2, 71)],
    ['of less than 10 ms, after which the garbage collector stopped them', slicesOf(31, 7)],
    ['more than a second apart', [31, 1100, 31]],
  ] as const)
    it(`are nothing in slices ${name}`, async () => {
      const report = await computing(slices);
      assert.equal(report.outcomes['loop-stall']?.status, 'clear');
      assert.match(report.verdict.text, /^No herd/);
    });
});
