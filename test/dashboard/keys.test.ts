import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionOf, bindings } from '../../src/dashboard/keys.ts';
import type { ScreenKind } from '../../src/dashboard/state.ts';
import { buildFinding, buildReport, buildWorker, nightReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

const SCREENS: readonly ScreenKind[] = [
  'overview',
  'workers',
  'timeline',
  'calls',
  'dependencies',
  'requests',
  'lines',
  'finding',
  'line',
  'quality',
  'help',
  'export',
];

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
    for (const { shown, word } of bindings('overview', 'file'))
      if (word !== '' && word !== 'quit' && word !== 'freeze')
        assert.ok(dashboard.screen.includes(word), `${shown} ${word}`);
    const { screen } = dashboard.press('?');
    for (const { shown, says } of bindings('overview', 'file'))
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
      ['overview', 'finding', 'lines'],
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
      ['6', 'dependencies'],
      ['7', 'requests'],
      ['1', 'overview'],
    ] as const)
      assert.equal(dashboard.press(key).state.screens.at(-1)?.kind, kind);
    const seen = ['tab', 'tab', 'tab', 'tab', 'tab', 'tab', 'tab', 'backtab'].map(
      (key) => dashboard.press(key).state.screens.at(-1)?.kind,
    );
    assert.deepEqual(seen, [
      'workers',
      'timeline',
      'calls',
      'lines',
      'dependencies',
      'requests',
      'overview',
      'requests',
    ]);
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
    assert.match(dashboard.screen, /1 of 2, worst first/);
  });

  it('say when nothing passes the filter', () => {
    assert.match(
      new PaperDashboard(nightReport).press('/').type('zebra').screen,
      /No finding has that text\. Esc clears the filter\./,
    );
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
    const report = buildReport({
      workers: [4127, 4128, 4129].map((pid) => buildWorker({ pid, longestTurnMs: pid === 4129 ? 1 : 50 })),
    });
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
