import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Report, Worker } from '../../src/analysis/report.ts';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import {
  freePort,
  LIVE_FOLDER,
  LiveServer,
  processesWith,
  requestFrom,
  tracersIn,
  until,
} from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start({ workers: 2 });
});
after(() => server?.stop());

/** gunicorn's own words, on a port of its own. */
function gunicorn(port: number): string[] {
  return [
    'gunicorn',
    '--chdir',
    LIVE_FOLDER,
    '-k',
    'gevent',
    '-w',
    '2',
    '-b',
    `127.0.0.1:${port}`,
    '--log-level',
    'critical',
    'app:application',
  ];
}

async function served(port: number, count: number): Promise<void> {
  await until('the server to answer', async () => (await requestFrom(port, '/')) !== null);
  for (let request = 0; request < count; request++) await requestFrom(port, '/');
  // gunicorn loses a SIGTERM that finds a worker in the middle of its start.
  await pause(1_000);
}

test('run traces a server from its first fork on, and Ctrl-C ends it gracefully and reports', LIVE, async () => {
  const port = await freePort();
  const saved = join(FOLDER, 'run.strace');
  const drover = await LiveDrover.start(['run', '--json', '--save', saved, '--', ...gunicorn(port)]);
  try {
    await served(port, 23);
    drover.signal('SIGINT');
    const { code } = await drover.ended;
    assert.equal(code, 0, drover.stderr);
  } finally {
    drover.kill();
  }
  assert.match(drover.stderr, /The program has ended \(exit code 0\)\./);
  const report: Report = JSON.parse(drover.stdout);
  const workers = report.workers.filter(({ role }: Worker) => role === 'event-loop');
  assert.equal(workers.length, 2, JSON.stringify(report.workers));
  assert.ok(workers.reduce((sum, { accepted }) => sum + accepted, 0) >= 23);
  assert.ok(report.workers.some(({ role }) => role === 'master'));
  assert.equal(statSync(saved).mode & 0o777, 0o600);
  assert.deepEqual(processesWith(`127.0.0.1:${port}`), []);
});

test('run ends the program with drover, also when drover is killed', LIVE, async () => {
  const port = await freePort();
  const drover = await LiveDrover.start(['run', '--spool', FOLDER, '--', ...gunicorn(port)]);
  try {
    await served(port, 1);
  } finally {
    drover.signal('SIGKILL');
  }
  await until('the server and its tracer to end', () => processesWith(`127.0.0.1:${port}`).length === 0, 13_000);
});

test('run --for ends the program in time; a program that ends by itself ends the capture', LIVE, async () => {
  const port = await freePort();
  const environment = { PYTHONDONTWRITEBYTECODE: '1' };
  const timed = await runDrover(['run', '--for', '2s', '--spool', FOLDER, '--', ...gunicorn(port)], { environment });
  assert.equal(timed.code, 0, timed.stderr);
  assert.deepEqual(processesWith(`127.0.0.1:${port}`), []);
  const short = await runDrover(['run', '--spool', FOLDER, '-q', '--', 'ls', '-d', '/']);
  assert.equal(short.code, 0);
  assert.equal(short.stderr, '/\n', 'the output of the program stays apart from the report');
  const absent = await runDrover(['run', '--spool', FOLDER, '--', 'no-such-program']);
  assert.equal(absent.code, 2, absent.stderr);
  assert.match(absent.stderr, /no-such-program/);
});

test('record writes a file that analyze reads, and prints its name', LIVE, async () => {
  const file = join(FOLDER, 'recorded.strace');
  const load = server.load(43);
  const recorded = await runDrover(['record', String(server.master), '--engine', 'strace', '--for', '2s', '-o', file]);
  load.stop();
  assert.equal(recorded.code, 0, recorded.stderr);
  assert.equal(recorded.stdout, `${file}\n`);
  assert.match(recorded.stderr, /Detached from 3 processes, all running\./);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const report: Report = reportIn(await runDrover([file, '--json']));
  assert.equal(report.quality.grade, 'good');
  assert.ok(report.quality.events > 97);
});

test(
  'doctor says what works here and whether a process can be traced, with the exit code of an attach',
  LIVE,
  async () => {
    const [worker = 0] = server.workers;
    const fine = await runDrover(['doctor', String(worker)]);
    assert.equal(fine.code, 0);
    assert.match(fine.stdout, /^strace works here\n {2}ok {7}strace is installed\n/);
    assert.match(
      fine.stdout,
      new RegExp(`\nprocess ${worker} can be traced\n {2}ok {7}process ${worker} \\(gunicorn\\) can be traced\n`),
    );
    for (const program of ['calls', 'exact', 'watch'])
      assert.match(fine.stdout, new RegExp(`^ {2}ok {7}${program}\\.bt starts here \\(\\d+\\.\\d s\\)$`, 'm'));
    assert.match(fine.stdout, /^attach and record use bpftrace here$/m);
    const kernel = await runDrover(['doctor', '2']);
    assert.equal(kernel.code, 4);
    assert.match(kernel.stdout, /process 2 cannot be traced\n {2}missing {2}2 \(kthreadd\) is a thread of the kernel/);
  },
);

test('doctor cannot tell of a bpftrace that a busy host does not start in time', LIVE, async () => {
  const tools = join(FOLDER, 'starved-tools');
  mkdirSync(tools);
  // As if the time were over, for the usual program alone.
  const bpftrace = execFileSync('sh', ['-c', 'command -v bpftrace'], { encoding: 'utf8' }).trim();
  writeFileSync(
    join(tools, 'bpftrace'),
    `#!/bin/sh\ncase "$*" in *program=calls*) exit 124;; esac\nexec ${bpftrace} "$@"\n`,
    { mode: 0o755 },
  );
  const { code, stdout } = await runDrover(['doctor'], { environment: { PATH: `${tools}:${process.env.PATH}` } });
  assert.equal(code, 0);
  assert.match(stdout, /^bpftrace may work here$/m);
  assert.match(
    stdout,
    /^ {2}unknown {2}calls\.bt had not started after 15 s, as on a host that is short of CPU time$/m,
  );
  assert.match(stdout, /^ {2}ok {7}exact\.bt starts here/m);
  assert.match(stdout, /^attach and record try bpftrace here, then strace$/m);
});

test(
  'doctor names a bpftrace program that does not start with its reason, and strace as what is taken',
  LIVE,
  async () => {
    const tools = join(FOLDER, 'refusing');
    mkdirSync(tools);
    const script = `#!/bin/sh
case "$*" in *program=calls*) echo "stdin:1:2-3: ERROR: Unknown function: 'buf'." >&2; exit 1 ;; esac
exec ${execFileSync('sh', ['-c', 'command -v bpftrace'], { encoding: 'utf8' }).trim()} "$@"
`;
    writeFileSync(join(tools, 'bpftrace'), script, { mode: 0o755 });
    const { code, stdout } = await runDrover(['doctor'], { environment: { PATH: `${tools}:${process.env.PATH}` } });
    assert.equal(code, 0);
    assert.match(stdout, /^bpftrace does not work here$/m);
    assert.match(stdout, /^ {2}missing {2}calls\.bt does not start here: Unknown function: 'buf'$/m);
    assert.match(stdout, /^ {2}ok {7}exact\.bt starts here/m);
    assert.match(
      stdout,
      /^attach and record use strace here\n {2}ok {7}bpftrace cannot be used: calls\.bt does not start/m,
    );
  },
);

for (const engine of ['strace', 'bpftrace'] as const) {
  test(`record says that its ${engine} died, and ends with 5; what was recorded stays`, LIVE, async () => {
    const saved = join(FOLDER, `died.${engine}`);
    const words = ['record', String(server.master), '--engine', engine, '--for', '40s', '-o', saved];
    const drover = await LiveDrover.start(words);
    const load = server.load(43);
    await pause(900);
    for (const pid of tracersIn(FOLDER)) if (readProcess(pid)?.name === engine) process.kill(pid, 'SIGKILL');
    const { code } = await drover.ended;
    load.stop();
    assert.equal(code, 5, drover.stderr);
    assert.match(drover.stderr, new RegExp(`${engine} ended before its time`));
    assert.equal(drover.stdout, `${saved}\n`);
    assert.ok(statSync(saved).size > 0);
  });
}
