import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MEASURES } from '../../src/detectors/kinds.ts';
import type { AnyMetrics, JsonSchema, Shapes } from '../../src/detectors/metric.ts';
import { detectors, KINDS } from '../../src/detectors/registry.ts';
import { renderJson } from '../../src/output/json.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { firingExample } from '../support/detector-page.ts';
import { buildFinding, buildReport, buildStallMetrics, nightReport as small } from '../support/report-builder.ts';
import { complaints, schema, strictComplaints } from '../support/strict-schema.ts';
import { kindsFile } from '../tools/kinds-file.ts';
import { withKinds } from '../tools/report-schema.ts';

const KINDS_FILE = new URL('../../../src/detectors/kinds.ts', import.meta.url);

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
  const untimed = {
    startMs: null,
    endMs: null,
    startTime: null,
    endTime: null,
    metrics: { ...buildStallMetrics(), onCpuMs: null },
  };
  assert.deepEqual(
    complaints(
      buildReport({ window: { startTime: null, endTime: null, durationMs: null }, findings: [buildFinding(untimed)] }),
    ),
    [],
  );
  assert.deepEqual(
    complaints(buildReport({ window: { startTime: null, endTime: null, timeOfDay: '23:59:58.900000' } })),
    [],
  );
});

test('the published schema says what the detectors declare: npm run schema writes it', () => {
  assert.deepEqual(schema, withKinds(schema, detectors), 'out of date; type: npm run schema');
  assert.deepEqual(schema.$defs.kind.enum, KINDS);
  assert.equal(readFileSync(KINDS_FILE, 'utf8'), kindsFile(detectors), 'out of date; type: npm run schema');
});

test('each measure of a kind is a number that its findings carry', () => {
  for (const { kind, metrics } of detectors)
    for (const name of Object.values(MEASURES[kind])) {
      const [first = '', inner] = name.split('.');
      const shape = (metrics as Shapes)[first]?.schema;
      const found = inner === undefined ? shape : shape?.items?.properties?.[inner];
      assert.match([found?.type].flat().join(), /^(?:integer|number)/, `${kind} ${name}`);
    }
});

test('names may be added anywhere', () => {
  for (const path of [
    'added',
    'tool.added',
    'quality.added',
    'workers.0.added',
    'findings.0.added',
    'findings.0.metrics.added',
  ])
    assert.deepEqual(complaints(changed(path, 17)), []);
});

const WRONG: readonly (readonly [path: string, value: unknown, complaint: string])[] = [
  ['schemaVersion', 2, '/schemaVersion const'],
  ['verdict', undefined, ' required'],
  ['verdict.severity', 'high', '/verdict/severity enum'],
  ['verdict.confidence', 'probably', '/verdict/confidence enum'],
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

test('a metric that no detector declares is refused in our own reports, also in a list', () => {
  assert.deepEqual(strictComplaints(small), []);
  assert.deepEqual(strictComplaints(changed('findings.0.metrics.added', 17)), [
    '/findings/0/metrics added is not declared',
  ]);
  assert.deepEqual(strictComplaints(changed('findings.0.metrics.stalls.0.added', 17)), [
    '/findings/0/metrics/stalls/0 added is not declared',
  ]);
});

for (const { kind, metrics } of detectors) {
  test(`the metrics of ${kind} are a contract`, async () => {
    const [finding] = ofKind(await analyzed(firingExample(kind)), kind);
    assert.ok(finding !== undefined);
    const required = Object.keys(metrics).filter((name) => metrics[name]?.isSometimes !== true);
    assert.deepEqual(schema.$defs[kind]?.required, required);
    for (const name of required) {
      const report = buildReport({ findings: [{ ...finding, metrics: without(finding.metrics, name) }] });
      assert.deepEqual(complaints(report), ['/findings/0/metrics required'], name);
    }
  });

  test(`each metric of ${kind} has a sentence`, () => {
    for (const { path, description } of described(kind, metrics))
      assert.match(description, /^[A-Za-z0-9][^\n]{3,160}\.$/, path);
  });
}

function without(metrics: AnyMetrics, left: string): AnyMetrics {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => name !== left));
}

/** Each metric with what its schema says of it, those inside lists too. */
function described(path: string, shapes: Shapes): { readonly path: string; readonly description: string }[] {
  return Object.entries(shapes).flatMap(([name, { schema: own }]) => inside(`${path}.${name}`, own));
}

function inside(
  path: string,
  { description = '', items, properties = {} }: JsonSchema,
): { readonly path: string; readonly description: string }[] {
  const members = items?.properties ?? properties;
  return [{ path, description }, ...Object.entries(members).flatMap(([name, each]) => inside(`${path}.${name}`, each))];
}
