import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

describe('taking along', () => {
  it('copies the selected finding as Markdown without payload', () => {
    const { lastEffect } = new PaperDashboard(nightReport).press('y');
    assert.ok(lastEffect?.type === 'copy');
    assert.equal(lastEffect.name, 'drover-loop-stall-1.md');
    assert.match(lastEffect.text, /Loop of worker 4127 blocked in fsync/);
    assert.doesNotMatch(lastEffect.text, /sesame|37 replies/);
  });

  it('copies lines around the selected one without payload', () => {
    const dashboard = new PaperDashboard(nightReport).press('enter', 'enter');
    const rows = [811_989, 811_990, 811_991].map((line) => ({
      line,
      text: `4127 1.0 read(5, "cookie=sesame", 9) = ${line}`,
    }));
    dashboard.tell({ type: 'lines', file: 'web-01.strace', rows, total: null }).press('y');
    const { lastEffect } = dashboard;
    assert.ok(lastEffect?.type === 'copy');
    assert.match(lastEffect.text, /811990/);
    assert.match(lastEffect.text, /811991/);
    assert.doesNotMatch(lastEffect.text, /sesame/);
  });

  for (const [key, name, pattern] of [
    ['m', 'drover-report.md', /^# drover: CRITICAL/],
    ['t', 'drover-report.txt', /^FILE {8}web-01\.strace/],
    ['h', 'drover-report.html', /^<!doctype html>/],
    ['j', 'drover-report.json', /^\{\n {2}"schemaVersion": 1/],
    ['n', 'drover-findings.ndjson', /^\{"schemaVersion":1/],
  ] as const) {
    it(`exports ${name}, without payload`, () => {
      const { lastEffect, state } = new PaperDashboard(nightReport).press('e', key);
      assert.ok(lastEffect?.type === 'write');
      assert.equal(lastEffect.name, name);
      assert.match(lastEffect.text, pattern);
      assert.doesNotMatch(lastEffect.text, /sesame/);
      assert.equal(state.screens.length, 1, 'the menu is closed');
    });
  }

  it('puts bookmarks and their notes into the export, and walks through them', () => {
    const dashboard = new PaperDashboard(nightReport)
      .press('b')
      .type('look at q')
      .press('enter', 'j', 'b', 'enter', 'e', 'm');
    assert.ok(dashboard.lastEffect?.type === 'write');
    assert.match(
      dashboard.lastEffect.text,
      /## Bookmarks\n\n- loop-stall-1: look at q\. Loop of worker 4127.*\n- broken-pipe-1: 37 replies/,
    );
    dashboard.press("'");
    assert.match(dashboard.screen, /FINDING 1 of 2/);
    assert.equal(dashboard.state.message, 'look at q');
    dashboard.press('q', "'");
    assert.match(dashboard.screen, /FINDING 2 of 2/);
  });

  it('prints the screen as it is for the mouse', () => {
    const dashboard = new PaperDashboard(nightReport);
    const { screen } = dashboard;
    dashboard.press('L');
    assert.ok(dashboard.lastEffect?.type === 'print');
    assert.equal(dashboard.lastEffect.rows.join('\n'), screen);
  });
});
