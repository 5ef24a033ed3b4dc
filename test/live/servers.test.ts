import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { needsLive } from '../support/needs-live.ts';
import { needsTool } from '../support/needs-tool.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { SERVER_KINDS, StuckServer } from '../support/server-kinds.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Tmux } from '../support/tmux.ts';

/** Servers of every kind whose workers were all stuck before anybody looked, or get stuck while somebody does. */
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

/** A call that waits, a ladder of short ones, a computation: `what` stands in the title, or the line of code does. */
const STALLS = [
  { name: 'gunicorn gevent', path: '/upstream', what: /waits for 127\.0\.0\.1:\d+|app\.py:\d+/ },
  { name: 'gunicorn gevent', path: '/ladder', what: /sleeps|app\.py:\d+/ },
  {
    name: 'gunicorn gevent',
    path: '/compute',
    what: /no system call|computes, or|did not run|app\.py:\d+/,
  },
  { name: 'uvicorn', path: '/ladder', what: /sleeps|asgi\.py:\d+/ },
  { name: 'node cluster', path: '/ladder', what: /a library polls a futex|many short futex waits/ },
  // On a machine that many share.
  { name: 'node cluster', path: '/compute', what: /no system call|computes, or|did not run/ },
] as const;

/** A worker, in its request where that is known. */
const HOLDS = '(?:\\S+ \\S+ holds worker|Worker) \\d+ (?:stalled )?at least';

for (const engine of ['bpftrace', 'strace'] as const)
  for (const { name, path, what } of STALLS) {
    const kind = SERVER_KINDS.find((each) => each.name === name);
    if (kind === undefined) throw new Error(`no kind is called ${name}`);
    const needs = LIVE.skip === false ? { ...LIVE, ...needsTool(...kind.needs) } : LIVE;
    test(
      `${engine} shows at once that a worker of ${name} gets stuck in ${path}, and what stays says the same`,
      needs,
      async () => {
        const server = await StuckServer.start(kind, mkdtempSync(join(FOLDER, 'server-')));
        const tmux = new Tmux({ columns: 110, rows: 30 });
        try {
          const words = [
            'attach',
            kind.word(server.place),
            '--engine',
            engine,
            '--yes',
            '--for',
            '60s',
            '--spool',
            FOLDER,
          ];
          tmux.drover(words.join(' '));
          await tmux.until(/TRACED/);
          await tmux.until((screen) => server.pids.every((pid) => screen.includes(` ${pid} `)), 'every process');
          for (let request = 0; request < 7; request++) await server.get('/');
          server.send(path);
          const asked = performance.now();
          await tmux.until(new RegExp(`CRITICAL +Likely, still going on: ${HOLDS}`), `${name} ${path}`);
          const found = performance.now() - asked;
          assert.ok(found < SOON_MS + LATE_MS, `found after ${found.toFixed(0)} ms`);
          await tmux.until(/still going/);
          await tmux.until(/ [4-9]\.\d+ s \S/);
          tmux.keys('q');
          const left = await tmux.until(/left 0/);
          // On a machine that many share both workers may have been away for a moment, which then is the verdict.
          const [stall = ''] = new RegExp(`${HOLDS} \\d+\\.\\d+ s: .*`).exec(left) ?? [];
          assert.match(stall, what);
          assert.match(left, /Open it again: drover triage/);
          assert.ok(server.pids.every((pid) => readProcess(pid)?.tracer === 0));
        } finally {
          tmux.close();
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

    await tmux.until(
      /CRITICAL +Likely.*: (?:Both workers are stuck in \w+|\S+ \S+ holds both workers )/,
      `${kind.name}, ${engine}`,
    );
    const found = performance.now() - traced;
    assert.ok(found < SOON_MS + LATE_MS, `${kind.name}, ${engine}: found after ${found.toFixed(0)} ms`);
    await tmux.until((screen) => server.pids.every((pid) => screen.includes(` ${pid} `)), 'every process');
    tmux.keys('q');
    await tmux.until(/left 0/);
  } finally {
    tmux.close();
  }
  const { verdict, workers } = reportIn(await runDrover([saved, '--json']));
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
