import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

describe('raw lines', () => {
  const opened = (): PaperDashboard => new PaperDashboard(nightReport).press('5');

  it('are asked for where the cursor goes, and only when they are not there', () => {
    const dashboard = opened();
    assert.deepEqual(dashboard.lastEffect, { type: 'read-lines', file: 'web-01.strace', first: 1, count: 17 });
    const rows = Array.from({ length: 17 }, (_, index) => ({ line: index + 1, text: `line ${index + 1}` }));
    dashboard.tell({ type: 'lines', file: 'web-01.strace', rows, total: 100_003 });
    const { length } = dashboard.effects;
    dashboard.press('j', 'j');
    assert.equal(dashboard.effects.length, length);
    dashboard.press('pagedown');
    assert.equal(dashboard.effects.length, length + 1);
    dashboard.press('G');
    assert.equal(dashboard.state.lines.cursor, 100_003);
  });

  it('show what was looked for, also where it stands in the middle of a long line', () => {
    const dashboard = opened().press('/').type('needle').press('enter');
    const text = `101 02:13:30.100 write(9, "${'x'.repeat(90)}needle${'y'.repeat(90)}", 186) = 186 <0.000031>`;
    const other = `101 02:13:30.200 write(9, "${'x'.repeat(186)}", 186) = 186 <0.000031>`;
    dashboard.tell({
      type: 'lines',
      file: 'web-01.strace',
      rows: [text, other].map((each, index) => ({ line: index + 1, text: each })),
      total: 2,
    });
    const [first = '', second = ''] = dashboard.screen.split('\n').filter((line) => line.includes('101 02:13'));
    assert.match(first, /1 {3}101 02:13:30\.100 wri\S*\.\.\.needleyyy.*\.\.\.$/);
    assert.ok(first.length <= 80);
    assert.match(second, /\.\.\." = 186|= 186 <0\.000031>$/);
  });

  it('are filtered by a search of the file, and move from match to match', () => {
    const dashboard = opened().press('&').type('EPIPE').press('enter');
    assert.deepEqual(dashboard.lastEffect, { type: 'filter-lines', file: 'web-01.strace', filter: 'EPIPE' });
    dashboard.tell({ type: 'matches', filter: 'EPIPE', matches: [17, 23, 101], ended: true });
    assert.deepEqual(dashboard.lastEffect, { type: 'read-numbers', file: 'web-01.strace', numbers: [17, 23, 101] });
    assert.equal(dashboard.press('n').state.lines.cursor, 23);
    assert.match(dashboard.screen, /filter: EPIPE \(3\) {2}Esc clears/);
    dashboard.press('escape');
    assert.equal(dashboard.state.lines.matches, null);
    dashboard.press('n');
    assert.deepEqual(dashboard.lastEffect, {
      type: 'seek-text',
      file: 'web-01.strace',
      text: 'EPIPE',
      from: 24,
      forward: true,
    });
  });

  it('are searched as in less: the next line with the text, an empty text again, and never a filtered list', () => {
    const seek = (text: string, from: number) => ({
      type: 'seek-text',
      file: 'web-01.strace',
      text,
      from,
      forward: true,
    });
    const dashboard = opened().press('/').type('EPIPE').press('enter');
    assert.deepEqual(dashboard.lastEffect, seek('EPIPE', 2));
    assert.equal(dashboard.state.lines.matches, null);
    dashboard.press('j', '/', 'enter');
    assert.deepEqual(dashboard.lastEffect, seek('EPIPE', 3));
    dashboard.press('&').type('futex').press('enter');
    dashboard.tell({ type: 'matches', filter: 'futex', matches: [17, 23], ended: true });
    dashboard.press('/').type('accept4').press('enter');
    assert.equal(dashboard.state.lines.matches, null);
    assert.deepEqual(dashboard.lastEffect, seek('accept4', dashboard.state.lines.cursor + 1));
    assert.equal(opened().press('/', 'enter').state.lines.busy, '');
  });

  it('drop an answer that nobody waits for any more', () => {
    const dashboard = opened().tell({ type: 'matches', filter: 'old', matches: [1], ended: true });
    assert.equal(dashboard.state.lines.matches, null);
    dashboard.tell({ type: 'lines', file: 'other', rows: [{ line: 1, text: 'x' }], total: 1 });
    assert.deepEqual(dashboard.state.lines.rows, []);
  });
});
