import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Dependency } from '../../src/analysis/report.ts';
import { analyzeFiles } from '../../src/index.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

const SCENE = new URL('../../../samples/servers/puma-single-slow/', import.meta.url);

function dependency(peer: string, parts: Partial<Dependency> = {}): Dependency {
  const figures = { waits: 1, requests: 0, totalMs: 1, p50Ms: 1, p99Ms: 1, longestMs: 1, openAtEnd: 0, failures: 0 };
  return { peer, protocol: null, ...figures, ...parts };
}

const SLOW = dependency('10.0.0.7:80', { waits: 40, requests: 12, longestMs: 2400, protocol: 'HTTP' });
const DEAD = dependency('10.0.0.9:6379', { longestMs: 90, failures: 31, openAtEnd: 2, protocol: 'Redis' });
const BESIDE = dependency('10.0.0.7:8080', { longestMs: 5 });
const report = buildReport({
  dependencies: [BESIDE, SLOW, DEAD],
  findings: [buildFinding({ title: 'GET /up waited up to 2.40 s for 10.0.0.7:80 (HTTP)', summary: '' })],
});

/** The first columns of the rows of the table. */
const services = (screen: string): string[] =>
  [...screen.matchAll(/^ (10\.0\.0\.\d:\d+) /gm)].map(([, name = '']) => name);

describe('the view of dependencies', () => {
  it('begins with the longest wait, and says what else is known of the selected one', () => {
    const { screen } = new PaperDashboard(report).press('6');
    assert.deepEqual(services(screen), [SLOW.peer, DEAD.peer, BESIDE.peer]);
    assert.match(screen, /^ SERVICE +PROTOCOL +WAITS +LONGEST +OPEN +FAILED$/m);
    assert.match(screen, /^ 10\.0\.0\.7:80 +HTTP +40 +2\.40 s +0 +0$/m);
    assert.match(
      screen,
      /── SERVICE 10\.0\.0\.7:80 ──.*\n 12 of 40 waits for a request {3}0 failures {3}none still open/,
    );
    assert.match(screen, /^ {3}GET \/up waited up to 2\.40 s for 10\.0\.0\.7:80/m);
  });

  it('opens the finding that names the service, or what that one came of; else the line of the longest wait', () => {
    const open = new PaperDashboard(report).press('6', 'enter');
    assert.match(open.screen, /── FINDING 1 of 1 ──[^]*GET \/up waited up to 2\.40 s/);
    assert.match(open.press('escape').screen, /── SERVICE 10\.0\.0\.7:80 ──/);
    const cause = buildFinding({ id: 'loop-stall-1', title: 'GET /up holds its worker' });
    const effect = buildFinding({
      id: 'slow-dependency-1',
      title: 'It waited for 10.0.0.7:80',
      effectOf: 'loop-stall-1',
    });
    const under = buildReport({ dependencies: [SLOW], findings: [cause, effect] });
    assert.match(new PaperDashboard(under).press('6', 'enter').screen, /GET \/up holds its worker/);
    const lone = (parts: Partial<Dependency>) => buildReport({ dependencies: [dependency('10.0.0.7:80', parts)] });
    const seen = new PaperDashboard(lone({ longestAt: { file: 'a.strace', line: 4711 } })).press('6', 'enter');
    assert.match(seen.screen, /── LINES {2}a\.strace ─.*line 4,711/);
    assert.match(seen.screen, /The longest wait for 10\.0\.0\.7:80\./);
    assert.match(seen.press('escape').screen, /── SERVICE 10\.0\.0\.7:80 ──/);
    assert.match(
      new PaperDashboard(lone({})).press('6', 'enter').screen,
      /No single line shows a wait for 10\.0\.0\.7/,
    );
  });

  it('is moved in, sorted and filtered, and takes a number that begins alike for another one', () => {
    const dashboard = new PaperDashboard(report).press('6', 'j');
    assert.match(
      dashboard.screen,
      /── SERVICE 10\.0\.0\.9:6379 ──.*\n 0 of 1 wait for a request {3}31 failures {3}2 still open/,
    );
    assert.match(dashboard.press('j', 'j').screen, /── SERVICE 10\.0\.0\.7:8080 ──.*\n.*\n No finding names it\./);
    const sorted = new PaperDashboard(report).press('6', 's', 's', 's', 's');
    assert.match(sorted.screen, /1 of 3, by failed/);
    assert.equal(services(sorted.screen)[0], DEAD.peer);
    const filtered = new PaperDashboard(report).press('6', '/').type('redis');
    assert.deepEqual(services(filtered.screen), [DEAD.peer]);
    const none = new PaperDashboard(report).press('6', '/').type('zebra');
    assert.match(none.screen, /No service has that text\. Esc clears the filter\./);
  });

  it('has the longest wait whole at any width, and the service at 80 columns', () => {
    for (const columns of [40, 50, 60, 70, 80, 90, 100, 110, 160]) {
      const { screen } = new PaperDashboard(report, { columns, rows: 24 }).press('6');
      assert.match(screen, / 2\.40 s/, `${columns} columns`);
      if (columns >= 80) assert.match(screen, /^ 10\.0\.0\.9:6379 /m, `${columns} columns`);
    }
  });

  it('is empty where nobody was waited for', () => {
    assert.match(new PaperDashboard(buildReport()).press('6').screen, /No wait for another service was seen\./);
  });

  it('shows the service of a real server with the time that the service itself measured', async () => {
    const truth = JSON.parse(readFileSync(new URL('truth.json', SCENE), 'utf8'));
    const longest = Math.max(...truth.upstreamWaits.map(({ ms }: { ms: number }) => ms));
    const real = await analyzeFiles([new URL('trace.strace.gz', SCENE).pathname]);
    const { screen } = new PaperDashboard(real).press('6');
    const own = real.dependencies.find(({ peer }) => peer === '127.0.0.1:18081');
    const lines = gunzipSync(readFileSync(new URL('trace.strace.gz', SCENE)))
      .toString('latin1')
      .split('\n');
    assert.match(lines[(own?.longestAt?.line ?? 0) - 1] ?? '', /(?:read|recv)\w*\(.* = [1-9]/);
    const [, seconds = ''] = /^ 127\.0\.0\.1:18081 +HTTP +\d+ +([\d.]+) s /m.exec(screen) ?? [];
    assert.equal(truth.acts[0].upstream, '127.0.0.1:18081');
    assert.ok(Math.abs(Number(seconds) * 1000 - longest) < 20, `${seconds} s of ${longest} ms`);
  });
});
