import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionOf, bindings } from '../../src/tui/keys.ts';
import { initialState, type ScreenKind } from '../../src/tui/state.ts';
import { buildActivity, buildLane } from '../support/activity-builder.ts';
import { buildFinding, buildReport, buildWorker, nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

const SCREENS: readonly ScreenKind[] = ['triage', 'workers', 'timeline', 'calls', 'lines', 'finding', 'line', 'quality', 'help', 'export'];

describe('the table of keys', () => {
  for (const source of ['file', 'live'] as const) {
    for (const screen of SCREENS) {
      it(`has no key twice for ${screen} of a ${source}, and ends with how to leave`, () => {
        const keys = bindings(screen, source).flatMap((binding) => binding.keys);
        assert.deepEqual(
          keys.filter((key, index) => keys.indexOf(key) !== index),
          [],
        );
        assert.equal(bindings(screen, source).at(-1)?.action, 'back');
        assert.equal(actionOf('q', screen, source), 'back');
        assert.equal(actionOf('?', screen, source), 'help');
      });
    }
  }

  it('is what the footer and the help show', () => {
    const dashboard = new PaperDashboard(nightReport, { columns: 160, rows: 60 });
    for (const { shown, word } of bindings('triage', 'file'))
      if (word !== '' && word !== 'quit') assert.ok(dashboard.screen.includes(word), `${shown} ${word}`);
    const { screen } = dashboard.press('?');
    for (const { shown, says } of bindings('triage', 'file'))
      if (says !== '') assert.ok(screen.includes(shown) && screen.includes(says.slice(0, 30)), says);
  });
});

describe('moving', () => {
  it('selects findings and stops at both ends', () => {
    const dashboard = new PaperDashboard(nightReport);
    assert.match(dashboard.press('k').screen, /^▸ 1/m);
    assert.match(dashboard.press('j').screen, /^▸ 2/m);
    assert.match(dashboard.press('j', 'down').screen, /^▸ 2/m);
    assert.match(dashboard.press('g').screen, /^▸ 1/m);
    assert.match(dashboard.press('G').screen, /^▸ 2/m);
  });

  it('goes from level to level and back, and at the top leaves', () => {
    const dashboard = new PaperDashboard(nightReport).press('enter', 'enter');
    assert.deepEqual(
      dashboard.state.screens.map(({ kind }) => kind),
      ['triage', 'finding', 'lines'],
    );
    dashboard.press('q', 'q');
    assert.equal(dashboard.state.screens.length, 1);
    dashboard.press('q');
    assert.deepEqual(dashboard.lastEffect, { type: 'leave', forced: false });
  });

  it('never leaves with Esc, always with Ctrl-C', () => {
    const dashboard = new PaperDashboard(nightReport).press('escape', 'escape');
    assert.deepEqual(dashboard.effects, []);
    dashboard.press('/', 'C-c');
    assert.deepEqual(dashboard.lastEffect, { type: 'leave', forced: true });
  });

  it('reaches every view by its number and by Tab', () => {
    const dashboard = new PaperDashboard(nightReport);
    for (const [key, kind] of [
      ['2', 'workers'],
      ['3', 'timeline'],
      ['4', 'calls'],
      ['5', 'lines'],
      ['1', 'triage'],
    ] as const)
      assert.equal(dashboard.press(key).state.screens.at(-1)?.kind, kind);
    const seen = ['tab', 'tab', 'tab', 'tab', 'tab', 'backtab'].map((key) => dashboard.press(key).state.screens.at(-1)?.kind);
    assert.deepEqual(seen, ['workers', 'timeline', 'calls', 'lines', 'triage', 'lines']);
  });

  it('goes to the neighbouring finding from its page and from its lines', () => {
    const dashboard = new PaperDashboard(nightReport).press('enter', ')');
    assert.match(dashboard.screen, /FINDING 2 of 2/);
    assert.match(dashboard.press('(').screen, /FINDING 1 of 2/);
    dashboard.press('enter', ')');
    assert.equal(dashboard.state.message, '37 replies met EPIPE: the client had left');
    assert.equal(dashboard.state.lines.cursor, 812_004);
  });
});

describe('lists', () => {
  it('are filtered while one types, say so, and show all again after Esc', () => {
    const dashboard = new PaperDashboard(nightReport).press('/').type('epipe');
    assert.match(dashboard.screen, /filter: epipe \(1 of 2\) {2}Esc clears/);
    assert.match(dashboard.screen, /^▸ 2/m);
    dashboard.press('enter', 'escape');
    assert.match(dashboard.screen, /1 of 2, by severity/);
  });

  it('say when nothing passes the filter', () => {
    assert.match(new PaperDashboard(nightReport).press('/').type('zebra').screen, /No finding has that text\. Esc clears the filter\./);
  });

  it('are sorted by the next column, and the other way round', () => {
    const late = buildFinding({ id: 'loop-stall-2', title: 'later', startMs: 9_000 });
    const report = buildReport({ findings: [late, buildFinding({ title: 'earlier', startMs: 1_000 })] });
    const titles = (dashboard: PaperDashboard): string[] => dashboard.screen.match(/CRITICAL (later|earlier)/g) ?? [];
    const dashboard = new PaperDashboard(report);
    assert.deepEqual(titles(dashboard).slice(0, 2), ['CRITICAL later', 'CRITICAL earlier']);
    dashboard.press('s');
    assert.match(dashboard.screen, /by time/);
    assert.deepEqual(titles(dashboard).slice(0, 2), ['CRITICAL earlier', 'CRITICAL later']);
    dashboard.press('S');
    assert.match(dashboard.screen, /by time, turned/);
    assert.deepEqual(titles(dashboard).slice(0, 2), ['CRITICAL later', 'CRITICAL earlier']);
  });

  it('keep pinned workers at the top', () => {
    const report = buildReport({ workers: [4127, 4128, 4129].map((pid) => buildWorker({ pid, longestTurnMs: pid === 4129 ? 1 : 50 })) });
    const dashboard = new PaperDashboard(report).press('2', 'G', 'w');
    assert.equal(dashboard.state.message, 'Worker 4129 is kept at the top.');
    assert.match(dashboard.screen, /BUSY%.*\n\*4129/);
  });
});

describe('jumping', () => {
  const jump = (text: string): PaperDashboard => new PaperDashboard(nightReport).press(':').type(text).press('enter');

  it('goes to a line', () => {
    const { state, lastEffect } = jump('line 402118');
    assert.equal(state.lines.cursor, 402_118);
    assert.deepEqual(lastEffect, { type: 'read-lines', file: 'web-01.strace', first: state.lines.top, count: 17 });
  });

  it('goes to a time of day or after the start', () => {
    assert.deepEqual(jump('02:13:37').lastEffect, { type: 'seek-time', file: 'web-01.strace', atMs: 7_900 });
    assert.deepEqual(jump('+12.4s').lastEffect, { type: 'seek-time', file: 'web-01.strace', atMs: 12_400 });
  });

  it('goes to a worker', () => {
    assert.match(jump('pid 4128').screen, /── WORKER 4128/);
    assert.match(jump('pid 99').screen, /No worker 99 in this trace\./);
  });

  it('says what it takes when it is told something else', () => {
    assert.match(jump('yesterday').screen, /"yesterday" is no time, line or pid/);
  });
});

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
    const rows = [811_989, 811_990, 811_991].map((line) => ({ line, text: `4127 1.0 read(5, "cookie=sesame", 9) = ${line}` }));
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
    const dashboard = new PaperDashboard(nightReport).press('b').type('look at q').press('enter', 'j', 'b', 'enter', 'e', 'm');
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

  it('says how far the reading is and what was found so far; Esc stops it', () => {
    const dashboard = new PaperDashboard(null);
    dashboard.tell({
      type: 'reading',
      reading: { bytesRead: 263_500_000, sizeBytes: 612_000_000, lines: 1_923_456, state: 'reading', problem: '', hint: '' },
    });
    assert.match(dashboard.screen, /Reading 43% \(263 of 612 MB, 1\.9 M lines\) +Esc = stop/);
    assert.match(dashboard.screen, /Too early to say\./);
    dashboard.tell({ type: 'picture', report: nightReport, activity: null });
    assert.match(dashboard.screen, /So far: .*Worker 4127 does not yield/);
    dashboard.press('escape');
    assert.deepEqual(dashboard.lastEffect, { type: 'stop-reading' });
    dashboard.tell({ type: 'reading', reading: { ...dashboard.state.reading, state: 'stopped' } });
    assert.match(dashboard.screen, /STOPPED after 1\.9 M lines/);
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

  it('are filtered by a search of the file, and move from match to match', () => {
    const dashboard = opened().press('/').type('EPIPE').press('enter');
    assert.deepEqual(dashboard.lastEffect, { type: 'filter-lines', file: 'web-01.strace', filter: 'EPIPE' });
    dashboard.tell({ type: 'matches', filter: 'EPIPE', matches: [17, 23, 101], ended: true });
    assert.deepEqual(dashboard.lastEffect, { type: 'read-numbers', file: 'web-01.strace', numbers: [17, 23, 101] });
    assert.equal(dashboard.press('n').state.lines.cursor, 23);
    assert.match(dashboard.screen, /filter: EPIPE \(3\) {2}Esc clears/);
    dashboard.press('escape');
    assert.equal(dashboard.state.lines.matches, null);
    dashboard.press('n');
    assert.deepEqual(dashboard.lastEffect, { type: 'seek-text', file: 'web-01.strace', text: 'EPIPE', from: 24, forward: true });
  });

  it('drop an answer that nobody waits for any more', () => {
    const dashboard = opened().tell({ type: 'matches', filter: 'old', matches: [1], ended: true });
    assert.equal(dashboard.state.lines.matches, null);
    dashboard.tell({ type: 'lines', file: 'other', rows: [{ line: 1, text: 'x' }], total: 1 });
    assert.deepEqual(dashboard.state.lines.rows, []);
  });
});
