import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderHtml } from '../../src/output/html/html.ts';
import { renderJson, renderNdjson } from '../../src/output/json.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { redactReport } from '../../src/output/redact.ts';
import { renderText } from '../../src/output/text.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { complaintsOfPage } from '../support/page-checks.ts';
import { nightReport as small } from '../support/report-builder.ts';

/** Everything that acts on a terminal or hides in a line, except the line break. */
const UNSAFE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u;
const OWN_COLOURS = /\x1b\[(?:1|36|1;33|1;37;41)m([^\x1b]*)\x1b\[0m/g;

for (const text of HOSTILE) {
  const name = JSON.stringify(text.slice(0, 40));
  const report = poison(small, text);

  test(`text stays harmless with ${name} in every field`, () => {
    for (const withPayload of [false, true]) {
      for (const [width, ascii, verbose] of [
        [60, false, 0],
        [80, true, 1],
        [120, false, 2],
      ] as const) {
        const bare = renderText(report, { width, ascii, verbose, colour: false, withPayload });
        assert.doesNotMatch(bare, UNSAFE);
        if (ascii) assert.match(bare, /^[\n -~]*$/);
        assert.equal(Buffer.from(bare).toString(), bare);
        const coloured = renderText(report, { width, ascii, verbose, colour: true, withPayload });
        assert.equal(coloured.replace(OWN_COLOURS, '$1'), bare);
        // A command is not broken, so that it can be copied.
        const long = bare.split('\n').filter((line) => line.length > width && !/^ {15}/.test(line));
        assert.deepEqual(long, []);
      }
    }
  });

  test(`JSON gives ${name} back and is harmless to print`, () => {
    const json = renderJson(report, { withPayload: true });
    assert.doesNotMatch(json, UNSAFE);
    assert.deepEqual(JSON.parse(json), report);
    assert.deepEqual(JSON.parse(renderJson(report)), redactReport(report));
    const lines = renderNdjson(report, { withPayload: true });
    assert.doesNotMatch(lines, UNSAFE);
    assert.equal(lines.split('\n').length - 1, report.findings.length);
  });

  test(`Markdown keeps its shape with ${name} in every field`, () => {
    for (const withPayload of [false, true]) {
      const note = renderMarkdown(report, { withPayload });
      assert.doesNotMatch(note, UNSAFE);
      assertShape(note, report.findings.length);
    }
  });

  test(`a page keeps its shape with ${name} in every field`, () => {
    const timeline = {
      startMs: 0,
      columnMs: 582,
      columns: 100,
      isOnOneClock: true,
      rows: [{ pid: 4127, host: text, states: text }],
    };
    for (const withPayload of [false, true]) {
      assert.deepEqual(complaintsOfPage(renderHtml(report, { withPayload })), []);
      assert.deepEqual(complaintsOfPage(renderHtml({ ...report, timeline }, { withPayload })), []);
    }
  });
}

/**
 * Fences pair up, the table has its cells, and outside of code there is no HTML and no line that begins a block of its
 * own.
 */
function assertShape(note: string, findings: number): void {
  let fence = '';
  let rows = 0;
  for (const line of note.split('\n')) {
    const mark = /^`{3,}/.exec(line)?.[0] ?? '';
    if (fence !== '') {
      if (line === fence) fence = '';
      else assert.ok(mark.length < fence.length, line);
      continue;
    }
    if (mark !== '') {
      assert.equal(line, `${mark}text`);
      fence = mark;
      continue;
    }
    if (line.startsWith('|')) {
      rows++;
      assert.equal(line.replace(/\\./g, '').split('|').length, 8, line);
    }
    const bare = line.replace(/\\./g, '').replace(/(`+)(?!`)(.*?[^`])\1(?!`)/g, '');
    assert.doesNotMatch(bare, /[<>]|!\[|\]\(/, line);
    assert.match(
      line,
      /^(?:$|# drover: |## \d+\. |\| |- (?:Trace|Time range|Data): |- \[ \] |\*\*|Not shown |Capture again: |Recorded as |\+\d|`{1,2}[^`]|[^#|>`~=*+\s-])/,
      line,
    );
  }
  assert.equal(fence, '');
  assert.equal(rows, findings + 2);
}
