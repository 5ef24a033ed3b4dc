import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { PaperDashboard } from '../support/screens.ts';
import { prefork } from '../support/server-lines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

const FOLDER = temporaryFolder();

/** A server whose first worker has a stall of so many milliseconds; all servers have the same pids. */
function captureOf(name: string, stallMs: number): string {
  const { trace, workers } = prefork([101, 102], { argv: ['gunicorn'] });
  const [first, second] = workers as [ThreadLines, ThreadLines];
  if (stallMs > 0) turn(first, 1000, stallMs);
  for (let index = 0; index < 30; index++) second.waitUntil(500 + index * 300, 5).serve(11, 'GET /quick');
  for (const worker of [first, second]) worker.waitUntil(12_000);
  const path = join(FOLDER, `${name}.strace`);
  writeFileSync(path, trace.text());
  return path;
}

const NAMES = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6', 'web-7'];
const report = await analyzeFiles(
  NAMES.map((name) => captureOf(name, name === 'web-5' ? 1500 : 0)),
  { timeline: true },
);

describe('the dashboard of captures of several hosts', () => {
  it('begins with the sick host, and counts those that are well in one row', () => {
    const { screen } = new PaperDashboard(report);
    assert.match(
      screen,
      /^ HOSTS +SEV {2}WHAT\n web-5 +CRIT GET \/slow takes 1\.50 s: computes.*\n web-1, web-2, web-3 \+3 more - +No herd/m,
    );
    assert.match(screen, /^▸ 1 CRIT web-5: GET \/slow/m);
    assert.match(screen, /^ NEXT {2}1 /m);
    assert.match(screen, /^ PROOF .*\n +web-5\.strace:\d+ /m);
  });

  it('has them with their lengths where there is room, and all of them under D', () => {
    const large = new PaperDashboard(report, { columns: 160, rows: 48 });
    assert.match(large.screen, /^ web-5 +CRITICAL +1\.50 s {2}GET \/slow holds worker 101 for 1\.50 s/m);
    assert.match(new PaperDashboard(report).press('D').screen, /^ web-5 +CRIT GET \/slow/m);
  });

  it('never mixes workers of the same number', () => {
    const dashboard = new PaperDashboard(report).press('2');
    assert.match(dashboard.screen, /^ HOST {2}PID .*\n web-5 101 .* 1\.50 s/m);
    assert.match(dashboard.screen, /── WORKER 101 of web-5 ──/);
    assert.match(dashboard.screen, /Enter: web-5: GET \/slow/);
    assert.match(dashboard.press('w').screen, /kept at the top only in the capture of one host/);
    const others = new PaperDashboard(report).press('2', 'G');
    assert.doesNotMatch(others.screen, /WORKER \d+ of web-5/);
    assert.match(others.screen, /No finding names it\./);
  });

  it('shows how long the calls of all of them took', () => {
    const { screen } = new PaperDashboard(report).press('4');
    const rows = [...screen.matchAll(/^ under +[\d.]+ m?s +([\d,]+) /gm)].map(([, number = '']) => Number(number));
    const calls = report.calls.find(({ call }) => screen.includes(`HOW LONG  ${call} `));
    assert.ok(calls !== undefined && calls.count > 0);
    assert.equal(
      rows.reduce((sum, each) => sum + each, 0),
      calls.count,
    );
  });

  it('shows the longest of each call whole at any width, and the slowest hundredth from 64 columns on', () => {
    for (const columns of [40, 45, 46, 53, 60, 63, 64, 80, 160]) {
      const [heads = '', ...rows] = new PaperDashboard(report, { columns, rows: 16 })
        .press('4')
        .screen.split('\n')
        .slice(4);
      const table = [heads, ...rows].filter((line) => /^ (?:CALL|\w+ )/.test(line));
      assert.match(table.join('\n'), /^ CALL .* MAX$/m, `${columns} columns`);
      assert.equal(/ P99 /.test(table.join('\n')), columns >= 64, `${columns} columns`);
      assert.match(table.join('\n'), /[\d.]+ m?s$/m);
    }
  });

  it('draws all workers on one clock, at the stall of the sick host', () => {
    const { screen } = new PaperDashboard(report).press('3');
    assert.match(screen, /^── TIMELINE {2}1 column = 188 ms ─+ 14 of 21 {3}cursor 02:13:21\.000 UTC ─$/m);
    // 12 s in 64 cells: the stall from 1.0 s to 2.5 s begins in the sixth and ends in the fourteenth.
    assert.match(screen, /^▸web-5 101 {5}░{5}▒{9}░{50}$/m);
    assert.match(screen, /^ web-5 102 {5}░{64}$/m);
    assert.match(screen, /── WORKER 101 of web-5 at 02:13:21\.000 ─+ gunicorn ─\n Enter: web-5: GET \/slow/);
  });

  it('opens the finding of that worker, and zooms', () => {
    assert.match(new PaperDashboard(report).press('3', 'enter').screen, /── FINDING 1 of \d+ /);
    assert.match(new PaperDashboard(report).press('3', '+').screen, /1 column = 94 ms/);
    assert.match(new PaperDashboard(report).press('3', 'j', 'enter').screen, /No finding names worker 102 of web-5/);
  });

  it('has names of hosts and pids apart, however long the names are', () => {
    const { hosts = [] } = report;
    const long = (name: string): string => `${name}.eu-cental-1.compute.internal`;
    const renamed = {
      ...report,
      hosts: hosts.map((host) => ({ ...host, name: long(host.name) })),
      workers: report.workers.map((worker) => ({ ...worker, host: long(worker.host ?? '') })),
    };
    assert.match(new PaperDashboard(renamed).press('2').screen, /^.web-\d\.eu-cent\.\.\. 101\b/m);
    assert.match(new PaperDashboard(renamed).press('3').screen, /^.web-\d\.eu-cent\.\.\. 101\b/m);
  });

  it('has each host from its own beginning where their clocks do not meet', () => {
    const { timeline } = report;
    assert.ok(timeline !== undefined);
    const apart = new PaperDashboard({ ...report, timeline: { ...timeline, isOnOneClock: false } }).press('3');
    assert.match(apart.screen, /cursor \+0\.000 s into each ─$/m);
    assert.match(apart.screen, /Enter: web-5: GET \/slow/);
  });

  it('leaves out facts of the first line that do not fit, whole', () => {
    assert.match(new PaperDashboard(report).screen, /^ FILE {5}7 captures of 7 hosts .*[^.]$/m);
  });
});
