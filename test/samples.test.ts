import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { detectors } from '../src/detectors/registry.ts';
import { analyzeFiles, type Finding, type Report } from '../src/index.ts';
import { epoch, type Sample, samples } from './support/truth.ts';

/** Clocks of the application and of strace are read a few calls apart. */
const CLOCK = 0.02;
/** A turn holds a blocking section and what the request does around it; under strace that takes some time. */
const AROUND = 0.1;

const implemented = new Set<string>(detectors.map(({ kind }) => kind));
const all = samples();

it('there are samples, at least one of each main story and its twin', () => {
  const names = all.map(({ name }) => name);
  for (const name of ['herd-gunicorn-gevent', 'distracted-worker', 'c-client-flush']) {
    assert.ok(names.includes(name), name);
    assert.ok(
      names.some((other) => other.startsWith(`${name}/healthy`)),
      `${name}/healthy`,
    );
  }
});

for (const sample of all) {
  describe(`sample ${sample.name}`, async () => {
    const { truth } = sample;
    const report = await analyzeFiles([sample.trace], { from: epoch(truth.window.from), to: epoch(truth.window.to) });
    const loud = new Set<string>(report.findings.filter(({ severity }) => severity !== 'info').map(({ kind }) => kind));

    it('finds what happened, and nothing that did not', () => {
      // Unequal shares among idle workers are told, quietly: they do no harm.
      const told = (kind: string): boolean => loud.has(kind) || (kind === 'accept-skew' && report.outcomes[kind]?.status === 'found');
      for (const kind of truth.expect.found)
        if (implemented.has(kind)) assert.ok(told(kind), `${kind} was not found: ${JSON.stringify(report.outcomes[kind])}`);
      for (const kind of truth.expect.quiet)
        assert.ok(!loud.has(kind), `${kind}: ${report.findings.find((finding) => finding.kind === kind)?.summary}`);
    });

    it('every detector answers, none breaks, every line is read', () => {
      assert.deepEqual(new Set(Object.keys(report.outcomes)), implemented);
      for (const [kind, outcome] of Object.entries(report.outcomes))
        assert.notEqual(outcome?.status, 'failed', `${kind}: ${outcome?.reason}`);
      assert.equal(report.quality.unparsedLines, 0);
    });

    it('counts the connections that each worker served', () => {
      const accepted = report.workers.reduce((sum, worker) => sum + worker.accepted, 0);
      assert.equal(accepted, truth.connections);
      if (truth.acceptedBy !== undefined) return;
      for (const [pid, count] of Object.entries(truth.accepts))
        assert.equal(report.workers.find((worker) => worker.pid === Number(pid))?.accepted, count, `worker ${pid}`);
    });

    it('quotes lines that stand where it says', () => quotesAreTrue(sample, report));
    if (truth.stalls.length > 0) it('times each stall, names its cause, and reports no other', () => stallsAreTrue(sample, report));
    if (truth.expect.found.includes('service-stall'))
      it('times the moments in which nobody could accept', () => serviceStallsAreTrue(sample, report));
    if (truth.brokenPipes.length > 0)
      it('finds each failed write, and what the request stood behind', () => brokenPipesAreTrue(sample, report));
    if (truth.descriptors !== undefined && truth.expect.found.includes('fd-leak'))
      it('counts the descriptors that each worker kept', () => descriptorsAreTrue(sample, report));
    if (truth.questions !== undefined) it('counts what was asked of name servers on the loop', () => questionsAreTrue(sample, report));
    if ((truth.lockWaits ?? []).length > 0) it('counts the waits for each lock, and their time', () => lockWaitsAreTrue(sample, report));
    if (truth.retries.length > 0) it('recognises each retry', () => retriesAreTrue(sample, report));
  });
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

function findingsOf(report: Report, kind: string): Finding[] {
  return report.findings.filter((finding) => finding.kind === kind);
}

/** Seconds since 1970 of the first event: what `startMs` counts from. */
function origin({ trace }: Sample): number {
  const first = /^\d+ +(\d+\.\d+)/.exec(gunzipSync(readFileSync(trace)).toString('latin1', 0, 100));
  return Number(first?.[1]);
}

function quotesAreTrue(sample: Sample, report: Report): void {
  const lines = gunzipSync(readFileSync(sample.trace)).toString('utf8').split('\n');
  for (const finding of report.findings) {
    assert.ok(finding.evidence.length > 0, `${finding.id} has no evidence`);
    for (const { line, text } of finding.evidence) assert.ok(lines[line - 1]?.startsWith(text), `${finding.id} line ${line}: ${text}`);
  }
}

function stallsAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample);
  const reported = findingsOf(report, 'loop-stall').flatMap(({ workers, metrics, openEnded }) =>
    (metrics.stalls as unknown as Times[]).map((stall) => ({
      pid: workers[0],
      cause: metrics.cause,
      open: openEnded,
      start: start + stall.startMs / 1000,
      end: start + stall.endMs / 1000,
    })),
  );
  for (const stall of sample.truth.stalls) {
    // The capture may end before the stall does.
    const match = reported.find(
      ({ pid, start: from, end, open }) =>
        pid === stall.pid && from <= stall.start + CLOCK && (end >= stall.end - CLOCK || (open && sample.truth.openStall === true)),
    );
    assert.ok(match, `not found: ${JSON.stringify(stall)}`);
    assert.equal(match.cause, stall.cause, JSON.stringify(stall));
  }
  for (const { pid, cause, start: from, end, open } of reported) {
    const inside = sample.truth.stalls.filter((stall) => stall.pid === pid && stall.start < end && stall.end > from);
    assert.ok(inside.length > 0, `${cause} of ${pid} at ${from} did not happen`);
    const blocked = inside.reduce((sum, stall) => sum + (open ? Math.min(stall.end, end) : stall.end) - stall.start, 0);
    assert.ok(Math.abs(end - from - blocked) < AROUND, `${cause} of ${pid} at ${from}: ${end - from} s, in truth ${blocked}`);
  }
}

function serviceStallsAreTrue({ truth, ...sample }: Sample, report: Report): void {
  const start = origin({ truth, ...sample });
  const reported = findingsOf(report, 'service-stall').flatMap(({ metrics }) =>
    (metrics.stalls as unknown as Times[]).map(({ startMs, endMs }) => ({ start: start + startMs / 1000, end: start + endMs / 1000 })),
  );
  for (const stall of truth.serviceStalls.filter(({ start: from, end }) => end - from > 0.15)) {
    const match = reported.find(({ start: from, end }) => Math.abs(from - stall.start) < AROUND && Math.abs(end - stall.end) < AROUND);
    assert.ok(match, `not found: ${JSON.stringify(stall)} in ${JSON.stringify(reported)}`);
  }
  for (const { start: from, end } of reported)
    assert.ok(
      truth.serviceStalls.some((stall) => stall.start < end && stall.end > from),
      `at ${from} somebody could accept`,
    );
}

interface Reply {
  readonly pid: number;
  readonly errno: string;
  readonly request: string;
  readonly target: string;
  readonly ageMs: number;
  readonly ownMs: number;
  readonly waitingMs: number;
  readonly behindMs: number;
  readonly behind: string;
  readonly atMs: number;
}

function brokenPipesAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample);
  const replies = findingsOf(report, 'broken-pipe').flatMap(({ metrics }) => metrics.replies as unknown as Reply[]);
  assert.equal(replies.length, sample.truth.brokenPipes.length);
  for (const pipe of sample.truth.brokenPipes) {
    const match = replies.find(
      ({ pid, errno, target, atMs }) =>
        pid === pipe.pid && errno === pipe.errno && target === pipe.target && Math.abs(start + atMs / 1000 - pipe.failedAt) < CLOCK,
    );
    assert.ok(match, `not found: ${JSON.stringify(pipe)}`);
    if (pipe.target !== 'client' || pipe.connectedAt === undefined) continue;
    assert.equal(match.request, pipe.request);
    const age = pipe.failedAt - pipe.connectedAt;
    assert.ok(Math.abs(match.ageMs / 1000 - age) < AROUND, `${match.ageMs} ms, in truth ${age} s`);
    assert.ok(Math.abs(match.ageMs - match.ownMs - match.waitingMs - match.behindMs) < 5, 'the parts make the age');
    if (typeof pipe.behind === 'string') assert.equal(match.behind, pipe.behind);
    else assert.ok(match.behindMs < 100, `${match.behindMs} ms behind ${match.behind}, in truth behind nobody`);
  }
}

/** The last count may be a request or two before the end of the load. */
function descriptorsAreTrue({ truth }: Sample, report: Report): void {
  for (const [group, kind] of [
    ['socket', 'sockets'],
    ['file', 'files'],
  ] as const) {
    const found = findingsOf(report, 'fd-leak').find(({ metrics }) => metrics.group === group);
    const workers = (found?.metrics.workers ?? []) as unknown as {
      readonly pid: number;
      readonly before: number;
      readonly after: number;
    }[];
    for (const { pid, before, after } of truth.descriptors ?? []) {
      const kept = after[kind] - before[kind];
      const told = workers.find((worker) => worker.pid === pid);
      if (kept >= 20)
        assert.ok(told !== undefined && Math.abs(told.after - told.before - kept) <= 2, `${kind} of ${pid}: ${kept} in truth`);
      else assert.equal(told, undefined);
    }
  }
}

function questionsAreTrue({ truth }: Sample, report: Report): void {
  const { silent, noSuchName, answered } = truth.questions ?? { silent: 0, noSuchName: 0, answered: 0 };
  const metrics = findingsOf(report, 'blocking-dns')[0]?.metrics;
  if (truth.expect.quiet.includes('blocking-dns')) assert.equal(metrics, undefined);
  else
    assert.deepEqual(
      [metrics?.timeouts, metrics?.noSuchName, metrics?.questions, metrics?.count],
      [silent, noSuchName, silent + noSuchName + answered, answered],
    );
}

/** Each file is a finding of its own; a lock between threads has no name in a trace. */
function lockWaitsAreTrue({ truth }: Sample, report: Report): void {
  const findings = findingsOf(report, 'lock-contention');
  const locks = new Set(truth.lockWaits?.map(({ lock }) => lock));
  assert.equal(findings.length, locks.size);
  for (const lock of locks) {
    const waits = truth.lockWaits?.filter((wait) => wait.lock === lock) ?? [];
    const total = waits.reduce((sum, { start, end }) => sum + end - start, 0);
    const match = findings.find(({ metrics }) => !lock.startsWith('/') || metrics.lock === lock);
    assert.ok(match, lock);
    assert.equal(match.metrics.count, waits.length);
    assert.ok(Math.abs((match.metrics.totalMs as number) / 1000 - total) < AROUND, `${match.metrics.totalMs} ms, in truth ${total} s`);
  }
}

function retriesAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample);
  const retries = findingsOf(report, 'request-retry').flatMap(
    ({ metrics }) => metrics.retries as unknown as { readonly request: string; readonly firstAtMs: number; readonly againAtMs: number }[],
  );
  assert.equal(retries.length, sample.truth.retries.length);
  for (const retry of sample.truth.retries) {
    const match = retries.find(
      ({ request, firstAtMs, againAtMs }) =>
        request === retry.request &&
        Math.abs(start + firstAtMs / 1000 - retry.firstAt) < AROUND &&
        Math.abs(start + againAtMs / 1000 - retry.againAt) < AROUND,
    );
    assert.ok(match, `not found: ${JSON.stringify(retry)} in ${JSON.stringify(retries)}`);
  }
}
