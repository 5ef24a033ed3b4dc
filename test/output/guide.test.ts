import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanation } from '../../src/cli/actions/explain.ts';
import { KINDS } from '../../src/detectors/registry.ts';
import { renderGuide } from '../../src/output/guide.ts';

const PAGE = `# A title

## What you see

Text with \`code\`, **strong** and *weak* words, which goes on in a
second line.

## How it is detected

| Threshold | Meaning |
| --- | --- |
| \`stall-ms\` | a turn of the loop from here on is a stall, and that is a warning |
| \`n\` | short |

## What to do

- First this, which is a long sentence that needs two lines.
- **Then** [that](https://example.org/).

\`\`\`strace fires
101   1795140800.060000 recvfrom(11<socket:[5001]>, "GET /report HTTP/1.1", 8192, 0, NULL, NULL) = 22 <0.040000>
\`\`\`
`;

test('a page on a terminal has headings, wrapped text and tables, and what to do before how it is detected', () => {
  assert.equal(
    renderGuide(PAGE, { width: 60, colour: false, ascii: true }),
    `A title

What you see

  Text with code, strong and weak words, which goes on in a
  second line.

What to do

  - First this, which is a long sentence that needs two
    lines.
  - Then that.

    101 recvfrom(11, "GET /report HTTP/1... = 22 <0.040000>

How it is detected

  Threshold   Meaning

  stall-ms    a turn of the loop from here on is a stall,
              and that is a warning

  n           short
`,
  );
});

test('headings are bold where colours are shown', () => {
  assert.match(renderGuide(PAGE, { width: 60, colour: true, ascii: true }), /^\x1b\[1mA title\x1b\[0m\n/);
});

test('no page is wider than the terminal, loses a word, or shows a mark of Markdown', () => {
  for (const kind of KINDS) {
    const page = explanation(kind);
    for (const width of [60, 80, 200]) {
      const shown = renderGuide(page, { width, colour: false, ascii: true });
      assert.ok(
        shown.split('\n').every(({ length }) => length <= Math.min(width, 100)),
        kind,
      );
      assert.doesNotMatch(shown, /`|\*\*|^#|\| --- |\\u\{/m, kind);
      // Lines of traces are cut, and rows that stand alone need no title.
      const prose = page.replace(/^```[^]*?^```$/gm, '').replace(/^\|.*\n(?=\| ---)/gm, '');
      for (const [word] of prose.matchAll(/(?<![\w`])[a-z]{5,12}(?![\w`])/g)) assert.ok(shown.includes(word), word);
    }
  }
});

test('examples that were recorded for programs are shown as calls', () => {
  const shown = renderGuide(explanation('accept-delay'), { width: 80, colour: false, ascii: true });
  assert.match(shown, /^ {4}TCP 127\.0\.0\.1:33310 -> port 8000: established$/m);
  assert.doesNotMatch(shown, /nr=\d/);
});

test('a table whose columns would be too narrow is written row by row', () => {
  const table =
    '| Name | Default | Meaning | Source |\n| --- | --- | --- | --- |\n| `stall-ms` | 100 | a turn of the loop from here on is a stall | the blocking time of gevent and asyncio |\n';
  assert.equal(
    renderGuide(table, { width: 60, colour: false, ascii: true }),
    `  stall-ms   Default: 100
      Meaning: a turn of the loop from here on is a stall
      Source: the blocking time of gevent and asyncio
`,
  );
});
