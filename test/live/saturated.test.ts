import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { needsLive } from '../support/needs-live.ts';
import { needsTool } from '../support/needs-tool.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { pageFromFastCgi, SERVER_KINDS, StuckServer } from '../support/server-kinds.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Tmux } from '../support/tmux.ts';

/** A pool of two workers of php-fpm whose service answers slowly: with more clients than workers, and with fewer. */
const PHP = SERVER_KINDS.find(({ name }) => name === 'php-fpm');
const LIVE = { ...needsLive('bpftrace', 'tmux'), ...needsTool(...(PHP?.needs ?? [])) };
const FOLDER = temporaryFolder();
const SERVICE_MS = 503;
/** One request of each worker has to end first; on a machine that many share it takes longer. */
const SOON_MS = 9_000;
const LONGEST_LOAD_MS = 60_000;

/** Clients that ask again as soon as they have their page and rested; gives how long each page took. */
function clients(server: StuckServer, count: number, restMs: number): { stop(): Promise<readonly number[]> } {
  const took: number[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      took.push(await pageFromFastCgi(server.place.port, server.upstreamPort));
      if (restMs > 0) await pause(restMs);
    }
  };
  const all = Promise.all(Array.from({ length: count }, client));
  // A test that fails in the middle does not stop them.
  const limit = setTimeout(() => {
    isOver = true;
  }, LONGEST_LOAD_MS);
  return {
    stop: async () => {
      clearTimeout(limit);
      isOver = true;
      await all;
      return took.toSorted((a, b) => a - b);
    },
  };
}

async function withServer(act: (server: StuckServer) => Promise<void>): Promise<void> {
  if (PHP === undefined) throw new Error('no kind is called php-fpm');
  const server = await StuckServer.start(PHP, mkdtempSync(join(FOLDER, 'server-')), SERVICE_MS);
  try {
    await act(server);
  } finally {
    await server.stop();
  }
}

for (const engine of ['bpftrace', 'strace'] as const) {
  test(
    `${engine}: a pool of php-fpm that is too small for its slow service is on the screen and in the report`,
    LIVE,
    () =>
      withServer(async (server) => {
        const load = clients(server, 6, 0);
        const tmux = new Tmux({ columns: 110, rows: 30 });
        const saved = join(FOLDER, `saturated.${engine}`);
        try {
          tmux.drover(`attach :${server.place.port} --engine ${engine} --yes --for 40s --save ${saved}`);
          await tmux.until(/TRACED/);
          const traced = performance.now();
          await tmux.until(/CRITICAL +(?:Likely|Possible), still going on: GET \/page\.php holds both workers \d/);
          const found = performance.now() - traced;
          assert.ok(found < SOON_MS, `found after ${found.toFixed(0)} ms`);
          // A worker that waits for its service is not idle.
          await tmux.until(/\d+ +(?:\S+ m?s )?in poll/);
          tmux.keys('q');
          await tmux.until(/left 0/);
        } finally {
          tmux.close();
        }
        // Three rounds of two: who comes now waits for two others.
        const took = await load.stop();
        assert.ok((took[Math.floor(took.length / 2)] ?? 0) > 2 * SERVICE_MS, String(took));
        const { verdict, findings } = reportIn(await runDrover([saved, '--json']));
        assert.equal(verdict.severity, 'critical', verdict.text);
        assert.match(verdict.text, /GET \/page\.php holds both workers .*127\.0\.0\.1:\d+/);
        // Six clients, of which two are served.
        const full = findings.find(({ kind }: Record<string, string>) => kind === 'worker-saturation');
        assert.match(full.summary, /At least [234] connections waited in the queue of the listener at each look/);
      }),
  );

  test(`${engine}: the same pool with one client that rests in between is not said to be full`, LIVE, () =>
    withServer(async (server) => {
      const load = clients(server, 1, 307);
      const words = ['attach', `:${server.place.port}`, '--engine', engine, '--yes', '--for', '5s', '--json'];
      const { stdout } = await runDrover(words);
      await load.stop();
      const { findings } = JSON.parse(stdout);
      assert.ok(
        findings.every(
          ({ kind, severity }: Record<string, string>) => kind !== 'worker-saturation' && severity !== 'critical',
        ),
        stdout,
      );
    }),
  );
}
