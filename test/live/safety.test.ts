import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readParents, readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, processesWith, tracersIn, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Whatever ends drover, strace or the terminal: the workers run, nobody traces them, and no tracer is left. */
const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
const LONG = '50s';
let server: LiveServer;
let rate = 0;

before(async () => {
  if (LIVE.skip !== false) return;
  server = await LiveServer.start();
  rate = await server.rate(1_000);
});
after(() => server?.stop());

/** Attaches to the server under load, does something to drover or its tracer, and looks at the server. */
async function survives(
  name: string,
  seconds: string,
  options: readonly string[],
  act: (drover: LiveDrover) => Promise<void>,
): Promise<LiveDrover> {
  const spool = join(FOLDER, name);
  mkdirSync(spool, { recursive: true });
  const load = server.load(43);
  const [worker = 0] = server.workers;
  const drover = await LiveDrover.start([
    'attach',
    String(worker),
    '--engine',
    'strace',
    '--for',
    seconds,
    '--spool',
    spool,
    ...options,
  ]);
  try {
    // bpftrace does not stop what it traces, so the kernel names no tracer.
    assert.ok(tracersIn(spool).length > 0, 'no tracer is found');
    if (!options.includes('bpftrace')) assert.ok(server.pids.every((pid) => tracerOf(pid) !== 0));
    await act(drover);
    load.stop();
    await server.recovers(rate);
    await until('no tracer to be left', () => tracersIn(spool).length === 0, 3_000);
    return drover;
  } finally {
    load.stop();
    drover.kill();
  }
}

function tracerOf(pid: number): number {
  return readProcess(pid)?.tracer ?? 0;
}

test('kill -9 of drover', LIVE, async () => {
  await survives('kill', LONG, [], async (drover) => {
    drover.signal('SIGKILL');
    await drover.ended;
  });
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} to drover: it detaches first, says so, and tells its caller`, LIVE, async () => {
    const drover = await survives(signal, LONG, [], async (running) => {
      running.signal(signal);
      assert.equal((await running.ended).code, code);
    });
    assert.match(
      drover.stderr,
      new RegExp(`Stopped by ${signal}.* Detached from 4 processes, all running\\. The capture is `),
    );
    assert.equal(drover.stdout, '');
  });
}

test('Ctrl-C: it detaches and reports', LIVE, async () => {
  const drover = await survives('int', LONG, ['--json'], async (running) => {
    await pause(700);
    running.signal('SIGINT');
    assert.equal((await running.ended).code, 0);
  });
  assert.match(drover.stderr, /Detached from 4 processes, all running\./);
  assert.ok(JSON.parse(drover.stdout).quality.events > 97);
});

test('Ctrl-C twice: it does not wait any longer', LIVE, async () => {
  const drover = await survives('int-twice', LONG, [], async (running) => {
    running.signal('SIGINT');
    await pause(3);
    running.signal('SIGINT');
    assert.equal((await running.ended).code, 130);
  });
  assert.equal(drover.stdout, '');
});

test('SIGSTOP of drover: the workers go on, and strace leaves when its time is over', LIVE, async () => {
  await survives('stop', '3s', [], async (drover) => {
    drover.signal('SIGSTOP');
    assert.ok((await server.rate(500)) > 0, 'no answer while drover is stopped');
    await until('strace to leave', () => server.pids.every((pid) => tracerOf(pid) === 0), 5_000);
    drover.signal('SIGCONT');
    assert.equal((await drover.ended).code, 0);
    assert.match(drover.stderr, /Detached from 4 processes/);
  });
});

test('kill -9 of drover, and a killed bpftrace', LIVE, async () => {
  const engine = ['--engine', 'bpftrace'];
  await survives('kill-bpftrace', LONG, engine, async (drover) => {
    drover.signal('SIGKILL');
    await drover.ended;
  });
  const drover = await survives('killed-bpftrace', LONG, [...engine, '--json'], async (running) => {
    await pause(700);
    const tracers = tracersIn(join(FOLDER, 'killed-bpftrace')).filter((pid) => readProcess(pid)?.name === 'bpftrace');
    assert.equal(tracers.length, 1);
    for (const pid of tracers) process.kill(pid, 'SIGKILL');
    assert.equal((await running.ended).code, 0);
  });
  assert.match(drover.stderr, /bpftrace ended before its time/);
  assert.ok(JSON.parse(drover.stdout).quality.diagnostics.some(({ code }: { code: string }) => code === 'tracer-died'));
});

test('SIGSTOP of drover: bpftrace leaves when its time is over, and a little later at most', LIVE, async () => {
  await survives('stop-bpftrace', '1s', ['--engine', 'bpftrace'], async (drover) => {
    drover.signal('SIGSTOP');
    await until(
      'bpftrace to leave',
      () => tracersIn(join(FOLDER, 'stop-bpftrace')).every((pid) => readProcess(pid)?.name !== 'bpftrace'),
      22_000,
    );
    drover.signal('SIGCONT');
    assert.equal((await drover.ended).code, 0);
  });
});

test('a killed strace: the report is about what it had written', LIVE, async () => {
  const drover = await survives('killed-strace', LONG, ['--json'], async (running) => {
    await pause(500);
    process.kill(tracerOf(server.master), 'SIGKILL');
    assert.equal((await running.ended).code, 0);
  });
  assert.match(drover.stderr, /strace ended before its time/);
  const { quality } = JSON.parse(drover.stdout);
  assert.ok(quality.events > 0);
  assert.ok(quality.diagnostics.some(({ code }: { code: string }) => code === 'tracer-died'));
});

test('a killed timeout: strace has no limit any more, so drover ends it', LIVE, async () => {
  await survives('killed-timeout', LONG, [], async (drover) => {
    const strace = tracerOf(server.master);
    process.kill(readParents().get(strace) ?? 0, 'SIGKILL');
    assert.equal((await drover.ended).code, 0);
    assert.equal(readProcess(strace), null);
  });
});

test('a strace that stands still: the worker is starved, so drover detaches at once', LIVE, async () => {
  const drover = await survives('starved', LONG, [], async (running) => {
    process.kill(tracerOf(server.master), 'SIGSTOP');
    assert.equal((await running.ended).code, 0);
  });
  assert.match(drover.stderr, /(?:Worker|Thread) \d+.* hardly ran for 3\.\d s under strace; drover detached at once\./);
});

test('a full spool ends the capture, not the worker', LIVE, async () => {
  const drover = await survives('spool', LONG, ['--max-spool', '64k', '--json'], async (running) => {
    assert.equal((await running.ended).code, 0);
  });
  assert.match(drover.stderr, /The capture ended early: the capture reached its limit of 0\.06 MB \(--max-spool\)\./);
  assert.ok(JSON.parse(drover.stdout).quality.events > 97);
});

test('a full spool while drover is stopped: the size limit of the file holds by itself', LIVE, async () => {
  await survives('spool-alone', LONG, ['--max-spool', '64k'], async (drover) => {
    drover.signal('SIGSTOP');
    await server.rate(1_000);
    await until('strace to be gone', () => server.pids.every((pid) => tracerOf(pid) === 0));
    drover.signal('SIGCONT');
    await drover.ended;
  });
  const [folder = ''] = readdirSync(join(FOLDER, 'spool-alone'));
  assert.ok(statSync(join(FOLDER, 'spool-alone', folder, 'trace.strace')).size <= 64 * 1_024 * 1.25);
});

for (const engine of ['strace', 'bpftrace'] as const)
  test(`${engine}: a full disk ends the capture, not the worker; what was recorded is kept, and what to do is said`, {
    ...needsLive(engine),
  }, async () => {
    const name = `disk-${engine}`;
    const disk = join(FOLDER, name);
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      // The last --engine counts.
      const drover = await survives(name, LONG, ['--json', '--engine', engine], async (running) => {
        // bpftrace writes 4 KB at a time, or what there is every 250 ms.
        await pause(1_500);
        try {
          writeFileSync(join(disk, 'something-else'), Buffer.alloc(8_388_608));
        } catch {
          // That is the point: now nothing more fits.
        }
        assert.equal((await running.ended).code, 0);
      });
      const where = '; make room there, or name another place: --spool DIR\\.';
      assert.match(
        drover.stderr,
        new RegExp(`The capture ended early: only \\d\\S* MB are free on the disk of .*${where}`),
      );
      const { quality } = JSON.parse(drover.stdout);
      assert.ok(quality.events > 0);
      const [, kept = ''] = /The capture \(\S+ [kM]B\) is (\S+)\. /.exec(drover.stderr) ?? [];
      const again = reportIn(await runDrover([kept, '--json']));
      assert.equal(again.quality.events, quality.events);
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  });

test('a worker that is replaced in the middle: its successor is traced, reported, and set free', LIVE, async () => {
  const [leaving = 0] = server.workers;
  let successor = 0;
  const drover = await survives('replaced', LONG, ['--json'], async (running) => {
    const known = server.workers;
    process.kill(leaving, 'SIGTERM');
    await until('a new worker', () => {
      successor = server.workers.find((pid) => !known.includes(pid)) ?? 0;
      return successor !== 0 && tracerOf(successor) !== 0;
    });
    await pause(1_500);
    running.signal('SIGINT');
    assert.equal((await running.ended).code, 0);
  });
  assert.match(drover.stderr, /Detached from 4 processes, all running \(1 ended meanwhile\)\./);
  const { workers } = JSON.parse(drover.stdout);
  const row = workers.find(({ pid }: { pid: number }) => pid === successor);
  assert.ok(row?.accepted > 0, `worker ${successor} in ${JSON.stringify(workers)}`);
});

/** The same on a terminal. */
async function survivesOnTerminal(
  name: string,
  seconds: string,
  act: (drover: LiveDrover) => Promise<void>,
): Promise<void> {
  const spool = join(FOLDER, name);
  mkdirSync(spool);
  const load = server.load(43);
  const drover = LiveDrover.onTerminal([
    'attach',
    String(server.master),
    '--no-tui',
    '--engine',
    'strace',
    '--for',
    seconds,
    '--spool',
    spool,
  ]);
  try {
    await until('the question', () => drover.stdout.includes('Enter = go'));
    assert.ok(
      server.pids.every((pid) => tracerOf(pid) === 0),
      'traced before the answer',
    );
    drover.terminal('key 0d');
    await drover.traces();
    await act(drover);
    load.stop();
    await server.recovers(rate);
    await until('no tracer to be left', () => tracersIn(spool).length === 0, 3_000);
  } finally {
    load.stop();
    drover.kill();
  }
}

test('Ctrl-C at the question, and while bpftrace starts: nothing is traced, nothing is left', LIVE, async () => {
  const spool = join(FOLDER, 'never');
  mkdirSync(spool);
  const words = ['attach', String(server.master), '--for', '9s', '--spool', spool];
  const asked = LiveDrover.onTerminal([...words, '--engine', 'strace']);
  await until('the question', () => asked.stdout.includes('q = no'));
  asked.terminal('key 03');
  assert.equal((await asked.ended).code, 130);
  const starting = LiveDrover.onTerminal([...words, '--engine', 'bpftrace']);
  await until('bpftrace to start', () => tracersIn(spool).some((pid) => readProcess(pid)?.name === 'bpftrace'));
  starting.terminal('key 03');
  assert.equal((await starting.ended).code, 130);
  assert.deepEqual(readdirSync(spool), []);
  await until('no tracer to be left', () => tracersIn(spool).length === 0, 8_000);
});

test('Ctrl-Z: drover stops, strace does not, the workers go on, and fg brings the report', LIVE, async () => {
  await survivesOnTerminal('ctrl-z', '3s', async (drover) => {
    drover.terminal('key 1a');
    const [stopped = 0] = processesWith('ctrl-z').filter((pid) => readProcess(pid)?.name === 'node');
    await until('drover to stop', () => readProcess(stopped)?.state === 'T');
    assert.ok((await server.rate(500)) > 0, 'no answer while drover is stopped');
    await until('strace to leave', () => server.pids.every((pid) => tracerOf(pid) === 0), 5_000);
    process.kill(stopped, 'SIGCONT');
    await until('the report', () => /Detached from 4 processes[\s\S]*LIVE /.test(drover.stdout));
  });
});

test('a terminal that hangs: drover cannot draw, the workers go on, strace leaves in time', LIVE, async () => {
  await survivesOnTerminal('hung', '4s', async (drover) => {
    // Ctrl-S: the next write to the terminal does not return, as on a dead link.
    drover.terminal('key 13');
    drover.terminal('deaf');
    await pause(1_000);
    assert.ok((await server.rate(700)) > 0, 'no answer while the terminal hangs');
    await until('strace to leave', () => server.pids.every((pid) => tracerOf(pid) === 0), 6_000);
    const [hung = 0] = processesWith('/hung').filter((pid) => readProcess(pid)?.name === 'node');
    // It may have been reading a moment ago; then it stands in its write.
    await until('drover to hang', () => readProcess(hung)?.state === 'S', 3_000);
    drover.terminal('hang-up');
  });
});

test('a terminal that goes away: drover ends, and the tracer with it', LIVE, async () => {
  await survivesOnTerminal('gone', LONG, async (drover) => {
    drover.terminal('hang-up');
    await drover.ended;
  });
});

test('a spool that somebody removes in the middle: the capture ends as planned', LIVE, async () => {
  await survives('removed', '2s', [], async (drover) => {
    rmSync(join(FOLDER, 'removed'), { recursive: true });
    const { code } = await drover.ended;
    assert.ok(code === 0 || code === 3, drover.stderr);
    assert.match(drover.stderr, /Detached from 4 processes, all running/);
  });
});
