import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { KINDS } from '../../src/analysis/report.ts';
import { renderJson } from '../../src/output/json.ts';
import { buildFinding, buildReport, buildStallMetrics, nightReport as small } from '../support/report-builder.ts';

const schema = createRequire(import.meta.url)('drover/report.schema.json') as {
  readonly $defs: { readonly kind: { readonly enum: readonly string[] } };
};
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

function complaints(report: unknown): readonly string[] {
  validate(JSON.parse(JSON.stringify(report)));
  return (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if').map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

/** The small report with one thing changed, by its path. */
function changed(path: string, value: unknown): unknown {
  const report: unknown = structuredClone(small);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = report as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return report;
}

test('reports are valid, with and without findings, payload and times', () => {
  assert.deepEqual(complaints(buildReport()), []);
  assert.deepEqual(complaints(small), []);
  assert.deepEqual(complaints(JSON.parse(renderJson(small))), []);
  const untimed = { startMs: null, endMs: null, startTime: null, endTime: null, metrics: { ...buildStallMetrics(), stallMs: null } };
  assert.deepEqual(
    complaints(buildReport({ window: { startTime: null, endTime: null, durationMs: null }, findings: [buildFinding(untimed)] })),
    [],
  );
  assert.deepEqual(complaints(buildReport({ window: { startTime: null, endTime: null, timeOfDay: '23:59:58.900000' } })), []);
});

test('the schema knows every kind', () => {
  assert.deepEqual(schema.$defs.kind.enum, KINDS);
});

test('names may be added anywhere', () => {
  for (const path of ['added', 'tool.added', 'quality.added', 'workers.0.added', 'findings.0.added', 'findings.0.metrics.added'])
    assert.deepEqual(complaints(changed(path, 17)), []);
});

const WRONG: readonly (readonly [path: string, value: unknown, complaint: string])[] = [
  ['schemaVersion', 2, '/schemaVersion const'],
  ['verdict', undefined, ' required'],
  ['verdict.severity', 'high', '/verdict/severity enum'],
  ['verdict.sureness', 'probably', '/verdict/sureness enum'],
  ['quality.grade', 'excellent', '/quality/grade enum'],
  ['quality.lines', -1, '/quality/lines minimum'],
  ['window.startTime', '2026-11-20 02:13:29', '/window/startTime pattern'],
  ['window.timeOfDay', '2:13', '/window/timeOfDay pattern'],
  ['outcomes.accept-herd', { status: 'clear', reason: 'x' }, '/outcomes enum'],
  ['outcomes.gc-io.status', 'skipped', '/outcomes/gc-io/status enum'],
  ['workers.0.accepted', '17', '/workers/0/accepted type'],
  ['workers.0.busyPercent', 101, '/workers/0/busyPercent maximum'],
  ['calls.0.errors.EINTR', 0.5, '/calls/0/errors/EINTR type'],
  ['workers.0.firstMs', -0.002, '/workers/0/firstMs minimum'],
  ['workers.0.pid', 1.5, '/workers/0/pid type'],
  ['findings.0.startMs', -1, '/findings/0/startMs minimum'],
  ['findings.0.endMs', -1, '/findings/0/endMs minimum'],
  ['findings.0.metrics.share', 1.01, '/findings/0/metrics/share maximum'],
  ['findings.0.metrics.of-any-name', -1, '/findings/0/metrics/of-any-name minimum'],
  ['findings.0.metrics.stalls', [{ startMs: -1, endMs: 1 }], '/findings/0/metrics/stalls/0/startMs minimum'],
  ['findings.0.kind', 'deadlock', '/findings/0/kind enum'],
  ['findings.0.severity', 'none', '/findings/0/severity enum'],
  ['findings.0.title', 'x'.repeat(79), '/findings/0/title maxLength'],
  ['findings.0.id', 'Loop Stall', '/findings/0/id pattern'],
  ['findings.0.evidence.0.line', 0, '/findings/0/evidence/0/line minimum'],
  ['findings.0.next.0.text', undefined, '/findings/0/next/0 required'],
  ['findings.0.metrics.cause', 'deadlock', '/findings/0/metrics/cause enum'],
  ['findings.0.metrics.longestMs', undefined, '/findings/0/metrics required'],
  ['findings.0.metrics.stalls', [{ startMs: 1 }], '/findings/0/metrics/stalls/0 required'],
];
for (const [path, value, complaint] of WRONG) {
  test(`the schema refuses ${path} = ${JSON.stringify(value)?.slice(0, 40) ?? 'nothing'}`, () => {
    assert.ok(complaints(changed(path, value)).includes(complaint), complaints(changed(path, value)).join('; '));
  });
}

/** One finding of each kind whose metrics others rely on. */
const METRICS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'thundering-herd': {
    listener: ':8000',
    acceptors: 5,
    connections: 12,
    productiveWakeups: 12,
    wastedWakeups: 28,
    herdFactor: 3.33,
    wastedWakeupRatio: 0.7,
    wastedWakeupsPerSecond: 2.3,
    maxBurst: 4,
    wastedWallMs: 17,
    maxShare: 0.41,
    gini: 0.3,
    bound: 'upper',
    kernelWakeups: null,
  },
  'service-stall': {
    workers: 5,
    blocked: 5,
    totalMs: 1_700,
    longestMs: 1_300,
    busyPercent: 4.1,
    stalls: [{ startMs: 0, endMs: 1_300, blockedIn: [{ pid: 4127, cause: 'dns', call: 'poll', target: null }] }],
  },
  'broken-pipe': {
    count: 1,
    replies: [
      {
        pid: 4127,
        fd: 14,
        errno: 'EPIPE',
        signal: 'SIGPIPE',
        target: 'client',
        peer: '10.2.0.7:51544',
        request: 'GET /a',
        ageMs: 1_104,
        ownMs: 3,
        waitingMs: 98,
        behindMs: 1_003,
        behind: 'GET /b',
        atMs: 1_304,
      },
    ],
  },
  'abandoned-request': {
    count: 1,
    requests: [{ pid: 4127, fd: 14, peer: null, request: 'GET /a', ageMs: 503, hungUpMs: 211, answered: false }],
  },
  'fork-then-load': { workers: [{ pid: 4127, modules: 151, loadMs: 811, privateBytes: null }], sharedModules: 149, savedBytes: null },
  'gc-io': { count: 1, calls: [{ pid: 4127, call: 'sendto', target: '/dev/log', atMs: 17, durationMs: 0.2, frame: 'gc_collect_main' }] },
};
for (const [kind, metrics] of Object.entries(METRICS)) {
  test(`the metrics of ${kind} are a contract`, () => {
    const report = changed('findings.0.kind', kind);
    const put = (own: unknown): unknown => Object.assign(report as object, { findings: [{ ...buildFinding(), kind, metrics: own }] });
    assert.deepEqual(complaints(put(metrics)), []);
    for (const name of Object.keys(metrics))
      assert.deepEqual(complaints(put({ ...metrics, [name]: undefined })), ['/findings/0/metrics required'], name);
  });
}
