import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { accept, EXACT_START, scheduled, tcp, wait } from '../support/scheduled-lines.ts';

const KIND = 'accept-delay';
const SECOND = 1_000_000;

/**
 * One connection a second, each of which waits so many milliseconds to be accepted; the client of number `left` leaves
 * 30 ms before.
 */
function connections(delays: readonly number[], left = -1): string {
  const lines = [EXACT_START];
  for (const [index, delay] of delays.entries()) {
    const at = SECOND * (index + 1);
    lines.push(tcp('established', at - delay * 1000, 40_000 + index), wait(101, at - 900_000, at - 10, 5, 1));
    if (index === left) lines.push(tcp('closed', at - 30_000, 40_000 + index));
    lines.push(
      accept(101, at - 3, 12, 40_000 + index),
      scheduled({ tid: 101, call: 'close', at: at + 100, args: [12] }),
    );
  }
  return `${[...lines, wait(101, SECOND * delays.length + 200, SECOND * (delays.length + 1), -1, 1)].join('\n')}\n`;
}

function same(delay: number, count = 23): number[] {
  return Array.from({ length: count }, () => delay);
}

/** Percentiles are right within the width of a bucket. */
function isNear(value: unknown, right: number): boolean {
  return typeof value === 'number' && Math.abs(value - right) <= 0.05 * right;
}

it('the metrics of a listener are those of its connections', async () => {
  const delays = same(60).with(7, 130);
  const { p50Ms, p95Ms, ...metrics } = only(await analyzed(connections(delays, 11)), KIND).metrics;
  assert.deepEqual(metrics, {
    listener: 'fd 5',
    connections: 23,
    maxMs: 130,
    count: 1,
    deadOnArrival: 1,
    // The twelfth second of the trace, of which the first event came after 100 ms.
    dead: [{ pid: 101, peer: '127.0.0.1:40011', waitedMs: 60, atMs: 11_900 }],
  });
  assert.ok(isNear(p50Ms, 60) && isNear(p95Ms, 60), `${p50Ms} ${p95Ms}`);
});

it('a percentile is of all connections, and no more than the longest', async () => {
  // Two of 23 are more than one in twenty.
  const { p50Ms, p95Ms, maxMs } = only(await analyzed(connections(same(7).with(3, 89).with(5, 97))), KIND).metrics;
  assert.ok(isNear(p50Ms, 7) && isNear(p95Ms, 89), `${p50Ms} ${p95Ms}`);
  assert.equal(maxMs, 97);
  none(await analyzed(connections(same(7).with(5, 97))), KIND);
});

it('50 ms are a warning, 100 ms are critical, and both can be set', async () => {
  const severity = async (delay: number, thresholds = {}) =>
    only(await analyzed(connections(same(delay)), {}, { thresholds }), KIND).severity;
  none(await analyzed(connections(same(47))), KIND);
  assert.equal(await severity(53), 'warning');
  assert.equal(await severity(97), 'warning');
  assert.equal(await severity(103), 'critical');
  assert.equal(await severity(47, { 'accept-delay-ms': 40 }), 'warning');
  assert.equal(await severity(53, { 'accept-delay-critical-ms': 50 }), 'critical');
});

it('one client that left is told however short the waits are', async () => {
  const { severity, title } = only(await analyzed(connections([37, 37, 37], 1)), KIND);
  assert.deepEqual([severity, title], ['warning', '1 client of fd 5 left before being accepted']);
});

it('clients that left are counted beside a wait that is long, and not spoken of when none did', async () => {
  const summaryOf = async (left: number) => only(await analyzed(connections(same(60), left)), KIND).summary;
  assert.doesNotMatch(await summaryOf(-1), /had left/);
  assert.match(await summaryOf(7), / 1 client had left before the connection was accepted\.$/);
});
