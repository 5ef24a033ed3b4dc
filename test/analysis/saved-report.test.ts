import assert from 'node:assert/strict';
import test from 'node:test';
import { readSavedReport } from '../../src/analysis/saved-report.ts';
import { renderJson } from '../../src/output/json.ts';
import { Random } from '../fuzz/random.ts';
import { buildFinding, nightReport } from '../support/report-builder.ts';
import { comparedOf } from './changed-reports.ts';

test('a report that --json printed is read, also on one line or behind a byte order mark', () => {
  const printed = renderJson(nightReport);
  for (const text of [printed, JSON.stringify(JSON.parse(printed)), `\ufeff${printed}`]) {
    const read = readSavedReport(text);
    assert.equal(read.kind, 'report');
    assert.deepEqual(read.kind === 'report' && read.report.findings, JSON.parse(printed).findings);
  }
});

test('a finding of a report without members and effects is a cause of its own', () => {
  const { members: _, memberOf: __, effects: ___, effectOf: ____, ...old } = buildFinding();
  const read = readSavedReport(JSON.stringify({ ...nightReport, findings: [old] }));
  assert.ok(read.kind === 'report');
  assert.deepEqual([read.report.findings[0]?.members, read.report.findings[0]?.effectOf], [[], null]);
});

test('what is wrong with a saved report is said; whatever else it is, it is left to the readers of captures', () => {
  const printed = renderJson(nightReport);
  const reason = (text: string): string => {
    const read = readSavedReport(text);
    return read.kind === 'broken' ? read.reason : read.kind;
  };
  assert.match(reason(printed.slice(0, -40)), /^it ends too early/);
  assert.match(reason(printed.replace('"schemaVersion": 1', '"schemaVersion": 2')), /drover knows 1$/);
  assert.match(
    reason(JSON.stringify({ ...nightReport, findings: undefined, window: null })),
    /^its window, findings is missing/,
  );
  assert.match(
    reason(JSON.stringify({ ...nightReport, findings: [{ kind: 7 }] })),
    /^its findings is missing, or is not as drover writes it/,
  );
  for (const text of ['', '{', '[]', '4711 close(3) = 0\n', '{"type": "attached_probes"}'])
    assert.equal(reason(text), 'other');
});

test('a report that somebody changed is told as broken or compared: nothing throws', () => {
  const read = comparedOf(499, new Random(53));
  assert.ok(read > 50, `${read}`);
});
