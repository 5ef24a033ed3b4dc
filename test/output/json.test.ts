import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderJson, renderNdjson } from '../../src/output/json.ts';
import { redactReport } from '../../src/output/redact.ts';
import { buildEvidence, buildFinding, buildReport } from '../support/report-builder.ts';

const text = 'write(2, "a\u009b2J\u2028\u202e\u{1f600}\u{e0041}\ud800 \x1b[2J é 漢", 23) = 23';
const report = buildReport({
  findings: [buildFinding({ evidence: [buildEvidence({ text })] }), buildFinding({ id: 'loop-stall-2' })],
});

test('one document, two blanks a level, with a line break at its end', () => {
  const json = renderJson(report);
  assert.ok(json.startsWith('{\n  "schemaVersion": 1,\n  "tool": {\n    "name": "drover",'));
  assert.ok(json.endsWith('\n}\n'));
});

test('parsing gives the true text back, although the file may be shown on a terminal', () => {
  const json = renderJson(report, { withPayload: true });
  assert.deepEqual(JSON.parse(json), report);
  assert.ok(json.includes('a\\u009b2J\\u2028\\u202e\u{1f600}\\udb40\\udc41\\ud800 \\u001b[2J é 漢'));
});

test('payload stays out unless asked for', () => {
  assert.deepEqual(JSON.parse(renderJson(report)), redactReport(report));
  assert.ok(!renderJson(report).includes('2J'));
  assert.ok(!renderNdjson(report).includes('2J'));
});

test('NDJSON has a line a finding, each with the capture that it is from', () => {
  const lines = renderNdjson(report, { withPayload: true }).split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines.map((line): unknown => JSON.parse(line)),
    report.findings.map((finding) => ({
      schemaVersion: 1,
      file: 'web-01.strace',
      paths: ['web-01.strace'],
      window: report.window,
      ...finding,
    })),
  );
});

test('NDJSON of a report without findings is empty', () => {
  assert.equal(renderNdjson(buildReport()), '');
});

test('no character that hides, joins or fills reaches a terminal as it is, and parsing gives it back', () => {
  const hidden = `a${'\u0301'.repeat(60)}\ufe0f\u3164\u115f\u034f\u00ad\u00a0\u3000\u2800\uffa0\u{e0100}z`;
  const report = buildReport({ findings: [buildFinding({ title: hidden })] });
  for (const json of [renderJson(report, { withPayload: true }), renderNdjson(report, { withPayload: true })]) {
    assert.match(json, /^[\n -~]*$/);
    assert.match(json, /\\u0301\\ufe0f\\u3164\\u115f\\u034f/);
  }
  assert.equal(JSON.parse(renderNdjson(report, { withPayload: true })).title, hidden);
  // Letters that show themselves stay readable.
  assert.match(
    renderJson(buildReport({ findings: [buildFinding({ title: 'café 子 ж' })] }), { withPayload: true }),
    /café 子 ж/,
  );
});
