import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { causesIn, effectsOf } from '../../src/analysis/causes.ts';
import type { TimePoint } from '../../src/analysis/options.ts';
import { analyzeFiles, type Finding, type Report } from '../../src/index.ts';
import { typed } from '../support/run-drover.ts';
import { attached, connectTo, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';
import { sample } from '../support/truth.ts';

const JOB = sample('endless-job').trace;
const HERD = sample('herd-gunicorn-gevent').trace;

/** Seconds of that sample's clock, on the day it was recorded. */
function at(time: string): { readonly kind: 'epoch'; readonly seconds: number; readonly nanoseconds: number } {
  return { kind: 'epoch', seconds: Date.parse(`2026-11-20T${time}Z`) / 1000, nanoseconds: 0 };
}

it('a stall that began before the time that was asked for and went on after it is of the whole capture', async () => {
  const { findings, captured, outcomes } = await analyzeFiles([JOB], { from: at('18:32:24'), to: at('18:32:26') });
  const [first] = findings;
  assert.equal(first?.kind, 'loop-stall');
  assert.match(first?.summary ?? '', /This is of the whole capture: it overlaps the time that was asked for\.$/);
  assert.equal(outcomes['loop-stall']?.status, 'found');
  assert.ok((captured?.durationMs ?? 0) > 2_000);
});

it('what happened at another time is not told', async () => {
  const whole = await analyzeFiles([sample('distracted-worker').trace]);
  assert.ok(whole.findings.some(({ kind }) => kind === 'loop-stall'));
  const before = await analyzeFiles([sample('distracted-worker').trace], { to: at('18:29:04') });
  assert.deepEqual(
    before.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
    [],
  );
});

it('where nothing of the trace lies in that time its own time is told, and the exit code is 2', async () => {
  const { code, stderr, stdout } = await typed([HERD, '--from', '18:30:30']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /Nothing of the trace lies between --from and --to\.\n {2}The trace holds 2026-11-20 18:28:03\.\d+ UTC to /,
  );
});

it('an unknown pid is answered with those that there are, and exit code 2', async () => {
  const { code, stderr } = await typed([HERD, '--pid', '999']);
  assert.equal(code, 2);
  assert.match(stderr, /No process 999 in this trace\.\n {2}The trace holds 3869, 3875, /);
  assert.equal((await typed([HERD, '--pid', '3875', '-q'])).code, 0);
});

/** Two workers that both ask a database from 2.5 s to 5.5 s, and serve before and afterwards. */
function standstill(): TraceLines {
  const { trace, workers } = attached([101, 102]);
  for (const [index, worker] of workers.entries()) {
    worker.labels.set(20, 'socket:[7000]');
    const quick = (until: number): void => {
      for (let at = Math.ceil(worker.now) + 40 + index; at < until; at += 90)
        worker.waitUntil(at, LISTENER).serve(11, 'GET /a');
    };
    quick(2400);
    worker
      .waitUntil(2500 + index, LISTENER)
      .accept(11)
      .read(11, 'GET /slow')
      .call('recvfrom(20<TCP:[10.0.0.1:5000->10.0.0.7:5432]>, ', '"x", 1, 0, NULL, NULL)', 1, 3000)
      .reply(11)
      .close(11);
    quick(9000);
  }
  return trace;
}

describe('a part that lies inside a moment in which the service stood still', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-part-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const second = (nanoseconds: number): TimePoint => ({ kind: 'relative', nanoseconds: nanoseconds * 1e9 });

  for (const stamps of ['epoch', 'clock'] as const)
    it(`keeps what came of it, and calls nothing clear that the whole capture found (${stamps})`, async () => {
      const path = join(folder, `${stamps}.strace`);
      writeFileSync(path, standstill().text({ stamps }));
      for (const [from, to] of [
        [3.5, 5],
        [2.4, 4],
        [2.501, 2.53],
        [5.2, 7],
      ] as const) {
        const report = await analyzeFiles([path], { from: second(from), to: second(to) });
        const [cause, ...others] = causesIn(report.findings).filter(({ severity }) => severity !== 'info');
        assert.deepEqual([cause?.kind, others.length], ['loop-stall', 0], `${from} to ${to}: ${others[0]?.title}`);
        assert.deepEqual(
          effectsOf(cause as Finding, report.findings).map(({ kind, effect }) => [kind, effect?.slice(0, 30)]),
          [['service-stall', 'nobody could accept or answer ']],
        );
        assert.equal(report.outcomes['service-stall']?.status, 'found');
        assert.equal(new Set(report.findings.map(({ id }) => id)).size, report.findings.length);
      }
    });

  it('says nothing of it before and afterwards', async () => {
    const path = join(folder, 'apart.strace');
    writeFileSync(path, standstill().text());
    for (const options of [{ to: second(2.3) }, { from: second(5.7) }]) {
      const report = await analyzeFiles([path], options);
      assert.deepEqual(
        report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
        [],
      );
    }
  });
});

it('another thing of the same kind in the part hides nothing of the whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-part-'));
  try {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    const asks = (worker: ThreadLines, fromMs: number, toMs: number, port: number): void => {
      worker.waitUntil(fromMs, LISTENER).accept(11).read(11, `GET /${port}`);
      connectTo(worker, 12, port)
        .waitUntil(worker.now + 3, 12)
        .send(12, 'x');
      worker.waitUntil(toMs, 12).read(12, 'y').close(12).reply(11).close(11);
      worker.waitUntil(13_000);
    };
    asks(first, 1000, 12_000, 5432);
    asks(second, 4000, 6000, 6379);
    const path = join(folder, 'two.strace');
    writeFileSync(path, trace.text());
    const titles = (report: Report): string =>
      report.findings.flatMap(({ kind, title }) => (kind === 'slow-dependency' ? title : [])).join('\n');
    assert.match(titles(await analyzeFiles([path])), /^GET \/5432 waited 11\.00 s for 10\.0\.0\.7:5432 /);
    const at = (nanoseconds: number): TimePoint => ({ kind: 'relative', nanoseconds: nanoseconds * 1e9 });
    const part = await analyzeFiles([path], { from: at(3), to: at(8) });
    assert.match(
      titles(part),
      /^GET \S+ waited .* for 10\.0\.0\.7:6379 .*\nGET \S+ waited 11\.00 s for 10\.0\.0\.7:5432 .*$/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
