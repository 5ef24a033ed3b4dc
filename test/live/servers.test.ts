import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { needsLive } from '../support/needs-live.ts';
import { needsTool } from '../support/needs-tool.ts';
import { runDrover } from '../support/run-drover.ts';
import { SERVER_KINDS, StuckServer } from '../support/server-kinds.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Tmux } from '../support/tmux.ts';

/** Servers of every kind whose workers were all stuck before anybody looked. */
const LIVE = needsLive('bpftrace', 'tmux');
const FOLDER = temporaryFolder();
/** After it began to trace, or on a machine that many share a little later. */
const SOON_MS = 2_000;
const LATE_MS = 3_000;

for (const kind of SERVER_KINDS) {
  const needs = LIVE.skip === false ? { ...LIVE, ...needsTool(...kind.needs) } : LIVE;
  test(
    `${kind.name}: workers that were all stuck before are on the screen in two seconds, and in the report`,
    needs,
    async () => {
      const server = await StuckServer.start(kind, mkdtempSync(join(FOLDER, 'server-')));
      try {
        await server.occupy();
        for (const engine of ['bpftrace', 'strace'] as const) await isFound(server, engine);
      } finally {
        await server.stop();
      }
    },
  );
}

async function isFound(server: StuckServer, engine: 'bpftrace' | 'strace'): Promise<void> {
  const { kind, place } = server;
  const saved = join(place.folder, `saved.${engine}`);
  const tmux = new Tmux({ columns: 110, rows: 40 });
  try {
    const words = ['attach', kind.word(place), '--engine', engine, '--yes', '--for', '60s', '--save', saved];
    tmux.drover(words.join(' '));
    await tmux.until(/TRACED/, `${kind.name} to be traced by ${engine}`);
    const traced = performance.now();

    await tmux.until(/CRITICAL +Likely.*: All 2 workers are stuck in \w+/, `${kind.name}, ${engine}`);
    const found = performance.now() - traced;
    assert.ok(found < SOON_MS + LATE_MS, `${kind.name}, ${engine}: found after ${found.toFixed(0)} ms`);
    await tmux.until((screen) => server.pids.every((pid) => screen.includes(` ${pid} `)), 'every process');
    tmux.keys('q');
    await tmux.until(/left 0/);
  } finally {
    tmux.close();
  }
  const { verdict, workers } = JSON.parse((await runDrover([saved, '--json'])).stdout);
  assert.equal(verdict.severity, 'critical', JSON.stringify(verdict));
  assert.match(verdict.text, kind.verdict, `${kind.name}, ${engine}`);
  for (const pid of server.pids)
    assert.ok(
      workers.some((worker: { readonly pid: number }) => worker.pid === pid),
      `${pid} of ${kind.name}`,
    );
  assert.ok(server.pids.every((pid) => readProcess(pid)?.tracer === 0));
  await pause(50);
}
