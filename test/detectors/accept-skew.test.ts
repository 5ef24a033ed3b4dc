import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { openHub, openListener, prefork } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'accept-skew';
const EVERY = 10;
const CLONE = 'clone(child_stack=0x7f5a10, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD';

/**
 * One connection every 10 ms: so many for each worker, one worker after the other; the first works `work` ms for each
 * of its own.
 */
function shares(counts: readonly number[], work = 0, workOfLast = 0): TraceLines {
  const { trace, workers } = prefork(counts.map((_, index) => 101 + index));
  const most = Math.max(...counts);
  for (const [index, worker] of workers.entries()) {
    const mine = index === 0 ? work : index === workers.length - 1 ? workOfLast : 0;
    for (let connection = 0; connection < (counts[index] ?? 0); connection++)
      worker.waitUntil(50 + connection * EVERY + index * 0.5, LISTENER).serve(11, 'GET /a', { work: mine });
    worker.waitUntil(50 + most * EVERY);
  }
  return trace;
}

describe('shares of connections', () => {
  it('are skewed from a Gini coefficient of 0.4 on', async () => {
    assert.match(
      none(await analyzed(shares([59, 11, 10, 10, 10])), KIND),
      /shares 59 11 10 10 10 of 100 connections, Gini 0\.396/,
    );
    const { metrics, workers, title, evidence } = only(await analyzed(shares([60, 10, 10, 10, 10])), KIND);
    assert.deepEqual(
      [metrics.gini, metrics.maxShare, metrics.favourite, metrics.acceptors, metrics.connections],
      [0.4, 0.6, 101, 5, 100],
    );
    assert.deepEqual(metrics.shares, [60, 10, 10, 10, 10]);
    assert.deepEqual(workers, [101, 102, 103, 104, 105]);
    assert.equal(title, 'Worker 101 accepted 60 of 100 connections on 127.0.0.1:8000');
    assert.match(evidence[0]?.text ?? '', /^101 .*accept4/);
  });

  it('are skewed only when the favourite has twice its part', async () => {
    none(await analyzed(shares([45, 45, 5, 5])), KIND);
    assert.equal(only(await analyzed(shares([50, 40, 5, 5])), KIND).metrics.maxShare, 0.5);
    // Without times their numbers are compared, not parts of a fair share.
    const untimed = { stamps: 'none', durations: false } as const;
    none(await analyzed(shares([45, 45, 5, 5]), untimed), KIND);
    assert.equal(only(await analyzed(shares([50, 40, 5, 5]), untimed), KIND).metrics.maxShare, 0.5);
  });

  it('say nothing below 20 connections a worker', async () => {
    assert.match(none(await analyzed(shares([60, 10, 10, 10, 9])), KIND), /too few to judge \(20 a worker needed\)/);
    only(await analyzed(shares([60, 10, 10, 10, 9]), {}, { thresholds: { 'skew-connections-per-worker': 19 } }), KIND);
  });

  it('are none among threads of which one only watches the listener for another, as in Erlang', async () => {
    const trace = new TraceLines();
    const poller = trace.thread(100).at(0);
    openListener(poller, LISTENER);
    openHub(poller);
    poller.call(CLONE, ', child_tidptr=0x7f5a50)', 101);
    const scheduler = trace.thread(101).at(5);
    for (const [fd, label] of poller.labels) scheduler.labels.set(fd, label);
    for (let index = 0; index < 61; index++) {
      poller.waitUntil(50 + index * EVERY, LISTENER);
      scheduler.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, poller.now + 0.1 - scheduler.now);
      scheduler.serve(11, 'GET /a');
    }
    poller.waitUntil(1_000);
    assert.match(none(await analyzed(trace), KIND), /one acceptor was traced/);
  });

  it('count workers that got nothing', async () => {
    const { metrics } = only(await analyzed(shares([83, 0, 0, 0])), KIND);
    assert.deepEqual(
      [metrics.shares, metrics.gini, metrics.maxShare, metrics.longestStreak],
      [[83, 0, 0, 0], 0.75, 1, 83],
    );
  });

  it('of one worker alone are no skew', async () => {
    assert.match(none(await analyzed(shares([83])), KIND), /one acceptor/);
  });

  it('are unequal by nature with EPOLLEXCLUSIVE: a skew, and no herd', async () => {
    const { trace, workers } = prefork([101, 102, 103, 104], { exclusive: true });
    const [first] = workers;
    for (let index = 0; index < 83; index++) first?.waitUntil(50 + index * EVERY, LISTENER).serve(11, 'GET /a');
    for (const worker of workers) worker.waitUntil(1000);
    const report = await analyzed(trace);
    only(report, KIND);
    none(report, 'thundering-herd');
  });
});

describe('the severity of a skew', () => {
  const severity = async (work: number, workOfLast = 0) =>
    only(await analyzed(shares([83, 10, 5, 2], work, workOfLast)), KIND).severity;

  it('is info while the favourite is mostly idle: that does no harm', async () => {
    assert.equal(await severity(0), 'info');
    assert.equal(await severity(2.7), 'info');
    assert.match(only(await analyzed(shares([83, 10, 5, 2])), KIND).why, /does no harm/);
  });

  it('is a warning from 30 % on', async () => {
    assert.equal(await severity(3.1), 'warning');
    assert.equal(await severity(6.8), 'warning');
  });

  it('is critical from 70 % on, while another worker is at most 20 % busy', async () => {
    assert.equal(await severity(7.3), 'critical');
    const busy = (idlest: number) => {
      const { trace, workers } = prefork([101, 102, 103]);
      const [first, second, third] = workers;
      for (let index = 0; index < 83; index++)
        first?.waitUntil(50 + index * EVERY, LISTENER).serve(11, 'GET /a', { work: 8 });
      first?.waitUntil(900);
      for (const worker of [second, third])
        worker?.waitUntil(60, LISTENER).serve(11, 'GET /a', { work: idlest }).waitUntil(900);
      return trace;
    };
    assert.equal(only(await analyzed(busy(170)), KIND).severity, 'critical');
    assert.equal(only(await analyzed(busy(190)), KIND).severity, 'warning');
  });

  it('is info without times: nobody knows how busy they were', async () => {
    const {
      severity: told,
      startMs,
      metrics,
      summary,
    } = only(await analyzed(shares([83, 10, 5, 2], 8), { stamps: 'none', durations: false }), KIND);
    assert.deepEqual(
      [told, startMs, metrics.favouriteBusyPercent, metrics.idlestBusyPercent],
      ['info', null, null, null],
    );
    assert.doesNotMatch(summary, /%/);
  });
});

it('without accepted connections there is nothing to share', async () => {
  const { trace, workers } = prefork([101, 102]);
  for (const worker of workers) worker.waitUntil(500);
  const report = await analyzed(trace);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});

it('the metrics of shares are those of their trace', async () => {
  const { metrics } = only(await analyzed(shares([83, 11, 7, 5], 4.1)), KIND);
  const { favouriteBusyPercent, idlestBusyPercent, ...others } = metrics;
  assert.deepEqual(others, {
    listener: '127.0.0.1:8000',
    acceptors: 4,
    connections: 106,
    // 83 of 106; Gini: (-3*5 - 7 + 11 + 3*83) / (4 * 106).
    maxShare: 0.783,
    gini: 0.561,
    favourite: 101,
    // After eleven rounds nobody else comes.
    longestStreak: 83 - 11,
    shares: [83, 11, 7, 5],
  });
  // 83 turns of 4.18 ms are 346.94 ms of the 874.96 ms from the first wait, at 5.04 ms, to 880 ms: 39.65 %.
  assert.equal(favouriteBusyPercent, 39.7);
  // 5 turns of 0.08 ms: 0.046 %.
  assert.equal(idlestBusyPercent, 0);
});

// As a one-liner of bpftrace 0.23 on sys_exit_accept4 printed it, `time(…); printf("%s[%d] accept4 = %d\n", …)`: it
// hears the accepts of the whole machine and prints no descriptor. Two servers of Python were at work.
it('workers are not compared where the capture does not tell on which socket they accept', async () => {
  const lines = ['Attaching 1 probe...'];
  for (let i = 0; i < 83; i++)
    lines.push('18:34:59 python3[1222] accept4 = 29', '18:34:59 python3[1222] accept4 = -11');
  for (let i = 0; i < 7; i++) lines.push('18:35:00 python3[1418] accept4 = 12', '18:35:00 gunicorn[1419] accept4 = 12');
  const report = await analyzed(`${lines.join('\n')}\n`);
  none(report, KIND);
  assert.match(report.outcomes[KIND]?.reason ?? '', /does not tell on which socket/);
  assert.doesNotMatch(JSON.stringify(report), /fd -1/);
});
