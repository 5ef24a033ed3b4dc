import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';

/** What somebody saw in the queue of the listener beside the tracer, while sync workers were in requests. */
const KIND = 'worker-saturation';
const START = 1_795_140_800;
const END = 10_000;

interface Scene {
  /** How long the one request of each worker takes, from 7,000 ms on; milliseconds. */
  readonly length?: number;
  /** Connections at each look, from `from` to `to`. */
  readonly queue?: number;
  readonly from?: number;
  readonly to?: number;
  /** The second worker serves nobody. */
  readonly isOneFree?: boolean;
}

function scene({ length = 1_009, queue = 3, from = 7_000, to = 8_400, isOneFree = false }: Scene): string {
  const at = (ms: number): string => (START + ms / 1_000).toFixed(6);
  const lines: (readonly [number, string])[] = [];
  const select = (found: string, ms: number): string =>
    `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = ${found} <${(ms / 1_000).toFixed(6)}>`;
  for (const [index, pid] of [101, 103].entries()) {
    const add = (ms: number, call: string): number => lines.push([ms, `${pid} ${at(ms)} ${call}`]);
    add(
      1 + index,
      'accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000003>',
    );
    if (isOneFree && pid === 103) {
      add(10, select('0 (Timeout)', END - 11));
      continue;
    }
    add(10, select('1 (in [5], left {tv_sec=8, tv_nsec=0})', 6_989));
    add(7_000, 'accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[5001]> <0.000020>');
    add(7_000.1, 'recvfrom(9<socket:[5001]>, "GET /report HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 22 <0.000020>');
    add(
      7_000.2,
      `clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=9, tv_nsec=0}, NULL) = 0 <${((length - 1) / 1_000).toFixed(6)}>`,
    );
    add(7_000 + length - 0.5, 'close(9<socket:[5001]>) = 0 <0.000020>');
    add(7_000 + length, select('0 (Timeout)', END - 7_000 - length - 1));
  }
  const calls = lines.toSorted(([a], [b]) => a - b).map(([, line]) => line);
  const told =
    queue === 0 ? '' : ` queue=${queue} queued=${(to - from) * 1e6}${to < END ? ` unqueued=${(END - to) * 1e6}` : ''}`;
  const looks = [101, 103].map(
    (pid) =>
      `strace: drover: event=seen ts=${at(END)} for=0 pid=${pid} tid=${pid} parent=100 call=pselect6 ran=0 ` +
      `clients=0${told} comm=gunicorn`,
  );
  return `${[...calls, ...looks].join('\n')}\n`;
}

test('all workers busy for a tenth of the capture are no finding where nobody saw anybody in the queue', async () => {
  assert.match(none(await analyzed(scene({ queue: 0 })), KIND), /10\.1 % of the time/);
});

test('the same is a finding where so many waited at each look that the next client waits half a second', async () => {
  const { severity, summary, openEnded } = only(await analyzed(scene({ queue: 1 })), KIND);
  assert.equal(severity, 'warning');
  assert.match(
    summary,
    /At least 1 connection waited in the queue of the listener at each look of the kernel, for 1\.40 s/,
  );
  // One request of 1,009 ms for each of two workers.
  assert.match(summary, /a client that comes now waits about 50[45] ms for a worker/);
  assert.equal(openEnded, false);
  none(await analyzed(scene({ queue: 1, length: 991 })), KIND);
});

test('it is critical where the next client waits a second', async () => {
  assert.equal(only(await analyzed(scene({ queue: 2, length: 1_009 })), KIND).severity, 'critical');
  assert.equal(only(await analyzed(scene({ queue: 2, length: 991 })), KIND).severity, 'warning');
});

test('one look says nothing: who was there may have been about to be accepted', async () => {
  only(await analyzed(scene({ from: 7_000, to: 7_907 })), KIND);
  none(await analyzed(scene({ from: 7_000, to: 7_893 })), KIND);
});

test('while one worker is free a queue is no sign of workers that are busy', async () => {
  none(await analyzed(scene({ isOneFree: true, queue: 97 })), KIND);
});

test('a queue at other times than the requests says nothing of them', async () => {
  none(await analyzed(scene({ from: 2_000, to: 5_000, queue: 97 })), KIND);
});

test('a queue that was there at the last look goes on', async () => {
  assert.equal(only(await analyzed(scene({ to: END })), KIND).openEnded, true);
  assert.equal(only(await analyzed(scene({ to: END - 1_501 })), KIND).openEnded, false);
});
