import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

/** Everything that acts on a terminal or hides in a line. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/u;
/** Keys that lead to every screen, from the first one. */
const WAYS = [
  [],
  ['2'],
  ['3'],
  ['4'],
  ['5'],
  ['enter'],
  ['enter', 'G'],
  ['D'],
  ['D', 'G'],
  ['?'],
  ['e'],
  ['5', 'enter'],
  ['/', 'x'],
  [':'],
];
const SIZES = [
  [80, 24],
  [160, 48],
  [40, 8],
  [59, 15],
  [38, 7],
  [1, 1],
] as const;

for (const text of HOSTILE) {
  test(`no screen lets ${JSON.stringify(text.slice(0, 40))} through, nor loses its shape`, () => {
    const report = poison(nightReport, text);
    for (const [columns, rows] of SIZES) {
      for (const ascii of [false, true]) {
        for (const way of WAYS) {
          const dashboard = new PaperDashboard(report, { columns, rows, ascii });
          dashboard.tell({
            type: 'lines',
            file: dashboard.state.lines.file,
            rows: [
              { line: 1, text },
              { line: 2, text: 'x' },
            ],
            total: 2,
          });
          dashboard.tell({ type: 'message', text });
          dashboard.press(...way);
          dashboard.tell({
            type: 'lines',
            file: dashboard.state.lines.file,
            rows: [
              { line: 1, text },
              { line: 2, text: 'x' },
            ],
            total: 2,
          });
          const { cells } = dashboard;
          assert.equal(cells.length, rows);
          for (const row of cells) {
            assert.equal(row.length, columns, `${way.join(' ')} at ${columns}x${rows}: ${JSON.stringify(row)}`);
            assert.doesNotMatch(row, ascii ? /[^ -~]/ : UNSAFE, `${way.join(' ')} at ${columns}x${rows}`);
          }
        }
      }
    }
  });
}
