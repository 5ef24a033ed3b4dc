import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveServer, occupyAll } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Workers of a real gunicorn that do not get back to their loops before somebody looks. */
const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
const WORKERS = 2;

/** A server of its own: what hangs in it does not come back. */
async function withServer(
  act: (server: LiveServer) => Promise<void>,
  kind: 'gevent' | 'gthread' | 'sync' = 'gevent',
  options: readonly string[] = [],
): Promise<void> {
  const server = await LiveServer.start({ workers: WORKERS, kind, options });
  try {
    await act(server);
  } finally {
    await server.stop();
  }
}

const isFree = (server: LiveServer): boolean => server.pids.every((pid) => readProcess(pid)?.tracer === 0);

for (const engine of ['bpftrace', 'strace'] as const) {
  test(
    `${engine} finds workers that were all stuck in a call before it came, and the capture says the same`,
    LIVE,
    () =>
      withServer(async (server) => {
        await occupyAll(server, '/hang');
        const saved = join(FOLDER, `hang.${engine}`);
        const words = [
          'attach',
          `:${server.port}`,
          '--engine',
          engine,
          '--yes',
          '--for',
          '3s',
          '--save',
          saved,
          '--json',
        ];
        const run = await runDrover(words);
        const { stderr } = run;
        const report = reportIn(run);
        assert.equal(report.verdict.severity, 'critical', stderr);
        assert.match(report.verdict.text, /Both workers are stuck in clock_nanosleep/);
        assert.deepEqual(
          report.workers.map(({ pid }: { readonly pid: number }) => pid).sort(),
          [...server.pids].sort(),
        );
        for (const pid of server.workers) assert.match(stderr, new RegExp(`${pid} +gunicorn +in clock_nanosleep`));
        const replayed = reportIn(await runDrover(['analyze', '--json', saved]));
        assert.deepEqual(
          [replayed.verdict, replayed.findings, replayed.workers],
          [report.verdict, report.findings, report.workers],
        );
        assert.ok(isFree(server));
      }),
  );

  test(`${engine} finds workers that all computed before it came`, LIVE, () =>
    withServer(async (server) => {
      await occupyAll(server, '/compute');
      const words = ['attach', String(server.master), '--engine', engine, '--yes', '--for', '4s', '--json'];
      const { findings } = reportIn(await runDrover(words));
      const titles = findings.map(
        ({ severity, title }: { readonly severity: string; readonly title: string }) => `${severity} ${title}`,
      );
      // With the line of code behind it, where py-spy is there.
      const wanted =
        /^critical 2 of 3 processes make no system call for at least [\d.]+ s(?:, app\.py:\d+(?: application\(\))?)?$/;
      assert.ok(
        titles.some((title: string) => wanted.test(title)),
        String(titles),
      );
      assert.ok(isFree(server));
    }),
  );
}

/** What one thread waits for that serves nobody else meanwhile, and its call. */
const WAITS = [
  { path: '/lock', call: 'futex' },
  { path: '/child', call: 'wait4' },
] as const;

for (const { path, call } of WAITS)
  test(`workers of one thread that all hung in ${path} before it came are found, by either engine`, LIVE, () =>
    withServer(async (server) => {
      await occupyAll(server, path);
      for (const engine of ['bpftrace', 'strace']) {
        const words = ['attach', `:${server.port}`, '--engine', engine, '--yes', '--for', '3s', '--json'];
        const run = await runDrover(words);
        const { verdict } = reportIn(run);
        assert.equal(verdict.severity, 'critical', run.stderr);
        assert.match(verdict.text, new RegExp(`Both workers are stuck in ${call}`), engine);
      }
      assert.ok(isFree(server));
    }, 'sync'),
  );

test(
  'threads of a pool that all hung before it came are found by the code that serves their requests',
  {
    ...needsLive('bpftrace', 'py-spy'),
  },
  () =>
    withServer(
      async (server) => {
        // Two for each worker, or one worker takes all; those behind them wait in the queues of the pools.
        for (let request = 0; request < 8; request++) void server.leave('/lock', 20_000);
        await pause(1_000);
        const words = ['attach', `:${server.port}`, '--engine', 'bpftrace', '--for', '4s', '--json'];
        const run = await runDrover(words);
        const { verdict } = reportIn(run);
        assert.equal(verdict.severity, 'warning', run.stderr);
        assert.match(
          verdict.text,
          /[2-4] threads of (?:\d+|2 processes) are stuck in futex(?: for (?:at least|up to) [\d.]+ m?s(?: or more)?)?, app\.py:\d+ application\(\)/,
        );
        assert.ok(isFree(server));
      },
      'gthread',
      ['--threads', '2'],
    ),
);
