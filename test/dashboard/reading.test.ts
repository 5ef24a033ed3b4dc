import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { initialState } from '../../src/dashboard/state.ts';
import { buildActivity, buildLane } from '../support/activity-builder.ts';
import { buildReport, nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

describe('the screen', () => {
  it('stands still while it is frozen, says for how long, and goes on where the reading is', () => {
    const dashboard = new PaperDashboard(nightReport).at(1_000).press('space');
    dashboard.tell({ type: 'picture', report: buildReport(), activity: null }).at(13_000);
    assert.match(dashboard.screen, /PAUSED 12 s/);
    assert.match(dashboard.screen, /Worker 4127 does not yield/);
    assert.match(dashboard.press('space').screen, /No herd, no turn of 100 ms/);
  });

  it('shows times as UTC, local, and since the start', () => {
    const dashboard = new PaperDashboard(nightReport);
    assert.match(dashboard.screen, /WHEN \(UTC\)/);
    dashboard.press('T', 'T');
    assert.match(dashboard.screen, /SINCE START/);
    assert.match(dashboard.screen, /\+8\.802 s to \+11\.212 s since start/);
  });

  it('shows times that count from the first event, also when the report begins later', () => {
    const report = { ...nightReport, window: { ...nightReport.window, startTime: '2026-11-20T02:13:35.000000Z' } };
    const dashboard = new PaperDashboard(report, { activity: buildActivity([buildLane(4127, 582, {})], 100) });
    assert.match(dashboard.screen, /02:13:37\.902 to 02:13:40\.312 UTC/);
  });

  it('says the size it needs below 40x8, where q still leaves', () => {
    const dashboard = new PaperDashboard(nightReport, { columns: 38, rows: 7 });
    assert.match(dashboard.screen, /Terminal is 38x7, needs 40x8\./);
    dashboard.press('j', 'enter');
    assert.equal(dashboard.state.screens.length, 1);
    assert.deepEqual(dashboard.press('q').lastEffect, { type: 'leave', forced: false });
    assert.match(dashboard.tell({ type: 'resize', columns: 80, rows: 24 }).screen, /^▸ 1/m);
  });

  it('uses the room of a large terminal for what was looked at while nothing is found', () => {
    const dashboard = new PaperDashboard(buildReport(), { columns: 160, rows: 48 });
    const lines = dashboard.screen.split('\n');
    const from = lines.findIndex((line) => line.includes('CHECKS'));
    assert.match(lines.slice(from).join('\n'), /^ clear {7}loop-stall: /m);
    assert.doesNotMatch(new PaperDashboard(nightReport, { columns: 160, rows: 48 }).screen, /CHECKS/);
  });

  it('gives no answer of a check before the file has been read', () => {
    const reading = { bytesRead: 17, sizeBytes: 101, lines: 7, problem: '', hint: '' };
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 160, rows: 48 },
    ]) {
      const dashboard = new PaperDashboard(buildReport(), size);
      dashboard.tell({ type: 'reading', reading: { ...reading, state: 'reading' } });
      assert.match(dashboard.screen, /The checks have their answers when the file has been read\./);
      assert.doesNotMatch(dashboard.screen, /^ clear/m);
      dashboard.tell({ type: 'reading', reading: { ...reading, state: 'done' } });
      assert.match(dashboard.screen, /^ clear {7}loop-stall: /m);
    }
  });

  it('says how far the reading is and what was found so far; Esc stops it', () => {
    const dashboard = new PaperDashboard(null);
    dashboard.tell({
      type: 'reading',
      reading: {
        bytesRead: 263_500_000,
        sizeBytes: 612_000_000,
        lines: 1_923_456,
        state: 'reading',
        problem: '',
        hint: '',
      },
    });
    assert.match(dashboard.screen, /Reading 43% \(263 of 612 MB, 1\.9 M lines\) +Esc = stop/);
    assert.match(dashboard.screen, /Too early to say\./);
    dashboard.tell({ type: 'picture', report: nightReport, activity: null });
    assert.match(dashboard.screen, /So far: .*Worker 4127 does not yield/);
    dashboard.tell({ type: 'picture', report: buildReport(), activity: null });
    assert.match(dashboard.screen, /^ READING {2}Nothing found so far\.$/m);
    assert.doesNotMatch(dashboard.screen, /NO FINDING/);
    dashboard.press('escape');
    assert.deepEqual(dashboard.lastEffect, { type: 'stop-reading' });
    dashboard.tell({ type: 'reading', reading: { ...dashboard.state.reading, state: 'stopped' } });
    assert.match(dashboard.screen, /STOPPED: 1\.9 M lines read/);
  });

  it('says that it follows a file that grows, of which the end is not known', () => {
    const dashboard = new PaperDashboard(null);
    const reading = { ...dashboard.state.reading, bytesRead: 1_700_000, sizeBytes: 1_700_000, lines: 12_700 };
    dashboard.tell({ type: 'reading', reading });
    assert.match(dashboard.screen, /Reading 100% \(1 of 1 MB, 12 k lines\) +Esc = stop/);
    dashboard.state = { ...dashboard.state, follows: true };
    assert.match(dashboard.screen, /Following \(12 k lines\) +Esc = stop/);
  });

  it('keeps what was read when the analysis ends before its time', () => {
    const dashboard = new PaperDashboard(nightReport);
    dashboard.tell({
      type: 'reading',
      reading: {
        ...dashboard.state.reading,
        state: 'failed',
        problem: 'The analysis needed more than 3 MB of memory and was ended.',
        hint: '',
      },
    });
    assert.match(dashboard.screen, /PARTIAL {2}The analysis needed more than 3 MB/);
    assert.match(dashboard.screen, /^▸ 1 CRITICAL/m);
  });

  it('keeps its selection when a new report puts another finding first', () => {
    const dashboard = new PaperDashboard(nightReport).press('j');
    const [first, second] = nightReport.findings;
    assert.ok(first && second);
    dashboard.tell({
      type: 'picture',
      report: {
        ...nightReport,
        findings: [
          { ...second, id: 'x-1' },
          { ...first, id: 'y-1' },
        ],
      },
      activity: null,
    });
    assert.match(dashboard.screen, /^▸ 2? ?1? .*37 replies/m);
  });

  it('shows pasted text only where text is typed', () => {
    const dashboard = new PaperDashboard(nightReport).tell({ type: 'paste', text: 'qqq' });
    assert.deepEqual(dashboard.effects, []);
    dashboard.press('/').tell({ type: 'paste', text: 'epipe' }).press('enter');
    assert.equal(dashboard.state.prompt, null);
  });

  it('begins with nothing selected that is not there', () => {
    const state = initialState({
      columns: 80,
      rows: 24,
      glyphs: new PaperDashboard(null).state.glyphs,
      source: 'file',
      files: [],
      mouse: false,
    });
    assert.equal(state.screens.length, 1);
  });
});
