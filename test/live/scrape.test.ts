import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { LiveDrover } from '../support/live-drover.ts';
import { freePort, LiveServer, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A scraper beside drover, beside a real gunicorn. */
const LIVE = needsLive('bpftrace', 'promtool');
const FOLDER = temporaryFolder();

type Series = ReadonlyMap<string, number>;

function seriesOf(text: string): Series {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** What a scraper gets, as its own tool reads it; null while there is nothing. */
async function scrape(url: string): Promise<Series | null> {
  const response = await fetch(url);
  const text = await response.text();
  if (response.status !== 200) return null;
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return seriesOf(text);
}

const STALLS = 'drover_cause_events_total{kind="loop-stall"}';
const FAILED_WRITE = /^drover_call_errors_total\{call="\w+",error="(?:EPIPE|ECONNRESET)"\}$/;
const STUCK = /^drover_causes\{kind="stuck-call",severity="(?:critical|warning)"\}$/;

test(
  'watch: while it is attached a scraper sees a stall and a hang, counters only grow, and nobody listens afterwards',
  LIVE,
  async () => {
    const server = await LiveServer.start({ workers: 2 });
    const saved = join(FOLDER, 'scraped.bpftrace');
    const address = `127.0.0.1:${await freePort()}`;
    const url = `http://${address}/metrics`;
    const words = ['attach', String(server.master), '--engine', 'watch', '--listen', address, '--for', '60s'];
    const drover = await LiveDrover.start([...words, '--save', saved]);
    const load = server.load(13);
    let last: Series = new Map();
    let scrapes = 0;
    /** Scrapes until it is so; each scrape is compared with the one before. */
    const sees = (what: string, isSo: (series: Series) => boolean): Promise<void> =>
      until(
        what,
        async () => {
          await pause(300);
          const series = await scrape(url);
          if (series === null) return false;
          scrapes++;
          for (const [name, value] of last)
            if (/_total\b/.test(name)) assert.ok((series.get(name) ?? -1) >= value, `${name} was ${value}`);
          last = series;
          return isSo(series);
        },
        30_000,
      );
    try {
      assert.match(drover.stderr, new RegExp(`Figures for Prometheus: ${url}\n`));
      await sees('a first answer', (series) => series.has(STALLS));
      await pause(1_000);
      const before = last.get(STALLS) ?? -1;
      await server.get('/stall');
      await sees('the stall', (series) => (series.get(STALLS) ?? 0) > before);
      assert.equal([...last].filter(([name, value]) => STUCK.test(name) && value > 0).length, 0);
      await server.leave('/parts', 50);
      await sees('the write that failed', (series) => [...series.keys()].some((name) => FAILED_WRITE.test(name)));
      void server.leave('/hang', 20_000);
      await sees('the hang', (series) => [...series].some(([name, value]) => STUCK.test(name) && value > 0));
      assert.ok((last.get('drover_served_total') ?? 0) > 13);
      assert.ok(scrapes >= 3);
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0, drover.stderr);
      await assert.rejects(fetch(url));
      // What the file of --openmetrics says of the same capture has the same names.
      const file = join(FOLDER, 'scraped.prom');
      assert.equal((await runDrover([saved, '--openmetrics', file])).code, 0);
      const names = (series: Series): Set<string> =>
        new Set([...series.keys()].map((name) => name.replace(/\{.*/, '')));
      const scraped = names(last);
      for (const name of names(seriesOf(readFileSync(file, 'utf8'))))
        assert.ok(scraped.has(name) || /_(?:longest|share|seconds)/.test(name), name);
    } finally {
      load.stop();
      drover.kill();
      await drover.ended;
      await server.stop();
    }
  },
);

test('watch: nobody who asks without a pause costs the capture more than a little', LIVE, async () => {
  const server = await LiveServer.start({ workers: 2 });
  const address = `127.0.0.1:${await freePort()}`;
  const words = ['attach', String(server.master), '--engine', 'watch', '--listen', address, '--for', '8s', '--json'];
  const drover = await LiveDrover.start(words);
  const load = server.load(23);
  let isOver = false;
  let answers = 0;
  const flood = async (): Promise<void> => {
    while (!isOver) {
      const isAnswer = await fetch(`http://${address}/metrics`).then(
        async (response) => (await response.text()) !== '' && response.status === 200,
        () => false,
      );
      if (isAnswer) answers++;
    }
  };
  try {
    const floods = [flood(), flood(), flood()];
    const { code } = await drover.ended;
    isOver = true;
    await Promise.all(floods);
    assert.equal(code, 0, drover.stderr);
    const { cost, quality } = JSON.parse(drover.stdout);
    assert.deepEqual([quality.unparsedLines, quality.lostEvents], [0, 0]);
    // Ten answers a second at the most.
    assert.ok(answers > 10 && answers <= 110, `${answers} answers`);
    assert.ok(cost.droverMs / cost.durationMs < 0.5, JSON.stringify(cost));
  } finally {
    isOver = true;
    load.stop();
    drover.kill();
    await drover.ended;
    await server.stop();
  }
});
