import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LIVE_FOLDER, LiveServer, occupyAll, processesWith, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Tmux } from '../support/tmux.ts';

/** What stuck workers of a real gunicorn run, as py-spy sees it. */
const LIVE = needsLive('bpftrace', 'tmux', 'py-spy', 'eu-stack');
const FOLDER = temporaryFolder();
const APPLICATION = readFileSync(join(LIVE_FOLDER, 'app.py'), 'utf8').split('\n');

/** 1-based. */
function lineOf(statement: string): number {
  return APPLICATION.findIndex((line) => line.includes(statement)) + 1;
}

/** `app.py:24 application()`, the place of this statement in the application. */
function placeOf(statement: string): string {
  return `app.py:${lineOf(statement)} application()`;
}

async function withServer(
  kind: 'gevent' | 'sync',
  act: (server: LiveServer) => Promise<void>,
  workers = 2,
): Promise<void> {
  const server = await LiveServer.start({ workers, kind });
  try {
    await act(server);
  } finally {
    await server.stop();
  }
}

const runs = (pid: number): boolean => /^[RSD]$/.test(readProcess(pid)?.state ?? '');
const isFree = (server: LiveServer): boolean =>
  server.pids.every((pid) => readProcess(pid)?.tracer === 0 && runs(pid)) && server.workers.length > 0;

for (const kind of ['gevent', 'sync'] as const)
  for (const engine of ['bpftrace', 'strace'] as const)
    test(`${engine}: the line of ${kind} workers that hung before it came, and the capture says the same`, LIVE, () =>
      withServer(kind, async (server) => {
        await occupyAll(server, '/hang');
        const saved = join(FOLDER, `hang-${kind}.${engine}`);
        const words = ['attach', `:${server.port}`, '--engine', engine, '--yes', '--for', '4s', '--save', saved];
        const { stdout, stderr } = await runDrover([...words, '--json']);
        const report = JSON.parse(stdout);
        const place = placeOf('libc.sleep(50)');
        assert.match(
          report.verdict.text,
          /Both workers are stuck in clock_nanosleep(?: for at least [\d.]+ m?s)?, /,
          stderr,
        );
        assert.ok(report.verdict.text.endsWith(`, ${place}`), stderr);
        const [finding] = report.findings;
        for (const { frames } of finding.metrics.threads) {
          assert.equal(frames[0].function, 'application');
          assert.equal(frames[0].isApplication, true);
          assert.ok(frames.some(({ file }: { readonly file: string }) => file.includes('/gunicorn/')));
        }
        const replayed = reportIn(await runDrover(['analyze', '--json', saved]));
        assert.deepEqual(
          [replayed.verdict, replayed.findings, replayed.workers],
          [report.verdict, report.findings, report.workers],
        );
        assert.ok(isFree(server));
      }),
    );

for (const engine of ['bpftrace', 'strace'] as const)
  test(`the screen of ${engine} shows the line of a worker that computes, and of the stall that it becomes`, LIVE, () =>
    withServer('gevent', async (server) => {
      const tmux = new Tmux({ columns: 120, rows: 30 });
      try {
        tmux.drover(`attach ${server.master} --engine ${engine} --yes --for 60s --spool ${FOLDER}`);
        await tmux.until(/TRACED/);
        // The screen says so before the first call was traced.
        await tmux.until(/ [1-9]\d* calls\/s/);
        await server.get('/');
        void server.get('/compute');
        // It is at one of two lines when somebody looks.
        const line = lineOf('while time.monotonic() < end:');
        const fileAndLine = `app\\.py:(?:${line}|${line + 1})`;
        await tmux.until(new RegExp(` \\d+\\.\\d+ s ${fileAndLine} application\\(\\)`));
        await tmux.until(
          new RegExp(
            `holds worker \\d+ at least [\\d.]+ s: (?:no system call, |computes, or (?:waits for a CPU|no CPU), )?${fileAndLine}`,
          ),
        );
        tmux.keys('q');
        const left = await tmux.until(/left 0/);
        assert.match(
          left,
          new RegExp(
            `holds worker \\d+ at least [\\d.]+ s: (?:no system call, |computes, or (?:waits for a CPU|no CPU), )?${fileAndLine}`,
          ),
        );
        assert.ok(isFree(server));
      } finally {
        tmux.close();
      }
    }),
  );

test('nobody is asked where the user does not want it', LIVE, () =>
  withServer('gevent', async (server) => {
    await occupyAll(server, '/hang');
    const saved = join(FOLDER, 'off.bpftrace');
    await runDrover(['attach', `:${server.port}`, '--code', 'off', '--for', '3s', '--save', saved]);
    assert.doesNotMatch(readFileSync(saved, 'latin1'), /event=code/);
  }),
);

test('a worker is stopped for a look where the user allows it, and runs on', LIVE, () =>
  withServer('gevent', async (server) => {
    const folder = join(FOLDER, 'without-py-spy');
    mkdirSync(folder);
    // Everything but py-spy, which says more and would be asked instead.
    const here = (process.env.PATH ?? '').split(':').filter((each) => !existsSync(join(each, 'py-spy')));
    await occupyAll(server, '/hang');
    const saved = join(folder, 'stopping.bpftrace');
    const words = ['attach', `:${server.port}`, '--engine', 'bpftrace', '--code', 'stopping', '--for', '5s'];
    const environment = { PATH: [folder, ...here].join(':') };
    const { stderr } = await runDrover([...words, '--save', saved], { environment });
    assert.match(readFileSync(saved, 'latin1'), /event=code .* by=(?:gdb|eu-stack) frames=\S*clock_nanosleep/, stderr);
    const held = [
      'attach',
      `:${server.port}`,
      '--engine',
      'strace',
      '--yes',
      '--code',
      'stopping',
      '--for',
      '1s',
      '-v',
    ];
    assert.match((await runDrover(held, { environment })).stderr, /strace holds the processes that it traces/);
    await until('every process to run untraced', () => isFree(server), 6_000);
  }),
);

/** A py-spy that does not come back, and ignores who asks it to end. */
function hangingSampler(name: string): { readonly PATH: string; readonly word: string } {
  const folder = join(FOLDER, name);
  mkdirSync(folder);
  const word = `${folder}/py-spy`;
  writeFileSync(word, '#!/bin/sh\ntrap "" TERM INT\nwhile :; do sleep 0.1; done\n');
  chmodSync(word, 0o755);
  return { PATH: `${folder}:${process.env.PATH ?? ''}`, word };
}

test('a sampler that hangs is ended by its time, and holds nobody up', LIVE, () =>
  withServer('gevent', async (server) => {
    const { PATH, word } = hangingSampler('hangs');
    await occupyAll(server, '/hang');
    const words = ['attach', `:${server.port}`, '--engine', 'strace', '--yes', '--for', '3s', '--json'];
    const started = performance.now();
    const { code, stdout } = await runDrover(words, { environment: { PATH } });
    assert.ok(performance.now() - started < 20_000);
    assert.equal(code, 0);
    assert.match(
      JSON.parse(stdout).verdict.text,
      /Both workers are stuck in clock_nanosleep(?: for at least [\d.]+ m?s)?$/,
    );
    assert.deepEqual(processesWith(word), []);
    assert.ok(isFree(server));
  }),
);

test('kill -9 of drover while a sampler looks leaves neither the sampler nor a worker that does not run', LIVE, () =>
  withServer('gevent', async (server) => {
    const { PATH, word } = hangingSampler('killed');
    await occupyAll(server, '/hang');
    const words = ['attach', `:${server.port}`, '--engine', 'strace', '--yes', '--for', '40s', '--spool', FOLDER];
    const drover = LiveDrover.begin(words, { PATH });
    try {
      await until('a sampler to look', () => processesWith(word).length > 0, 15_000);
      drover.signal('SIGKILL');
      await drover.ended;
      await until('no sampler to be left', () => processesWith(word).length === 0, 6_000);
      await until('every process to run untraced', () => isFree(server), 6_000);
    } finally {
      drover.kill();
    }
  }),
);

test('a worker that dies while a sampler looks is no error', LIVE, () =>
  withServer('gevent', async (server) => {
    const { PATH, word } = hangingSampler('dies');
    await occupyAll(server, '/hang');
    const [victim = 0] = server.workers;
    const words = ['attach', `:${server.port}`, '--engine', 'strace', '--yes', '--for', '5s', '--json'];
    const drover = LiveDrover.begin(words, { PATH });
    try {
      await until('a sampler to look', () => processesWith(word).length > 0, 15_000);
      process.kill(victim, 'SIGKILL');
      assert.equal((await drover.ended).code, 0);
      assert.match(drover.stdout, new RegExp(`"pid": ?${victim}`));
    } finally {
      drover.kill();
    }
  }),
);
