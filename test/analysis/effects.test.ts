import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn, effectsOf } from '../../src/analysis/causes.ts';
import { effect as abandonedEffect } from '../../src/detectors/abandoned-request/effect.ts';
import { effect as queueEffect } from '../../src/detectors/backlog-overflow/effect.ts';
import { effect as lateEffect } from '../../src/detectors/broken-pipe/effect.ts';
import { effect as spinEffect } from '../../src/detectors/busy-poll/effect.ts';
import type { Causing } from '../../src/detectors/effect.ts';
import { effect as heartbeatEffect } from '../../src/detectors/heartbeat-late/effect.ts';
import { effect as stuckEffect } from '../../src/detectors/stuck-call/effect.ts';
import type { Kind, Report } from '../../src/index.ts';
import { analyzed } from '../support/analyzed.ts';
import { ask } from '../support/name-lookups.ts';
import { prefork } from '../support/server-lines.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

/** What a sync worker does between its request and its reply. */
type Work = (worker: ThreadLines, trace: TraceLines) => unknown;

const waits = (worker: ThreadLines, ms: number): ThreadLines =>
  worker
    .call('select(6, [5], NULL, NULL, {tv_sec=1, tv_usec=0}', ')', '1 (in [5], left {tv_sec=0, tv_usec=900000})', ms)
    .accept(11);

/** Two sync workers, the first of which does that for each of three clients that then have left. */
function lateReplies(work: Work, others: Work = () => {}): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  for (let request = 0; request < 3; request++) {
    waits(first, 30).read(11, 'POST /order');
    work(first, trace);
    first.replyFails(11).close(11);
    waits(second, 30).read(11, 'GET /quick');
    others(second, trace);
    second.reply(11).close(11).gap(700);
  }
  for (const worker of workers) worker.stays('select(6, [5], NULL, NULL, {tv_sec=1, tv_usec=0}');
  return trace;
}

/** Serious causes by kind, each with the kinds that came of it. */
function causesOf(report: Report): readonly (readonly [Kind, readonly Kind[]])[] {
  return causesIn(report.findings)
    .filter((cause) => [cause, ...effectsOf(cause, report.findings)].some(({ severity }) => severity !== 'info'))
    .map((cause) => [cause.kind, effectsOf(cause, report.findings).map(({ kind }) => kind)]);
}

const LOCK = '21</var/lib/app.lock>';
const unlock = (worker: ThreadLines): ThreadLines => worker.call(`flock(${LOCK}, LOCK_UN`, ')', 0);

describe('replies that came too late', () => {
  const sync: Work = (worker) => worker.call('fdatasync(21</var/lib/a.db>', ')', 0, 1300);
  const cases: readonly (readonly [what: string, kind: Kind, work: Work, others?: Work])[] = [
    ['the disk', 'disk-sync', sync],
    [
      'a lock that processes share',
      'lock-contention',
      (worker) => unlock(worker.gap(5).call(`flock(${LOCK}, LOCK_EX`, ')', 0, 1300)),
      (worker) =>
        worker
          .call('flock(21</var/lib/app.lock>, LOCK_EX', ')', 0)
          .gap(1304.9)
          .call('flock(21</var/lib/app.lock>, LOCK_UN', ')', 0),
    ],
    ['a name server', 'blocking-dns', (worker) => ask(worker, 'db.example', 1300)],
  ];
  for (const [what, kind, work, others] of cases)
    it(`are what came of a wait for ${what}`, async () => {
      const report = await analyzed(lateReplies(work, others));
      const effects = causesOf(report).find(([cause]) => cause === kind)?.[1] ?? [];
      assert.ok(effects.includes('broken-pipe'), JSON.stringify(causesOf(report)));
    });

  it('are a cause of their own where their worker computed, and another one waited for the disk', async () => {
    const report = await analyzed(lateReplies((worker) => worker.gap(1300), sync));
    assert.deepEqual(
      causesOf(report).find(([kind]) => kind === 'disk-sync'),
      // The requests of the other one waited for the disk.
      ['disk-sync', ['slow-request']],
    );
    assert.ok(
      causesOf(report).some(([kind]) => kind === 'broken-pipe' || kind === 'worker-saturation'),
      JSON.stringify(causesOf(report)),
    );
  });
});

describe('a queue of the listener that was full', () => {
  const floods = [{ fromMs: 400, startMs: 3000, endMs: 3010 }];

  it('is what came of the time in which all workers were busy, and of no other time', () => {
    const busyFrom = (startMs: number, endMs: number) => ({
      kind: 'worker-saturation',
      findings: [{ workers: [101], metrics: { busyIn: [{ pid: 101 }], stretches: [{ startMs, endMs }] } }],
    });
    assert.equal(queueEffect.share({ floods }, busyFrom(500, 2900)), 1);
    assert.equal(queueEffect.share({ floods }, busyFrom(4000, 6000)), 0);
  });

  it('is not what came of one worker that waited for a lock, a disk or a name server', () => {
    for (const kind of ['lock-contention', 'disk-sync', 'blocking-dns'])
      assert.ok(!queueEffect.of.includes(kind), kind);
  });
});

describe('workers that are all busy', () => {
  const asks =
    (port: number): Work =>
    (worker) => {
      worker.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', '12<socket:[7000]>');
      worker.labels.set(12, 'socket:[7000]');
      const to = `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("10.0.0.7")}`;
      worker
        .call(`connect(${worker.fd(12)}, ${to}, 16`, ')', 0)
        .send(12, 'x')
        .read(12, 'y', 1400)
        .close(12);
    };

  /** Two sync workers that do that for each of their clients at the same time. */
  function busy(first: Work, second: Work): TraceLines {
    const { trace, workers } = prefork([101, 102]);
    for (const [index, worker] of (workers as ThreadLines[]).entries()) {
      for (let request = 0; request < 4; request++) {
        waits(worker, 30).read(11, 'GET /report');
        (index === 0 ? first : second)(worker, trace);
        worker.reply(11).close(11);
      }
      worker.stays('select(6, [5], NULL, NULL, {tv_sec=1, tv_usec=0}');
    }
    return trace;
  }

  it('are what came of the service that they waited for', async () => {
    const report = await analyzed(busy(asks(5432), asks(5432)));
    assert.deepEqual(causesOf(report), [['slow-dependency', ['worker-saturation', 'slow-request']]]);
    const [, saturation] = report.findings;
    assert.match(saturation?.effect ?? '', /^no worker was free \d[\d.]* % of the time, up to \d/);
    assert.equal(report.verdict.severity, 'critical');
    assert.match(
      report.verdict.text,
      /^Likely: GET \/report waited up to 1\.40 s for 10\.0\.0\.7:5432 \(PostgreSQL\) \(8x\)$/,
    );
  });

  it('are a cause of their own where they compute', async () => {
    const compute: Work = (worker) => worker.gap(1400);
    assert.deepEqual(causesOf(await analyzed(busy(compute, compute))), [['worker-saturation', ['slow-request']]]);
  });
});

/** A finding of that kind, as a cause of others. */
function cause(kind: Kind, metrics: Causing['findings'][number]['metrics']): Causing {
  return { kind, findings: [{ workers: [101], metrics }] };
}

/** A loop that stood still from one moment to another, in that request. */
const stalled = (startMs: number, endMs: number, request = '', worker = 101): Causing =>
  cause('loop-stall', { worker, request, requests: request === '' ? [] : [request], stalls: [{ startMs, endMs }] });

describe('what happened to a request is what came of a stall', () => {
  it('that took half of the time between two heartbeats, and of no other worker', () => {
    const share = (by: Causing): number =>
      heartbeatEffect.share({ workers: [{ pid: 101, sinceMs: 1000, longestMs: 2000 }] }, by);
    assert.deepEqual([share(stalled(1500, 2500)), share(stalled(1501, 2500))], [1, 0]);
    assert.deepEqual([share(stalled(0, 2000)), share(stalled(0, 1999)), share(stalled(2000, 9000))], [1, 0, 1]);
    assert.equal(share(stalled(1000, 3000, '', 102)), 0);
    assert.equal(heartbeatEffect.inWords({ count: 3, aborted: 0 }, 1), '3 heartbeats were late');
    const killed = heartbeatEffect.inWords({ count: 3, aborted: 1 }, 1);
    assert.equal(killed, '1 worker was killed by the master for a late heartbeat');
  });

  it('that took half of the time before the client hung up', () => {
    const share = (by: Causing, more = {}): number =>
      abandonedEffect.share(
        { requests: [{ pid: 101, ageMs: 1000, hungUpMs: 3000, upstream: null, upstreamMs: null, ...more }] },
        by,
      );
    assert.deepEqual([share(stalled(2000, 2500)), share(stalled(2000, 2499)), share(stalled(2500, 9000))], [1, 0, 1]);
    // Without times nobody knows.
    assert.equal(share(stalled(2000, 3000), { ageMs: null }), 0);
    assert.equal(share(stalled(2000, 3000), { hungUpMs: null }), 0);
    const slow = cause('slow-dependency', { dependencies: [{ peer: '10.0.0.2:9000' }] });
    const waited = (upstreamMs: number, upstream = '10.0.0.2:9000') => share(slow, { upstream, upstreamMs });
    assert.deepEqual([waited(500), waited(499), waited(900, '10.0.0.3:9000')], [1, 0, 0]);
  });

  it('that took half of the age of a late reply, or behind whose request it stood for so long', () => {
    const share = (by: Causing, more = {}, target = 'client'): number =>
      lateEffect.share(
        { target, replies: [{ pid: 101, ageMs: 1000, atMs: 3000, behind: '', behindMs: 0, cut: false, ...more }] },
        by,
      );
    assert.deepEqual([share(stalled(2000, 2500)), share(stalled(2000, 2499)), share(stalled(2500, 9000))], [1, 0, 1]);
    const behind = (behindMs: number, request: string) =>
      share(stalled(0, 900, 'GET /b'), { behind: request, behindMs });
    assert.deepEqual([behind(500, 'GET /b'), behind(499, 'GET /b'), behind(900, 'GET /c')], [1, 0, 0]);
    // A stream that its client ended, and another service that left, are no late replies.
    assert.equal(share(stalled(2000, 3000), { cut: true }), 0);
    assert.equal(share(stalled(2000, 3000), {}, 'upstream'), 0);
    // Of unknown age: in the stall, or within 100 ms after it.
    assert.deepEqual(
      [share(stalled(2000, 2901), { ageMs: null }), share(stalled(2000, 2900), { ageMs: null })],
      [1, 0],
    );
    // Without times there is the name alone.
    assert.equal(share(stalled(0, 900, 'GET /b'), { atMs: null, ageMs: null, behind: 'GET /b' }), 1);
    assert.equal(share(stalled(0, 900, 'GET /b'), { atMs: null, ageMs: null, behind: 'GET /c' }), 0);
  });
});

describe('a thread that is still in a call when the capture ends', () => {
  const thread = { pid: 101, call: 'read', target: '/a', forMs: 1500 };
  const share = (busy: { served?: number; target?: string; meanRequestMs?: number }, own = thread): number =>
    stuckEffect.share(
      { threads: [own], isOver: false },
      cause('worker-saturation', {
        served: busy.served ?? 3,
        meanRequestMs: busy.meanRequestMs ?? 1000,
        busyIn: [{ pid: 101, target: busy.target ?? '/a' }],
      }),
    );

  it('is in one more request of workers that were all busy with such ones', () => {
    assert.equal(share({}), 1);
    assert.equal(share({ served: 2 }), 0, 'two requests show nothing about a third');
    assert.equal(share({ meanRequestMs: 999 }), 0, 'it took more than half as long again');
    assert.equal(share({ target: '/b' }), 0);
    assert.equal(share({ target: '' }, { ...thread, target: '' }), 0, 'nobody knows in what it is');
    assert.equal(share({}, { ...thread, pid: 102 }), 0);
  });
});

it('a loop that spins on its listener does so as its worker cannot accept, whichever finding tells of that', () => {
  const spins = { target: 'listener :8000', spinners: [{ pid: 101 }], sharePercent: 40 };
  const failing = (...pids: readonly number[]): Causing => ({
    kind: 'accept-errors',
    findings: pids.map((pid) => ({ workers: [pid], metrics: { listener: ':8000' } })),
  });
  assert.equal(spinEffect.share(spins, failing(102, 101)), 1);
  assert.equal(spinEffect.share(spins, failing(102)), 0);
  assert.equal(spinEffect.share({ ...spins, target: 'listener :8001' }, failing(101)), 0);
  assert.equal(spinEffect.inWords(spins, 1), 'worker 101 spun 40 % of its time');
});
