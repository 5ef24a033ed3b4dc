import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LIVE_FOLDER, LiveServer, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Tmux } from '../support/tmux.ts';

/** Workers of a real gunicorn that a signal stops, before drover comes and while it looks. */
const LIVE = needsLive('bpftrace', 'tmux');
const FOLDER = temporaryFolder();
let server: LiveServer;

before(async () => {
  // The master would kill a worker that says nothing for so long.
  if (LIVE.skip === false) server = await LiveServer.start({ workers: 2, options: ['--timeout', '300'] });
});
after(() => server?.stop());

async function whileStopped(act: (worker: number) => Promise<void>): Promise<void> {
  const [worker = 0] = server.workers;
  process.kill(worker, 'SIGSTOP');
  try {
    await until('it to be stopped', () => /^[Tt]$/.test(readProcess(worker)?.state ?? ''));
    await act(worker);
  } finally {
    process.kill(worker, 'SIGCONT');
  }
}

for (const engine of ['bpftrace', 'strace'] as const) {
  test(
    `${engine}: a worker that was stopped before is a finding with what lets it go on, also when replayed`,
    LIVE,
    () =>
      whileStopped(async (worker) => {
        const saved = join(FOLDER, `stopped.${engine}`);
        const words = [
          'attach',
          `:${server.port}`,
          '--engine',
          engine,
          '--yes',
          '--for',
          '4s',
          '--save',
          saved,
          '--json',
        ];
        const { stdout, stderr } = await runDrover(words);
        const report = JSON.parse(stdout);
        assert.match(
          report.verdict.text,
          new RegExp(`Process ${worker} has been stopped .*for at least [3-9]\\.\\d+ s`),
        );
        assert.equal(report.findings[0].next[0].command, `kill -CONT ${worker}`);
        assert.match(stderr, new RegExp(`${worker} +gunicorn +stopped \\(state T\\)`));
        assert.match(stderr, /Detached from 3 processes, 2 running \(1 was stopped before and still is\)/);
        // Its tracer does not keep it from running.
        assert.doesNotMatch(stderr, /hardly ran/);
        const pids = report.workers.map(({ pid }: { readonly pid: number }) => pid);
        assert.ok(pids.includes(worker), `${worker} is not among ${pids}`);
        const replayed = reportIn(await runDrover(['analyze', '--json', saved]));
        assert.deepEqual([replayed.verdict, replayed.findings], [report.verdict, report.findings]);
        assert.equal(readProcess(worker)?.state, 'T');
      }),
  );

  test(
    `${engine}: a worker that is stopped meanwhile is on the screen within moments, and goes on unhurt`,
    LIVE,
    async () => {
      const tmux = new Tmux({ columns: 80, rows: 24 });
      try {
        tmux.drover(`attach ${server.master} --engine ${engine} --yes --for 40s --spool ${FOLDER}`);
        await tmux.until(
          (screen) => server.workers.every((pid) => new RegExp(`${pid} +waits`).test(screen)),
          'both workers',
        );
        await whileStopped(async (worker) => {
          const stoppedAt = performance.now();
          await tmux.until(new RegExp(`${worker} +\\S+ (?:m?s) stopped`), 'the worker to be shown as stopped');
          await tmux.until(new RegExp(`still going on: Process ${worker} has been\\s+stopped by\\s+SIGSTOP`));
          await tmux.until(new RegExp(`kill -CONT ${worker}`));
          // It is the sender that tells whom to ask.
          await tmux.until(new RegExp(`sent by\\s+pid\\s+${process.pid}`));
          assert.ok(performance.now() - stoppedAt < 12_000);
        });
        await tmux.until(
          (screen) => server.workers.every((pid) => new RegExp(`${pid} +waits`).test(screen)),
          'it to go on',
        );
        tmux.keys('q');
        assert.match(await tmux.until(/left 0/), /Detached from 3 processes, all running\./);
      } finally {
        tmux.close();
      }
    },
  );

  test(`${engine}: nobody is said to be stopped of a server that serves`, LIVE, async () => {
    const load = server.load(41);
    try {
      const words = ['attach', String(server.master), '--engine', engine, '--yes', '--for', '3s', '--json'];
      const { stdout } = await runDrover(words);
      assert.doesNotMatch(stdout, /stopped by|state T|debugger/);
    } finally {
      load.stop();
    }
  });
}

for (const engine of ['bpftrace', 'strace'] as const)
  test(`${engine}: the other workers are traced where somebody else traces one, and nobody is hurt`, LIVE, async () => {
    const [held = 0, other = 0] = server.workers;
    // It ends with the test, also when that is killed.
    const words = ['--pdeathsig', 'INT', 'timeout', '60', 'strace', '-qq', '-o', '/dev/null', '-p', String(held)];
    const tracer = spawn('setpriv', words, { stdio: 'ignore' });
    try {
      await until('it to be traced', () => (readProcess(held)?.tracer ?? 0) !== 0);
      const holder = readProcess(held)?.tracer;
      const { stdout, stderr } = await runDrover([
        'attach',
        `:${server.port}`,
        '--engine',
        engine,
        '--yes',
        '--for',
        '3s',
        '--json',
      ]);
      const pids = JSON.parse(stdout).workers.map(({ pid }: { readonly pid: number }) => pid);
      assert.match(
        stderr,
        engine === 'strace'
          ? new RegExp(`Process ${held} \\(gunicorn\\) is left out: pid ${holder} \\(strace\\) traces it`)
          : new RegExp(`Process ${held} \\(gunicorn\\) is already traced by pid ${holder} \\(strace\\)`),
      );
      assert.equal(pids.includes(held), engine === 'bpftrace', String(pids));
      assert.ok(pids.includes(other), String(pids));
      assert.match(stderr, /Detached from [23] processes, all running/);
      assert.equal(readProcess(held)?.tracer, holder);
      assert.equal(readProcess(other)?.tracer, 0);
    } finally {
      tracer.kill('SIGINT');
    }
    await until('it to be free', () => readProcess(held)?.tracer === 0);
    assert.match(readProcess(held)?.state ?? '', /^[SR]$/);
  });

/** A worker that a debugger holds; when that ends, the kernel lets it go. */
async function whileDebugged(worker: number, act: (holder: number) => Promise<void>): Promise<void> {
  const words = ['--pdeathsig', 'KILL', 'python3', join(LIVE_FOLDER, 'debugger.py'), String(worker)];
  const holder = spawn('setpriv', words, { stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    await until('it to be held', () => readProcess(worker)?.state === 't');
    await act(holder.pid ?? 0);
  } finally {
    holder.stdin.end();
    await until('it to run', () => readProcess(worker)?.tracer === 0);
  }
}

for (const engine of ['bpftrace', 'strace'] as const)
  test(`${engine}: a worker that a debugger holds is on the screen and in the report, traced or not`, LIVE, () => {
    const [held = 0, other = 0] = server.workers;
    return whileDebugged(held, async (holder) => {
      const saved = join(FOLDER, `debugged.${engine}`);
      const tmux = new Tmux({ columns: 110, rows: 30 });
      const finding = `Process ${held} has been held by the debugger ${holder} for at least`;
      try {
        tmux.drover(`attach :${server.port} --engine ${engine} --yes --for 60s --save ${saved}`);
        await tmux.until(new RegExp(`still going on: ${finding}`));
        await tmux.until(new RegExp(`${held} +≥?\\d+\\.\\d+ s in debugger`));
        await tmux.until(new RegExp(`${other} +waits`));
        tmux.keys('q');
        const left = await tmux.until(/left 0/);
        const count = engine === 'strace' ? '2 processes, all running' : '3 processes, 2 running';
        assert.match(left, new RegExp(`Detached from ${count}`));
      } finally {
        tmux.close();
      }
      const { verdict } = reportIn(await runDrover([saved, '--json']));
      assert.match(verdict.text, new RegExp(finding));
      assert.equal(readProcess(held)?.tracer, holder);
    });
  });
