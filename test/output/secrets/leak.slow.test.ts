import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../../src/analysis/report.ts';
import { renderHtml } from '../../../src/output/html/html.ts';
import { renderJson, renderNdjson } from '../../../src/output/json.ts';
import { renderMarkdown } from '../../../src/output/markdown.ts';
import { renderText } from '../../../src/output/text.ts';
import { PaperDashboard } from '../../support/screens.ts';
import { reportWith } from './captures.ts';
import { FORMS, type Form, SECRETS, UNKNOWN_KEYS } from './forms.ts';

/** Everything that leaves drover about a report: each way to print it, and what the dashboard copies and writes. */
function outputs(report: Report, withPayload: boolean): Readonly<Record<string, string>> {
  const look = { colour: false, ascii: false, withPayload };
  const printed = {
    text: renderText(report, { ...look, width: 160, verbose: 0 }),
    '-vv': renderText(report, { ...look, width: 160, verbose: 2 }),
    json: renderJson(report, { withPayload }),
    ndjson: renderNdjson(report, { withPayload }),
    md: renderMarkdown(report, { withPayload }),
    html: renderHtml(report, { withPayload }),
  };
  return withPayload ? printed : { ...printed, ...taken(report) };
}

/** Copies and exports of the dashboard, with each finding and each line of evidence as a bookmark. */
function taken(report: Report): Readonly<Record<string, string>> {
  const dashboard = new PaperDashboard(report);
  const kept: Record<string, string> = {};
  const take = (name: string): void => {
    const { lastEffect } = dashboard;
    if (lastEffect?.type === 'copy' || lastEffect?.type === 'write')
      kept[name] = `${lastEffect.name}\n${lastEffect.text}`;
  };
  dashboard.press('y');
  take('copy of the finding');
  dashboard.press('b', 'enter');
  const lines = [
    ...report.findings.flatMap(({ evidence }) => evidence),
    ...report.quality.diagnostics.flatMap(({ samples }) => samples),
  ];
  if (lines.length > 0 && report.findings.length > 0) {
    dashboard.press('enter', 'enter');
    const first = report.findings[0]?.evidence[0]?.line ?? 1;
    const rows = lines.slice(0, 5).map(({ text }, index) => ({ line: first + index, text }));
    dashboard.tell({ type: 'lines', file: 'trace', rows, total: null }).press('y');
    take('copy of lines');
    dashboard.press('b', 'enter', 'q', 'q');
  }
  for (const key of ['m', 't', 'j', 'n', 'h']) {
    dashboard.press('e', key);
    take(`export ${key}`);
  }
  return kept;
}

function places(texts: Readonly<Record<string, string>>, words: readonly string[]): readonly string[] {
  return Object.entries(texts).flatMap(([name, text]) => {
    const lines = text.split('\n').filter((line) => words.some((word) => line.includes(word)));
    return lines.slice(0, 1).map((line) => `${name}: ${line.trim().slice(0, 300)}`);
  });
}

async function check(form: Form, secret: string): Promise<void> {
  const report = await reportWith(form, secret);
  // As it is, as the capture spells it, and as JSON spells that.
  const raw = form.encoded?.(secret) ?? secret;
  const words = [secret, raw, JSON.stringify(raw).slice(1, -1)];
  assert.notDeepEqual(
    places(outputs(report, true), words),
    [],
    'the secret never got as far as a report: the form tests nothing',
  );
  assert.deepEqual(places(outputs(report, false), words), []);
}

it('a key that drover does not know is in no view, whatever it holds', async () => {
  for (const write of UNKNOWN_KEYS)
    for (const secret of SECRETS) {
      const report = await reportWith({ name: 'unknown', carrier: 'printed', with: write }, secret);
      assert.ok(report.findings.length > 0);
      assert.deepEqual(places(outputs(report, true), [secret]), []);
    }
});

it('at least 500 forms are tried', () => {
  assert.ok(FORMS.length * SECRETS.length >= 500, String(FORMS.length * SECRETS.length));
  assert.equal(new Set(FORMS.map(({ name, carrier }) => `${carrier} ${name}`)).size, FORMS.length);
});

for (const carrier of ['call', 'request', 'query', 'foreign', 'perf', 'printed'] as const) {
  describe(`a secret in a ${carrier} reaches no output unless it is asked for`, () => {
    for (const form of FORMS.filter((own) => own.carrier === carrier))
      it(form.name, async () => {
        for (const secret of SECRETS) await check(form, secret);
      });
  });
}
