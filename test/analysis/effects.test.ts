import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn, effectsOf } from '../../src/analysis/causes.ts';
import { effect as queueEffect } from '../../src/detectors/backlog-overflow/effect.ts';
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
      ['disk-sync', []],
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
    assert.deepEqual(causesOf(report), [['slow-dependency', ['worker-saturation']]]);
    const [, saturation] = report.findings;
    assert.match(saturation?.effect ?? '', /^no worker was free \d[\d.]* % of the time, up to \d/);
    assert.equal(report.verdict.severity, 'critical');
    assert.match(report.verdict.text, /^Likely: 8 requests waited for 10\.0\.0\.7:5432/);
  });

  it('are a cause of their own where they compute', async () => {
    const compute: Work = (worker) => worker.gap(1400);
    assert.deepEqual(causesOf(await analyzed(busy(compute, compute))), [['worker-saturation', []]]);
  });
});
