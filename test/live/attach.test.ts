import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Finding, Report } from '../../src/analysis/report.ts';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start({ workers: 5 });
});
after(() => server?.stop());

/** Connections that come one by one, a loop that does not yield, and clients that leave in the middle of a reply. */
async function trouble(): Promise<void> {
  for (let connection = 0; connection < 61; connection++) {
    void server.get('/');
    await pause(13);
    if (connection % 13 === 5) void server.leave('/parts', 100);
    if (connection === 47) void server.get('/stall');
  }
  await pause(700);
}

/** Of any severity: strace makes the herd larger than it is, bpftrace shows the small one that there is. */
function kinds({ findings }: Report): string[] {
  return findings.map(({ kind }) => kind);
}

/** Attaches for four seconds of trouble. */
async function captured(engine: 'strace' | 'bpftrace', saved: string): Promise<Report> {
  const [worker = 0] = server.workers;
  const drover = await LiveDrover.start([
    'attach',
    String(worker),
    '--engine',
    engine,
    '--for',
    '4s',
    '--save',
    saved,
    '--force',
    '--json',
  ]);
  await pause(700);
  await trouble();
  const { code } = await drover.ended;
  const { stdout, stderr } = drover;
  assert.equal(code, 0, stderr);
  assert.ok(stderr.includes(`Tracing 6 processes with ${engine} for 4 s`), stderr);
  assert.match(stderr, /Detached from 6 processes, all running\./);
  return JSON.parse(stdout);
}

for (const engine of ['strace', 'bpftrace'] as const) {
  test(
    `${engine} finds a herd, a stall and an EPIPE of a running server, and what was saved is read to the same report`,
    LIVE,
    async () => {
      const saved = join(FOLDER, `saved.${engine}`);
      let report = await captured(engine, saved);
      // Untraced, how many wake for a connection depends on how many processors are free at that moment: on a busy
      // machine hardly any.
      for (let again = 0; again < 3 && !kinds(report).includes('thundering-herd'); again++)
        report = await captured(engine, saved);
      for (const kind of ['thundering-herd', 'loop-stall', 'broken-pipe'])
        assert.ok(kinds(report).includes(kind), `${kind} in ${kinds(report)}`);
      const stall = report.findings.find(({ kind }) => kind === 'loop-stall') as Finding;
      assert.equal(stall.metrics.cause, 'sleep');
      assert.ok(
        Number(stall.metrics.longestMs) >= 370 && Number(stall.metrics.longestMs) < 900,
        String(stall.metrics.longestMs),
      );
      assert.equal(report.source.kind, 'live');
      assert.equal(report.quality.grade, 'good', JSON.stringify(report.quality));

      const again: Report = reportIn(await runDrover(['analyze', saved, '--json']));
      assert.deepEqual({ ...again, source: { ...again.source, kind: 'live' } }, report);
      assert.equal(statSync(saved).mode & 0o777, 0o600);
    },
  );
}

test('what is being started is said before drover has used 0.3 s of a processor', LIVE, async () => {
  const hook = `const write = process.stderr.write.bind(process.stderr); let first = true;
    process.stderr.write = (...words) => {
      if (first) { first = false; const { user, system } = process.cpuUsage(); write('used ' + (user + system) + '\\n'); }
      return write(...words);
    };`;
  // A busy machine is late; how much is done until then is the same.
  const { stderr } = await runDrover(
    ['attach', String(server.master), '--engine', 'strace', '--for', '1s', '--spool', FOLDER],
    { environment: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}` } },
  );
  const used = Number(/^used (\d+)$/m.exec(stderr)?.[1]);
  assert.match(stderr, /^drover: Starting strace for 6 processes\./m);
  assert.ok(used < 300_000, `${used} microseconds`);
});

test('without --engine bpftrace is taken where it works', LIVE, async () => {
  const { code, stderr } = await runDrover(['attach', String(server.master), '--for', '1s', '--spool', FOLDER]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Tracing 6 processes with bpftrace for 1 s/);
});

test(
  'a bpftrace that cannot start is told, and strace taken instead; named by --engine it is an error: 4',
  LIVE,
  async () => {
    const tools = join(FOLDER, 'tools');
    mkdirSync(tools);
    writeFileSync(join(tools, 'bpftrace'), '#!/bin/sh\necho "ERROR: Kernel lockdown is enabled" >&2\nexit 1\n', {
      mode: 0o755,
    });
    const environment = { PATH: `${tools}:${process.env.PATH}` };
    const words = ['attach', String(server.master), '--for', '1s', '--spool', FOLDER];
    const auto = await runDrover(words, { environment });
    assert.equal(auto.code, 0, auto.stderr);
    assert.match(auto.stderr, /Using strace, .* bpftrace could not start: Kernel lockdown is enabled\.\n/);
    assert.match(auto.stderr, /Tracing 6 processes with strace for 1 s/);
    const named = await runDrover([...words, '--engine', 'bpftrace'], { environment });
    assert.equal(named.code, 4);
    assert.match(
      named.stderr,
      /\ndrover: bpftrace could not start: Kernel lockdown is enabled\.\n {2}Use --engine strace/,
    );
  },
);

test('a bpftrace that takes long to start is said to be still starting', LIVE, async () => {
  const tools = join(FOLDER, 'slow-tools');
  mkdirSync(tools);
  const bpftrace = execFileSync('sh', ['-c', 'command -v bpftrace'], { encoding: 'utf8' }).trim();
  writeFileSync(
    join(tools, 'bpftrace'),
    `#!/bin/sh\ncase "$*" in *.bt|*/fd/*) sleep 5;; esac\nexec ${bpftrace} "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const words = ['attach', String(server.master), '--engine', 'bpftrace', '--for', '1s', '--spool', FOLDER];
  const { code, stderr } = await runDrover(words, { environment: { PATH: `${tools}:${process.env.PATH}` } });
  assert.equal(code, 0, stderr);
  const starting = stderr.indexOf('Starting bpftrace for 6 processes');
  const still = stderr.indexOf(
    'bpftrace is still starting after 5 s, as on a host that is short of CPU time. Ctrl-C gives up.',
  );
  const tracing = stderr.indexOf('Tracing 6 processes with bpftrace');
  assert.ok(0 <= starting && starting < still && still < tracing, stderr);
});

test('a worker that somebody stopped before is named at the start, and is left as it was', LIVE, async () => {
  const [worker = 0] = server.workers;
  process.kill(worker, 'SIGSTOP');
  try {
    await until('it to be stopped', () => readProcess(worker)?.state === 'T');
    const words = ['attach', String(server.master), '--engine', 'bpftrace', '--for', '1s', '--spool', FOLDER];
    const { code, stderr } = await runDrover(words);
    assert.equal(code, 0, stderr);
    const named = `Process ${worker} is stopped (state T) and cannot serve anybody until: kill -CONT ${worker}`;
    assert.ok(stderr.includes(`drover: ${named}\n`), stderr);
    assert.match(stderr, /Detached from 6 processes, 5 running \(1 was stopped before and still is\)\./);
  } finally {
    process.kill(worker, 'SIGCONT');
  }
});

test('the number of a thread means its process, once', LIVE, async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    const pid = child.pid ?? 0;
    const tids = (): string[] => readdirSync(`/proc/${pid}/task`);
    await until('its threads', () => tids().length > 3);
    const words = ['attach', ...tids().slice(1, 3), '--engine', 'strace', '--for', '1s', '--spool', FOLDER];
    const { stderr } = await runDrover(words);
    assert.match(stderr, new RegExp(`Tracing 1 process with strace for 1 s \\(${pid}\\)`));
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that strace is refused does not keep it from the others, and is named', LIVE, async () => {
  const tools = join(FOLDER, 'refusing');
  mkdirSync(tools);
  const script = `#!/bin/bash
words=("$@")
last=\${words[-1]}
echo "strace: attach: ptrace(PTRACE_SEIZE, $last): Operation not permitted" >&2
exec ${execFileSync('sh', ['-c', 'command -v strace'], { encoding: 'utf8' }).trim()} "\${words[@]:0:\${#words[@]}-2}"
`;
  writeFileSync(join(tools, 'strace'), script, { mode: 0o755 });
  const environment = { PATH: `${tools}:${process.env.PATH}` };
  const words = ['attach', String(server.master), '--engine', 'strace', '--for', '1s', '--spool', FOLDER];
  const { code, stderr } = await runDrover(words, { environment });
  assert.equal(code, 0, stderr);
  const last = server.pids.at(-1);
  assert.match(
    stderr,
    new RegExp(
      `Tracing 5 processes with strace for 1 s \\([\\d ]+\\)\\. .*It may not trace ${last}: drover doctor ${last} says why\\.`,
    ),
  );
});

test(
  'without --save the capture stays in a folder of its own that only its owner may enter, and the report says where',
  LIVE,
  async () => {
    const spool = join(FOLDER, '.');
    const known = readdirSync(spool);
    const { code, stderr } = await runDrover([
      'attach',
      String(server.master),
      '--engine',
      'strace',
      '--for',
      '1s',
      '--spool',
      spool,
      '--md',
    ]);
    assert.equal(code, 0, stderr);
    const [folder = '', ...others] = readdirSync(spool).filter((name) => !known.includes(name));
    assert.deepEqual(others, []);
    const capture = join(spool, folder, 'trace.strace');
    assert.equal(statSync(join(spool, folder)).mode & 0o777, 0o700);
    assert.equal(statSync(capture).mode & 0o777, 0o600);
    assert.ok(stderr.includes(`is ${capture}.`), stderr);
    assert.deepEqual(readdirSync(join(spool, folder)), ['trace.strace']);
  },
);

test('--no-family traces the process that was named and no other', LIVE, async () => {
  const [worker = 0] = server.workers;
  const { stderr } = await runDrover([
    'attach',
    String(worker),
    '--no-family',
    '--engine',
    'strace',
    '--for',
    '1s',
    '-q',
    '--spool',
    FOLDER,
  ]);
  assert.equal(stderr, '');
  const named = await runDrover([
    'attach',
    String(worker),
    '--no-family',
    '--engine',
    'strace',
    '--for',
    '1s',
    '--spool',
    FOLDER,
  ]);
  assert.match(named.stderr, new RegExp(`Tracing 1 process with strace for 1 s \\(${worker}\\)`));
  assert.match(named.stderr, /Detached from 1 process, running\./);
});

test('a process that another tracer has is refused with its name: 4', LIVE, async () => {
  const [worker = 0] = server.workers;
  const other: ChildProcess = spawn('strace', ['-o', '/dev/null', '-p', String(worker)], { stdio: 'ignore' });
  try {
    await until('the other strace', () => readProcess(worker)?.tracer !== 0);
    // Of a whole server such a process is left out: held.test.ts.
    const { code, stdout, stderr } = await runDrover(['attach', String(worker), '--engine', 'strace', '--for', '1s']);
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(
      stderr,
      new RegExp(`^drover: Process ${worker} \\(gunicorn\\) is already traced by pid ${other.pid} \\(strace\\)\\.`),
    );
  } finally {
    other.kill('SIGINT');
    await until('the other strace to leave', () => readProcess(worker)?.tracer === 0);
  }
});

test('a process that is not there: 4, with the servers that are; nobody of that name: 4', LIVE, async () => {
  const gone = await runDrover(['attach', '4194303']);
  assert.equal(gone.code, 4);
  assert.match(gone.stderr, /^drover: No process 4194303\. It may have been replaced: [\s\S]*gunicorn now runs as \d+/);
  const word = await runDrover(['attach', 'gunicron']);
  assert.equal(word.code, 4);
  assert.match(word.stderr, /^drover: No process is called gunicron\./);
});

test('a place that cannot be written or is full is refused before anything is traced: 4', LIVE, async () => {
  const { code, stderr } = await runDrover([
    'attach',
    String(server.master),
    '--engine',
    'strace',
    '--save',
    join(FOLDER, 'absent', 'x.strace'),
  ]);
  assert.equal(code, 4);
  assert.match(
    stderr,
    /^drover: Cannot write the capture to .*absent\/x\.strace: there is no such directory\.\n {2}Make the directory first/,
  );
});
