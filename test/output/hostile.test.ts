import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { renderJson, renderNdjson } from '../../src/output/json.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { redactReport } from '../../src/output/redact.ts';
import { renderText } from '../../src/output/text.ts';
import { buildFinding, nightReport as small } from '../support/report-builder.ts';

const HOSTILE = [
  '\x1b[2J\x1b[H\x1b[31mCLEAR\x1b[0m',
  '\x1b]52;c;c2VzYW1l\x07 \x1b]0;title\x1b\\ \x1bP+q\x1b\\',
  '\u009b2J\u009d52;c;c2VzYW1l\u009c\u0085\u0090',
  '\x1b[8mhidden\x1b[28m \x0e\x0f\x07\b\x7f\0',
  'real\rFAKE  CRITICAL\n 1  CRITICAL  forged\r\n\t\v\f',
  '\u202etxt.exe\u2066\u2067\u2069\u200e\u200f\u061c',
  'zero\u200bwidth\u200c\u200d\u2060\ufeff\u00ad\u180e',
  'line\u2028separator\u2029',
  '\ud800 lone \udfff surrogates \udc00\ud800',
  'e\u0301\u0337\u20dd Z\u0351\u0343\u034b',
  '\u6f22\u5b57 \uff21 \u{1f600}\u{1f468}\u200d\u{1f469} \u2705\ufe0f',
  '\ue000\uf8ff\u{f0000}\u{e0041}\uffff\ufdd0',
  '` `` ``` ```` ~~~ `````text',
  'a|b\\|c|d\\',
  '</code></td><script>alert(1)</script><img src=x onerror=alert(1)>&lt;&#60;',
  '{red-fg}FAKE OK{/} {bold}{escape}',
  '[click](javascript:alert(1)) ![x](http://e/x.png) <http://e>',
  '# heading\n\n---\n- [x] done\n1. one\n> quote\n    code',
  "=cmd|' /C calc'!A0 @SUM(1) +1 -1",
  '"unclosed \\" quote \\',
  'read(3, "\x1b[2J\\"\u202e|`", 8) = 8',
  'GET /a?\x1b[2J|`<b> HTTP/1.1\r\nCookie: \u009b',
  'x'.repeat(1_009),
  '\x1b'.repeat(307),
  '__proto__',
  '%s%n%x ${HOME} $(id) `id`',
  '',
  ' ',
];

/** Words of the contract: the views look them up, a trace cannot choose them. */
const CONTRACT_KEYS: ReadonlySet<string> = new Set(['kind', 'severity', 'sureness', 'status', 'grade']);

/** The report with that text in place of every string that is not a word of the contract, and as a name where names are free. */
function poison(report: Report, text: string): Report {
  const full = { ...report, findings: [...report.findings, buildFinding({ severity: 'warning' }), buildFinding({ severity: 'info' })] };
  return JSON.parse(JSON.stringify(full), (key, value: unknown) => {
    if (key === 'errors') return { [text]: 17, EPIPE: 23 };
    if (key === 'metrics') return { ...(value as object), [text]: text };
    return typeof value === 'string' && !CONTRACT_KEYS.has(key) ? text : value;
  }) as Report;
}

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
}

/** Fences pair up, the table has its cells, and outside of code there is no HTML and no line that begins a block of its own. */
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
      /^(?:$|# drover: |## \d+\. |\| |- (?:Trace|Time range|Data): |- \[ \] |\*\*|Not shown |Capture again: |Recorded as |\+\d|[^#|>`~=*+\s-])/,
      line,
    );
  }
  assert.equal(fence, '');
  assert.equal(rows, findings + 2);
}
