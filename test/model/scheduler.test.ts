import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { accept, EXACT_START, scheduled, tcp, wait } from '../support/scheduled-lines.ts';

const WORKERS = [101, 103, 107];
const CONNECTIONS = 23;

/**
 * One connection every 10 ms: the first worker takes it, the others are woken in the kernel `silent` times and report
 * nothing.
 */
function herd(silent: number): string {
  const lines = [EXACT_START];
  for (let i = 0; i < CONNECTIONS; i++) {
    const at = 10_000 * (i + 1);
    lines.push(tcp('established', at - 50, 40_000 + i));
    lines.push(wait(101, at - 9_000, at, 5, 1), accept(101, at + 10, 12, 40_000 + i));
    lines.push(scheduled({ tid: 101, call: 'close', at: at + 100, args: [12] }));
  }
  // Each worker tries once itself, so that it is known to share the listener.
  for (const tid of WORKERS.slice(1)) {
    lines.push(wait(tid, 300, 10_050, 5, 1), accept(tid, 10_060, -1, 0));
    lines.push(wait(tid, 10_100, 10_000 * (CONNECTIONS + 2), -1, silent + 1));
  }
  lines.push(wait(101, 10_000 * CONNECTIONS + 300, 10_000 * (CONNECTIONS + 2), -1, 1));
  return `${lines.join('\n')}\n`;
}

test('wake-ups that end inside the kernel make the figures of a herd exact', async () => {
  const finding = only(await analyzed(herd(22)), 'thundering-herd');
  const { metrics } = finding;
  assert.deepEqual(
    [metrics.bound, metrics.productiveWakeups, metrics.silentWakeups, metrics.wastedWakeups, metrics.kernelWakeups],
    ['exact', 23, 44, 46, 69],
  );
  assert.equal(metrics.herdFactor, 3);
  assert.match(finding.summary, /wake-ups of the kernel; after 44 of them the worker went back to sleep/);
});

test('the worker table counts the wake-ups that the finding of the herd counts', async () => {
  const { workers } = await analyzed(herd(22));
  assert.deepEqual(
    workers.map(({ pid, wastedWakeups }) => [pid, wastedWakeups]),
    [
      [101, 0],
      [103, 23],
      [107, 23],
    ],
  );
});

test('one wake-up for each wait that returns is no herd', async () => {
  assert.match(
    none(await analyzed(herd(0)), 'thundering-herd'),
    /1\.09 wake-ups a connection \(2 of 25 found nothing\)/,
  );
});

test('without the scheduler it is said that wake-ups may be missing', async () => {
  const text = herd(22).replace(/ sched=\S+/g, '');
  assert.match(
    none(await analyzed(text), 'thundering-herd'),
    /wake-ups that end inside the kernel are not in this capture/,
  );
});

/**
 * A request that keeps its worker from its wait for 840 ms. Milliseconds blocked and waiting for a processor in that
 * time.
 */
function stall(blocked: number, queued: number): string {
  return [
    EXACT_START,
    tcp('established', 900, 40_001),
    wait(101, 0, 1_000, 5, 1),
    accept(101, 1_010, 12, 40_001),
    scheduled({
      tid: 101,
      call: 'recvfrom',
      at: 1_020,
      took: 10,
      ret: 50,
      args: [12, 1, 8192, 0],
      data: 'GET /spin HTTP/1.1\\x0d\\x0a\\x0d\\x0a',
    }),
    scheduled(
      {
        tid: 101,
        call: 'sendto',
        at: 841_030,
        took: 10,
        ret: 60,
        args: [12, 1, 60, 0],
        data: 'HTTP/1.1 200 OK\\x0d\\x0a',
      },
      [blocked * 1e6, queued * 1e6, 0, 0, 0],
    ),
    scheduled({ tid: 101, call: 'close', at: 841_050, args: [12] }),
    wait(101, 841_100, 900_000, -1, 1),
    wait(101, 900_100, 990_000, -1, 1),
    '',
  ].join('\n');
}

test('a gap says how much of it was on a processor', async () => {
  const finding = only(await analyzed(stall(0, 50)), 'loop-stall');
  assert.match(finding.summary, /no system call for 840 ms \(on CPU 790 ms of 840 ms\)/);
  assert.deepEqual([finding.metrics.onCpuMs, finding.metrics.queuedMs], [790.074, 50]);
});

test('waiting for a processor, or for something else, is told when it was a tenth of the gap', async () => {
  assert.match(
    only(await analyzed(stall(0, 500)), 'loop-stall').summary,
    /\(on CPU 340 ms of 840 ms, waiting for a CPU 500 ms\)/,
  );
  assert.match(
    only(await analyzed(stall(300, 0)), 'loop-stall').summary,
    /\(on CPU 540 ms of 840 ms, blocked 300 ms\)/,
  );
});

test('without the scheduler nobody can tell', async () => {
  const finding = only(await analyzed(stall(0, 50).replace(/ sched=\S+/g, '')), 'loop-stall');
  assert.match(finding.summary, /running, or waiting for a CPU/);
  assert.deepEqual([finding.metrics.onCpuMs, finding.metrics.queuedMs], [null, null]);
});

test('events that were lost around a finding are told with it, and make it possible only', async () => {
  const whole = only(await analyzed(stall(0, 50)), 'loop-stall');
  assert.deepEqual([whole.confidence, whole.metrics.lostEvents], ['likely', undefined]);
  const lines = stall(0, 50).split('\n');
  const touched = only(
    await analyzed([...lines.slice(0, 5), 'Lost 17 events', ...lines.slice(5)].join('\n')),
    'loop-stall',
  );
  assert.deepEqual([touched.confidence, touched.metrics.lostEvents], ['possible', 17]);
  assert.match(touched.summary, /lost 17 events around that time/);
});

test('events that were lost long after a finding do not touch it', async () => {
  const later = [wait(101, 990_100, 1_900_000, -1, 1), wait(101, 1_900_100, 2_900_000, -1, 1), 'Lost 17 events', ''];
  const finding = only(await analyzed(`${stall(0, 50)}${later.join('\n')}`), 'loop-stall');
  assert.deepEqual([finding.confidence, finding.metrics.lostEvents], ['likely', undefined]);
});

test('a worker that waited for a processor for half of its stall is starved; its code is no suspect', async () => {
  const starved = only(await analyzed(stall(0, 430)), 'loop-stall');
  assert.match(starved.title, /: waits for a CPU$/);
  assert.ok(starved.next.every(({ text }) => !/Take the computation off the loop/.test(text)));
  const partly = only(await analyzed(stall(0, 410)), 'loop-stall');
  assert.match(partly.title, /: no CPU for 49 % of that time$/);
});

test('for three tenths: the processors are what to look at first, then its code', async () => {
  const partly = only(await analyzed(stall(0, 260)), 'loop-stall');
  assert.match(partly.title, /: no CPU for 31 % of that time$/);
  assert.match(partly.next[0]?.text ?? '', /waited for a processor/);
  assert.match(partly.next[1]?.text ?? '', /Take the computation off the loop/);
  const busy = only(await analyzed(stall(0, 240)), 'loop-stall');
  assert.match(busy.title, /: computes, or waits for a CPU$/);
  assert.doesNotMatch(busy.next[0]?.text ?? '', /waited for a processor/);
});

/**
 * Seconds of `watch.bt`: each of three workers is woken for each of 23 connections, and `silent` of its wake-ups end
 * unseen.
 */
function watched(silent: number): string {
  const second = (at: number, accepts: readonly number[]): string[] => [
    `event=tick ts=${(at + 1) * 1_000_000_000}`,
    ...accepts.map((count, i) => `@accepts[${WORKERS[i]}]: ${count}`),
    `@eagain[103]: 7`,
    ...accepts.map((count, i) => `@waits[${WORKERS[i]}]: ${count}`),
    ...accepts.map((_, i) => `@timeouts[${WORKERS[i]}]: 1`),
    ...accepts.map((count, i) => `@wakes[${WORKERS[i]}]: ${count + 1 + silent}`),
  ];
  return `${[EXACT_START.replace('exact', 'watch'), ...second(1, [11, 5, 3]), ...second(2, [2, 1, 1])].join('\n')}\n`;
}

test('counts of the kernel alone show a herd, without telling whose listener it is', async () => {
  const { metrics, confidence, workers } = only(await analyzed(watched(5)), 'thundering-herd');
  assert.deepEqual(
    [metrics.connections, metrics.silentWakeups, metrics.wastedWakeups, metrics.kernelWakeups],
    [23, 30, 44, 67],
  );
  assert.deepEqual([metrics.bound, confidence, workers.length], ['exact', 'possible', 3]);
});

test('a thread that accepted once is an acceptor, and one that only waits is none', async () => {
  const more = '@accepts[151]: 1\n@waits[157]: 7\n@wakes[157]: 7\n';
  const { metrics } = only(await analyzed(`${watched(5)}${more}`), 'thundering-herd');
  assert.deepEqual([metrics.acceptors, metrics.connections], [4, 24]);
});

test('a capture of counts judges nothing that counts do not tell', async () => {
  const fails = [7, 9, 11].map((at) => `event=fail ts=${at}000000000 pid=103 tid=103 nr=44 ret=-32\n`);
  const report = await analyzed(`${watched(5)}${fails.join('')}`);
  assert.match(none(report, 'disk-sync'), /table of counts/);
  assert.equal(only(report, 'broken-pipe').metrics.count, 3);
  assert.equal(report.calls.find(({ call }) => call === 'sendto')?.errors.EPIPE, 3);
});

test('counts of wake-ups that all return are no herd', async () => {
  const text = watched(0).replaceAll('@eagain[103]: 7', '@eagain[103]: 1');
  assert.match(none(await analyzed(text), 'thundering-herd'), /1\.09 wake-ups a connection \(2 of 25 found nothing\)/);
});
