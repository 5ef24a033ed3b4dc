import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { detectors, type Kind } from '../src/detectors/registry.ts';
import { analyzeFiles, type Finding, type Report } from '../src/index.ts';
import { syscallNumber } from '../src/trace/syscall-numbers.ts';
import { contradictions } from './support/contradictions.ts';
import { toldTwice } from './support/one-cause.ts';
import { strictComplaints } from './support/strict-schema.ts';
import { epoch, type Sample, samples } from './support/truth.ts';

/** Clocks of the application and of strace are read a few calls apart. */
const CLOCK = 0.02;
/** A turn holds a blocking section and what the request does around it; under strace that takes some time. */
const AROUND = 0.1;

/** Unequal shares among idle workers do no harm, churn is a cost, and no herd of a sample costs 1 % of a core. */
const TOLD_QUIETLY: ReadonlySet<Kind> = new Set<Kind>(['accept-skew', 'epoll-churn', 'thundering-herd']);
const QUEUE_TROUBLES: ReadonlySet<Kind> = new Set<Kind>([
  'ineffective-reuseport',
  'backlog-overflow',
  'stranded-queue',
  'accept-hoarding',
  'busy-poll',
  'epoll-churn',
]);

const implemented = new Set<Kind>(detectors.map(({ kind }) => kind));
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
    const loud = new Set(report.findings.filter(({ severity }) => severity !== 'info').map(({ kind }) => kind));

    it('proves each finding by lines of the capture', () => {
      for (const { title, evidence } of report.findings) assert.ok(evidence.length > 0, title);
    });

    it('tells each cause once', () => assert.deepEqual(toldTwice(report), []));

    it('finds what happened, and nothing that did not', () => {
      const told = (kind: Kind): boolean =>
        loud.has(kind) || (TOLD_QUIETLY.has(kind) && report.outcomes[kind]?.status === 'found');
      for (const kind of truth.expect.found)
        if (implemented.has(kind))
          assert.ok(told(kind), `${kind} was not found: ${JSON.stringify(report.outcomes[kind])}`);
      for (const kind of truth.expect.quiet)
        assert.ok(!loud.has(kind), `${kind}: ${report.findings.find((finding) => finding.kind === kind)?.summary}`);
    });

    if (sample.name.includes('/healthy')) {
      it('is not warned of its accept queues, nor of waits that spin', () => {
        assert.deepEqual(
          [...loud].filter((kind) => QUEUE_TROUBLES.has(kind)),
          [],
        );
      });
    }

    it('every detector answers, none breaks, every line is read', () => {
      assert.deepEqual(new Set(Object.keys(report.outcomes)), implemented);
      for (const [kind, outcome] of Object.entries(report.outcomes))
        assert.notEqual(outcome?.status, 'failed', `${kind}: ${outcome?.reason}`);
      assert.equal(report.quality.unparsedLines, 0);
    });

    it('prints what the schema says, and no metric that is not in it', () =>
      assert.deepEqual(strictComplaints(report), []));

    it('says nothing twice with different figures', () => assert.deepEqual(contradictions(report), []));

    it('counts the connections that each worker served', () => {
      const accepted = report.workers.reduce((sum, worker) => sum + worker.accepted, 0);
      assert.equal(accepted, truth.connections);
      if (truth.acceptedBy !== undefined) return;
      for (const [pid, count] of Object.entries(truth.accepts))
        assert.equal(report.workers.find((worker) => worker.pid === Number(pid))?.accepted, count, `worker ${pid}`);
    });

    it('advises nothing that another finding of it speaks against', () => adviceAgrees(report));
    it('quotes lines that stand where it says', () => quotesAreTrue(sample, report));
    if (truth.lateConnects !== undefined)
      it('counts how often the queue was full', () => fullQueuesAreTrue(sample, report));
    if (truth.expect.found.includes('stranded-queue'))
      it('counts those that waited in the queue of a stalled worker', () => strandedAreTrue(sample, report));
    if (truth.waitedWhileOthersIdled !== undefined)
      it('counts those that waited while another worker was idle', () => hoardedAreTrue(sample, report));
    if (truth.spins !== undefined) it('tells how long each worker spun', () => spinsAreTrue(sample, report));
    if (truth.epollChanges !== undefined && truth.epollChanges > 0) {
      it('counts as many changes of epoll sets as the kernel did', () => {
        assert.deepEqual(
          findingsOf(report, 'epoll-churn').map(({ metrics }) => metrics.changes),
          [truth.epollChanges],
        );
      });
    }
    if (truth.stalls.length > 0)
      it('times each stall, names its cause, and reports no other', () => stallsAreTrue(sample, report));
    if (truth.expect.found.includes('service-stall'))
      it('times the moments in which nobody could accept', () => serviceStallsAreTrue(sample, report));
    if (truth.brokenPipes.length > 0)
      it('finds each failed write, and what the request stood behind', () => brokenPipesAreTrue(sample, report));
    if (truth.loads?.some(({ modules }) => modules > 0))
      it('measures what each worker loaded', () => loadsAreTrue(sample, report));
    if (truth.stalls.some(({ cause }) => cause === 'import'))
      it('times each import on the way of a request', () => importsAreTrue(sample, report));
    if (truth.gcIo !== undefined && truth.gcIo.length > 0)
      it('finds each call inside the collector', () => collectorCallsAreTrue(sample, report));
    if (truth.descriptors !== undefined && truth.expect.found.includes('fd-leak'))
      it('counts the descriptors that each worker kept', () => descriptorsAreTrue(sample, report));
    if (truth.questions !== undefined)
      it('counts what was asked of name servers on the loop', () => questionsAreTrue(sample, report));
    if ((truth.lockWaits ?? []).length > 0)
      it('counts the waits for each lock, and their time', () => lockWaitsAreTrue(sample, report));
    if (truth.retries.length > 0) it('recognises each retry', () => retriesAreTrue(sample, report));
  });
}

/**
 * Advice that does harm while another kind of finding holds: a queue for each worker strands connections on stalled
 * ones, for instance.
 */
const AT_ODDS: readonly (readonly [kinds: readonly string[], advice: RegExp])[] = [
  [['loop-stall', 'service-stall'], /--reuse-port …|^Try --reuse-port|^Give each worker a queue of its own/m],
  [['lock-contention'], /use more workers/],
  [['fd-leak'], /^(?:If they are connections in use, )?raise the limit/im],
  [['loop-stall', 'heartbeat-late'], /^(?:raise|increase) .*timeout/im],
];

function adviceAgrees({ findings }: Report): void {
  for (const [kinds, advice] of AT_ODDS) {
    if (!findings.some(({ kind, severity }) => kinds.includes(kind) && severity !== 'info')) continue;
    for (const { id, next } of findings)
      for (const { text, command = '' } of next)
        assert.doesNotMatch(`${text}\n${command}`, advice, `${id}, while there is ${kinds[0]}`);
  }
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

function findingsOf(report: Report, kind: string): Finding[] {
  return report.findings.filter((finding) => finding.kind === kind);
}

/** Seconds since 1970 of the first event: what `startMs` counts from. */
function origin({ trace }: Sample, { findings }: Report): number {
  if (!trace.endsWith('.strace.gz')) {
    const [timed] = findings.filter(({ startTime, startMs }) => startTime !== null && startMs !== null);
    const [, whole = '', fraction = ''] = /^(.*)\.(\d{6})Z$/.exec(timed?.startTime ?? '') ?? [];
    return Date.parse(`${whole}Z`) / 1000 + Number(fraction) / 1e6 - (timed?.startMs ?? 0) / 1000;
  }
  const first = /^\d+ +(\d+\.\d+)/.exec(gunzipSync(readFileSync(trace)).toString('latin1', 0, 100));
  return Number(first?.[1]);
}

function quotesAreTrue(sample: Sample, report: Report): void {
  const lines = gunzipSync(readFileSync(sample.trace)).toString('utf8').split('\n');
  for (const finding of report.findings) {
    assert.ok(finding.evidence.length > 0, `${finding.id} has no evidence`);
    for (const { line, text } of finding.evidence)
      assert.ok(isQuoted(text, lines[line - 1] ?? ''), `${finding.id} line ${line}: ${text}`);
  }
}

/** A line as it is, or in strace's words: those of calls.bt and exact.bt are numbers. */
function isQuoted(text: string, line: string): boolean {
  if (line.startsWith('event=in ')) {
    const [, tid, name] = /^(\d+) \d+\.\d{6} (\w+)\(.*<unfinished \.\.\.>$/.exec(text) ?? [];
    return line.includes(` tid=${tid} nr=${syscallNumber('x86-64', name ?? '')} `);
  }
  if (!line.startsWith('ts=')) return line.startsWith(text);
  const [, tid, name, duration] = /^(\d+) \d+\.\d{6} (\w+)\(.*<(\d+\.\d+)>$/.exec(text) ?? [];
  const number = syscallNumber('x86-64', name ?? '');
  return (
    line.includes(` tid=${tid} nr=${number} `) && (Number(/ dur=(\d+)/.exec(line)?.[1]) / 1e9).toFixed(6) === duration
  );
}

function stallsAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample, report);
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
        pid === stall.pid &&
        from <= stall.start + CLOCK &&
        (end >= stall.end - CLOCK || (open && sample.truth.openStall === true)),
    );
    assert.ok(match, `not found: ${JSON.stringify(stall)}`);
    assert.equal(match.cause, stall.cause, JSON.stringify(stall));
  }
  for (const { pid, cause, start: from, end, open } of reported) {
    const inside = sample.truth.stalls.filter((stall) => stall.pid === pid && stall.start < end && stall.end > from);
    assert.ok(inside.length > 0, `${cause} of ${pid} at ${from} did not happen`);
    const blocked = inside.reduce((sum, stall) => sum + (open ? Math.min(stall.end, end) : stall.end) - stall.start, 0);
    assert.ok(
      Math.abs(end - from - blocked) < AROUND,
      `${cause} of ${pid} at ${from}: ${end - from} s, in truth ${blocked}`,
    );
  }
}

function serviceStallsAreTrue({ truth, ...sample }: Sample, report: Report): void {
  const start = origin({ truth, ...sample }, report);
  const reported = findingsOf(report, 'service-stall').flatMap(({ metrics }) =>
    (metrics.stalls as unknown as Times[]).map(({ startMs, endMs }) => ({
      start: start + startMs / 1000,
      end: start + endMs / 1000,
    })),
  );
  for (const stall of truth.serviceStalls.filter(({ start: from, end }) => end - from > 0.15)) {
    const match = reported.find(
      ({ start: from, end }) => Math.abs(from - stall.start) < AROUND && Math.abs(end - stall.end) < AROUND,
    );
    assert.ok(match, `not found: ${JSON.stringify(stall)} in ${JSON.stringify(reported)}`);
  }
  for (const { start: from, end } of reported)
    assert.ok(
      truth.serviceStalls.some((stall) => stall.start < end && stall.end > from),
      `at ${from} somebody could accept`,
    );
}

/**
 * Each round of clients of which some connected a second late filled the queue once, and no more fits than the backlog
 * and one.
 */
function fullQueuesAreTrue({ truth }: Sample, report: Report): void {
  const rounds = (truth.lateConnects ?? []).filter((late) => late > 0).length;
  const [metrics] = findingsOf(report, 'backlog-overflow').map((finding) => finding.metrics);
  assert.equal(metrics?.count ?? 0, rounds);
  if (metrics !== undefined)
    assert.deepEqual([metrics.backlog, metrics.most], [truth.backlog, (truth.backlog ?? 0) + 1]);
}

/** Every small request that waited was in such a queue; some more came in the last 100 ms of a stall. */
function strandedAreTrue({ truth }: Sample, report: Report): void {
  const [metrics] = findingsOf(report, 'stranded-queue').map((finding) => finding.metrics);
  const waited = truth.victims?.length ?? 0;
  const stranded = Number(metrics?.connections);
  // A sync worker does not stall: it has work.
  if (truth.stalls.length > 0) assert.equal(metrics?.count, truth.stalls.length);
  assert.ok(
    stranded >= waited && stranded <= waited + 2 * Number(metrics?.count),
    `${stranded} stranded, in truth ${waited} waited`,
  );
}

/** In asyncio nothing tells which request of a batch sleeps, so that one of each batch may be counted too many. */
function hoardedAreTrue({ truth }: Sample, report: Report): void {
  const [metrics] = findingsOf(report, 'accept-hoarding').map((finding) => finding.metrics);
  const waited = truth.waitedWhileOthersIdled ?? 0;
  const hoarded = Number(metrics?.count ?? 0);
  assert.ok(hoarded >= waited && hoarded <= waited * 1.2, `${hoarded} hoarded, in truth ${waited}`);
}

function spinsAreTrue({ truth }: Sample, report: Report): void {
  const spun = findingsOf(report, 'busy-poll').flatMap(
    ({ metrics }) => metrics.spinners as unknown as { readonly pid: number; readonly totalMs: number }[],
  );
  for (const pid of truth.workers) {
    const seconds = (truth.spins ?? []).reduce(
      (sum, { start, end, ...spin }) => sum + (spin.pid === pid ? end - start : 0),
      0,
    );
    const told = spun.reduce((sum, { totalMs, ...spin }) => sum + (spin.pid === pid ? totalMs / 1000 : 0), 0);
    assert.ok(told >= seconds * 0.8 && told <= seconds + CLOCK, `worker ${pid} spun ${told} s, in truth ${seconds} s`);
  }
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
  const start = origin(sample, report);
  const replies = findingsOf(report, 'broken-pipe').flatMap(({ metrics }) => metrics.replies as unknown as Reply[]);
  assert.equal(replies.length, sample.truth.brokenPipes.length);
  for (const pipe of sample.truth.brokenPipes) {
    const match = replies.find(
      ({ pid, errno, target, atMs }) =>
        pid === pipe.pid &&
        errno === pipe.errno &&
        target === pipe.target &&
        Math.abs(start + atMs / 1000 - pipe.failedAt) < CLOCK,
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

function loadsAreTrue({ truth }: Sample, report: Report): void {
  const [finding, ...more] = findingsOf(report, 'fork-then-load');
  assert.ok(finding !== undefined && more.length === 0);
  const workers = finding.metrics.workers as unknown as {
    pid: number;
    modules: number;
    loadMs: number;
    privateBytes: number;
  }[];
  const loads = truth.loads ?? [];
  assert.deepEqual(new Set(workers.map(({ pid }) => pid)), new Set(loads.map(({ pid }) => pid)));
  for (const { pid, start, end, modules, privateBytes } of loads) {
    const found = workers.find((worker) => worker.pid === pid);
    assert.ok(found !== undefined);
    // Shared libraries that a module brings along are files, and no modules to Python.
    assert.ok(
      found.modules >= modules && found.modules <= modules * 1.05,
      `${found.modules} modules, in truth ${modules}`,
    );
    assert.ok(Math.abs(found.loadMs / 1000 - (end - start)) < AROUND, `${found.loadMs} ms, in truth ${end - start} s`);
    // In truth also pages of its parent's that the worker wrote to.
    assert.ok(
      found.privateBytes < privateBytes && found.privateBytes > privateBytes * 0.6,
      `${found.privateBytes}, in truth ${privateBytes}`,
    );
  }
}

function importsAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample, report);
  const [finding] = findingsOf(report, 'lazy-import');
  const imports = finding?.metrics.requests as unknown as { request: string; importMs: number; atMs: number }[];
  const stalls = sample.truth.stalls.filter(({ cause }) => cause === 'import');
  assert.equal(imports.length, stalls.length);
  for (const stall of stalls) {
    const match = imports.find(
      ({ request, atMs }) => request === stall.request && Math.abs(start + atMs / 1000 - stall.start) < CLOCK,
    );
    assert.ok(
      match !== undefined && Math.abs(match.importMs / 1000 - (stall.end - stall.start)) < CLOCK,
      JSON.stringify(imports),
    );
  }
  const linked = report.findings.filter(({ id }) => finding?.related.includes(id)).map(({ metrics }) => metrics.cause);
  assert.ok(linked.includes('import'), 'the stall of the loop is linked');
}

function collectorCallsAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample, report);
  const [finding, ...more] = findingsOf(report, 'gc-io');
  assert.ok(finding !== undefined && more.length === 0);
  const truth = sample.truth.gcIo ?? [];
  // Where the socket was full the application waited, and called again.
  assert.equal(Number(finding.metrics.count) - Number(finding.metrics.gaveWay), truth.length);
  for (const { pid, call, target, atMs } of finding.metrics.calls as unknown as {
    pid: number;
    call: string;
    target: string;
    atMs: number;
  }[]) {
    assert.deepEqual([call, target], ['sendto', 'unix:/dev/log']);
    const at = start + atMs / 1000;
    assert.ok(
      truth.some((each) => each.pid === pid && at > each.start - 0.001 && at < each.end + 0.001),
      `at ${at} nothing was logged inside the collector`,
    );
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
        assert.ok(
          told !== undefined && Math.abs(told.after - told.before - kept) <= 2,
          `${kind} of ${pid}: ${kept} in truth`,
        );
      else assert.equal(told, undefined);
    }
  }
}

function questionsAreTrue({ truth }: Sample, report: Report): void {
  const { silent, noSuchName, answered } = truth.questions ?? { silent: 0, noSuchName: 0, answered: 0 };
  const [first] = findingsOf(report, 'blocking-dns');
  // Lookups on a thread beside the loop stop nobody else: they are told, as info.
  if (truth.expect.quiet.includes('blocking-dns')) assert.equal(first?.severity ?? 'info', 'info');
  else
    assert.deepEqual(
      [first?.metrics.timeouts, first?.metrics.noSuchName, first?.metrics.questions, first?.metrics.count],
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
    assert.ok(
      Math.abs((match.metrics.totalMs as number) / 1000 - total) < AROUND,
      `${match.metrics.totalMs} ms, in truth ${total} s`,
    );
  }
}

function retriesAreTrue(sample: Sample, report: Report): void {
  const start = origin(sample, report);
  const retries = findingsOf(report, 'request-retry').flatMap(
    ({ metrics }) =>
      metrics.retries as unknown as {
        readonly request: string;
        readonly firstAtMs: number;
        readonly againAtMs: number;
      }[],
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
