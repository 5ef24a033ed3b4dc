import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BlessedPainter } from '../../src/dashboard/terminal/blessed-painter.ts';
import type { Theme } from '../../src/dashboard/terminal/theme.ts';
import { drawScreen } from '../../src/dashboard/views/screen.ts';
import { HeadlessTerminal } from '../support/headless-terminal.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

async function painted(dashboard: PaperDashboard, theme: Theme = 'dark') {
  const { columns, rows } = dashboard.state;
  const terminal = new HeadlessTerminal(columns, rows);
  const painter = await BlessedPainter.create({ columns, rows, theme, write: terminal.write });
  painter.draw(drawScreen(dashboard.state));
  await terminal.settled();
  return { terminal, painter };
}

describe('the painter', () => {
  for (const [columns, rows] of [
    [80, 24],
    [160, 48],
    [40, 8],
  ] as const) {
    it(`puts on the terminal what the views drew, at ${columns}x${rows}`, async () => {
      const dashboard = new PaperDashboard(nightReport, { columns, rows });
      const { terminal, painter } = await painted(dashboard);
      assert.equal(terminal.screen, dashboard.screen);
      assert.ok(terminal.isAlternate);
      painter.destroy();
    });
  }

  it('follows keys and changes of size, down to nothing and back', async () => {
    const dashboard = new PaperDashboard(nightReport);
    const { terminal, painter } = await painted(dashboard);
    dashboard.press('j');
    painter.draw(drawScreen(dashboard.state));
    await terminal.settled();
    assert.equal(terminal.screen, dashboard.screen);
    for (const [columns, rows] of [
      [160, 48],
      [40, 10],
      [20, 5],
      [3, 2],
      [1, 1],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows);
      dashboard.tell({ type: 'resize', columns, rows });
      painter.resize(columns, rows);
      painter.draw(drawScreen(dashboard.state));
      await terminal.settled();
      assert.equal(terminal.screen, dashboard.screen, `${columns}x${rows}`);
    }
    painter.destroy();
  });

  it('sends only what changed', async () => {
    const dashboard = new PaperDashboard(nightReport);
    const { terminal, painter } = await painted(dashboard);
    const before = terminal.written.length;
    painter.draw(drawScreen(dashboard.state));
    assert.equal(terminal.written.length, before);
    dashboard.tell({ type: 'message', text: 'seven' });
    painter.draw(drawScreen(dashboard.state));
    await terminal.settled();
    const sent = terminal.written.length - before;
    assert.ok(sent > 0 && sent < 200, `${sent} bytes for one word`);
    painter.destroy();
  });

  it('shows severity as a word in colour, and the selection in reverse', async () => {
    const { terminal, painter } = await painted(new PaperDashboard(nightReport));
    const row = terminal.screen.split('\n').findIndex((line) => line.startsWith(' CRITICAL'));
    assert.deepEqual(terminal.cell(1, row), {
      text: 'C',
      foreground: 7,
      background: 1,
      isBold: true,
      isInverse: false,
    });
    const chosen = terminal.screen.split('\n').findIndex((line) => line.startsWith('▸'));
    assert.ok(terminal.cell(10, chosen).isInverse);
    assert.ok(!terminal.cell(10, chosen + 1).isInverse);
    painter.destroy();
  });

  it('uses no colour at all in mono, and still marks the selection', async () => {
    const { terminal, painter } = await painted(new PaperDashboard(nightReport), 'mono');
    let inverse = 0;
    for (let row = 0; row < 24; row++) {
      for (let column = 0; column < 80; column++) {
        const { foreground, background, isInverse } = terminal.cell(column, row);
        assert.deepEqual([foreground, background], [-1, -1], `${column},${row}`);
        if (isInverse) inverse++;
      }
    }
    assert.ok(inverse >= 80);
    painter.destroy();
  });

  it('gives the normal screen back', async () => {
    const { terminal, painter } = await painted(new PaperDashboard(nightReport));
    painter.destroy();
    await terminal.settled();
    assert.ok(!terminal.isAlternate);
    assert.equal(terminal.screen.trim(), '');
  });

  it('sends no sequence but its own, whatever the trace holds', async () => {
    const { terminal, painter } = await painted(new PaperDashboard(nightReport));
    const own = sequences(terminal.written);
    painter.destroy();
    for (const text of HOSTILE) {
      const poisoned = poison(nightReport, text);
      // One painter for all screens, since it reads all that is known of the terminal first.
      const { terminal: other, painter: second } = await painted(new PaperDashboard(poisoned));
      for (const key of ['enter', '2', '4', 'D'])
        second.draw(drawScreen(new PaperDashboard(poisoned).press(key).state));
      await other.settled();
      second.destroy();
      assert.doesNotMatch(other.written, /[\u0080-\u009f]|\x1b[\]PX^_]/, JSON.stringify(text));
      for (const sequence of sequences(other.written))
        assert.ok(
          own.has(sequence) ||
            /^\x1b\[(?:[\d;]*[mHABCDGdKX]|\?1049[hl]|\?25[hl]|\?1[hl]|\?12[hl])$/.test(sequence) ||
            /^\x1b[=>78(]/.test(sequence),
          `${JSON.stringify(sequence)} for ${JSON.stringify(text)}`,
        );
    }
  });
});

function sequences(written: string): Set<string> {
  return new Set(written.match(/\x1b(?:\[[?\d;]*[@-~]|[^[])/g) ?? []);
}
