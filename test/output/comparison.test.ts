import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { compareReports } from '../../src/comparison/compare.ts';
import { renderComparisonMarkdown } from '../../src/output/comparison/markdown.ts';
import { comparisonLine, renderComparison } from '../../src/output/comparison/text.ts';
import { renderComparisonJson } from '../../src/output/json.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { buildReport, nightReport } from '../support/report-builder.ts';
import { complaintsBy } from '../support/strict-schema.ts';

const schema = createRequire(import.meta.url)('drover/comparison.schema.json') as object;
const plain = { width: 100, ascii: false, colour: false };
const UNSAFE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u;
const OWN_COLOURS = /\x1b\[(?:1|36|1;33|1;37;41)m([^\x1b]*)\x1b\[0m/g;
const comparison = compareReports(nightReport, buildReport());

test('the text leads with both captures and the verdict, then tells each cause on both sides', () => {
  const lines = renderComparison(comparison, plain).split('\n');
  assert.match(lines[0] ?? '', /^BEFORE {6}web-01\.strace {3}gunicorn, \d workers {3}58\.20 s/);
  assert.ok(lines.some((line) => /^AFTER {7}web-01\.strace/.test(line)));
  assert.ok(lines.some((line) => line.includes(comparison.verdict.text.slice(0, 60))));
  for (const { title } of comparison.causes)
    assert.ok(
      lines.some((line) => line.includes(title.slice(0, 50))),
      title,
    );
  assert.match(comparisonLine(comparison, plain), /^[A-Z?]+ {2}\S.*\n$/);
});

test('Markdown has one row for each cause', () => {
  const rows = renderComparisonMarkdown(comparison).match(/^\| (?:WORSE|NEW|UNCLEAR|BETTER|GONE|SAME)\??/gm) ?? [];
  assert.equal(rows.length, comparison.causes.length);
  assert.ok(rows.length > 0);
});

test('JSON is as the published schema says, and every name that is printed is in the schema', () => {
  for (const each of [
    comparison,
    compareReports(buildReport(), nightReport),
    compareReports(buildReport(), buildReport()),
  ])
    assert.deepEqual(complaintsBy(schema, JSON.parse(renderComparisonJson(each))), []);
  const { verdict: _, ...broken } = comparison;
  assert.deepEqual(complaintsBy(schema, broken), [' required']);
});

for (const text of HOSTILE) {
  const hostile = compareReports(poison(nightReport, text), poison(buildReport(), text));

  test(`every view of a comparison stays harmless with ${JSON.stringify(text.slice(0, 40))} in every field`, () => {
    for (const ascii of [false, true]) {
      const bare = renderComparison(hostile, { ...plain, width: 70, ascii });
      assert.doesNotMatch(bare, UNSAFE);
      assert.deepEqual(
        bare.split('\n').filter((line) => line.length > 70),
        [],
      );
      const coloured = renderComparison(hostile, { ...plain, width: 70, ascii, colour: true });
      assert.equal(coloured.replace(OWN_COLOURS, '$1'), bare);
    }
    assert.doesNotMatch(renderComparisonJson(hostile), UNSAFE);
    const markdown = renderComparisonMarkdown(hostile);
    assert.doesNotMatch(markdown, UNSAFE);
    assert.doesNotMatch(markdown.replace(/`[^`\n]*`/g, ''), /<script|<img|\]\(/);
  });
}
