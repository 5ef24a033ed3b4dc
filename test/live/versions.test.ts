import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Report } from '../../src/analysis/report.ts';
import { bpftraceProgram, machineOf } from '../../src/sources/bpftrace/program.ts';
import { bpftraceSettings, versionIn } from '../../src/sources/bpftrace/version.ts';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LIVE_FOLDER, LiveServer, tracersIn, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/**
 * The programs under every bpftrace that is here: that of the host, and those below the folder that BPFTRACES names
 * (`.ci/newer-bpftrace` fetches them).
 */
const LIVE = needsLive('bpftrace', 'unshare');
/** Of some 320 threads and processes that end. */
const MOST_MISSED = 3;
const FOLDER = temporaryFolder();
const NEWER = process.env.BPFTRACES ?? '';
const REQUESTS = 97;
/** What somebody must have seen to work before it is said that drover works with it. */
const WANTED = [17, 20, 22, 23, 24, 27];
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start();
});
after(() => server?.stop());

interface Bpftrace {
  readonly path: string;
  readonly name: string;
}

function found(): Bpftrace[] {
  if (LIVE.skip !== false) return [];
  const here = execFileSync('sh', ['-c', 'command -v bpftrace'], { encoding: 'utf8' }).trim();
  const suites = NEWER === '' ? [] : readdirSync(NEWER).map((suite) => join(NEWER, suite, 'bin', 'bpftrace'));
  return [here, ...suites.filter(existsSync)].map((path) => ({
    path,
    name: execFileSync(path, ['--version'], { encoding: 'utf8', cwd: FOLDER }).trim(),
  }));
}

const BPFTRACES = found();

test('what was not tried is named', LIVE, (context) => {
  const tried = BPFTRACES.map(({ name }) => versionIn(name));
  assert.ok(tried.every((version) => version !== null));
  const missing = WANTED.filter((version) => !tried.includes(version));
  context.diagnostic(`tried: ${BPFTRACES.map(({ name }) => name).join(', ')}; not here: 0.${missing.join(', 0.')}`);
});

/** A PATH on which that bpftrace is the first, with a setting that drover's own does not overrule. */
function pathTo({ path }: Bpftrace, name: string, setting = ''): Readonly<Record<string, string>> {
  const tools = join(FOLDER, name);
  mkdirSync(tools);
  writeFileSync(join(tools, 'bpftrace'), `#!/bin/sh\n${setting} exec '${path}' "$@"\n`, { mode: 0o755 });
  return { PATH: `${tools}:${process.env.PATH}` };
}

const acceptsIn = (report: Report): number => {
  const calls = report.calls.filter(({ call }) => call === 'accept4' || call === 'accept');
  const failed = calls.flatMap(({ errors }) => Object.values(errors));
  return calls.reduce((sum, { count }) => sum + count, 0) - failed.reduce((sum, count) => sum + count, 0);
};

for (const [index, bpftrace] of BPFTRACES.entries()) {
  for (const program of ['calls', 'exact', 'watch']) {
    test(`${bpftrace.name} runs ${program}.bt: every request is in the capture, every line is read`, LIVE, async () => {
      const saved = join(FOLDER, `${index}-${program}.bpftrace`);
      const words = ['record', String(server.master), '--engine', 'bpftrace', '--program', program, '--for', '40s'];
      const drover = await LiveDrover.start([...words, '-o', saved], pathTo(bpftrace, `${index}-${program}`));
      await pause(500);
      for (let request = 0; request < REQUESTS; request++) assert.notEqual(await server.get('/'), null);
      // The counts of watch.bt are printed at the end of their second.
      await pause(1_300);
      drover.signal('SIGINT');
      const { code } = await drover.ended;
      assert.equal(code, 0, drover.stderr);
      const report: Report = reportIn(await runDrover([saved, '--json']));
      const { lostEvents, unparsedLines, diagnostics } = report.quality;
      assert.deepEqual([lostEvents, unparsedLines, diagnostics], [0, 0, []]);
      assert.equal(acceptsIn(report), REQUESTS);
    });
  }

  test(`${bpftrace.name} keeps nothing in the kernel of threads and processes that have ended`, LIVE, async () => {
    const python = spawn('setpriv', ['--pdeathsig', 'KILL', 'python3', join(LIVE_FOLDER, 'short-lived.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const pid = python.pid ?? 0;
    const program = `${index}-kept.bt`;
    // As it ends without its last lines bpftrace prints all of its maps.
    const text = bpftraceProgram('exact', { pids: [pid], machine: machineOf(process.arch) ?? 'x86-64', ports: [9] });
    writeFileSync(join(FOLDER, program), text.replace(/^ {2}clear\(@(?:out|woken|told|set|blocked|queued)\);\n/gm, ''));
    const printed = join(FOLDER, `${index}-kept.txt`);
    const output = openSync(printed, 'w');
    const environment = { ...process.env, ...bpftraceSettings(64, cpus().length, versionIn(bpftrace.name)) };
    const tracer = spawn(bpftrace.path, [program], {
      stdio: ['ignore', output, 'inherit'],
      env: environment,
      cwd: FOLDER,
    });
    const ended = new Promise((resolve) => tracer.once('exit', resolve));
    try {
      await until('it to trace', () => readFileSync(printed, 'latin1').includes('event=start'), 20_000);
      await pause(1_000);
      python.stdin?.write('go\n');
      await new Promise((resolve) => python.stdout?.once('data', resolve));
      await pause(500);
      tracer.kill('SIGINT');
      await ended;
      const lines = readFileSync(printed, 'latin1');
      assert.ok([...lines.matchAll(/^event=exit /gm)].length > 300);
      const kept = [...lines.matchAll(/^@(?:out|woken|told|set|blocked|queued)\[(\d+).*/gm)];
      // The kernel runs no program inside of another one, so that it may miss the last switch of a thread now and then.
      const others = kept.filter(([, tid]) => Number(tid) !== pid).map(([line]) => line);
      assert.ok(others.length <= MOST_MISSED, others.join('\n'));
      assert.ok(kept.some(([, tid]) => Number(tid) === pid));
    } finally {
      closeSync(output);
      python.kill('SIGKILL');
      tracer.kill('SIGKILL');
    }
  });

  test(`${bpftrace.name} says what it lost, and nothing that may be a lost line is sure`, LIVE, async () => {
    const name = `${index}-lost`;
    const saved = join(FOLDER, `${name}.bpftrace`);
    const words = ['attach', String(server.master), '--engine', 'bpftrace', '--for', '40s', '--save', saved, '--json'];
    const drover = await LiveDrover.start(words, pathTo(bpftrace, name, 'BPFTRACE_PERF_RB_PAGES=1'));
    const tracer = tracersIn(FOLDER).find((pid) => readProcess(pid)?.name === 'bpftrace') ?? 0;
    assert.ok(tracer > 0);
    const load = server.rate(3_000);
    await pause(700);
    // A host without a processor to spare.
    process.kill(tracer, 'SIGSTOP');
    await pause(1_300);
    process.kill(tracer, 'SIGCONT');
    await load;
    drover.signal('SIGINT');
    const { code } = await drover.ended;
    assert.equal(code, 0, drover.stderr);
    const report: Report = JSON.parse(drover.stdout);
    assert.ok(report.quality.lostEvents > 100, JSON.stringify(report.quality));
    assert.notEqual(report.quality.grade, 'good');
    assert.deepEqual(
      report.findings.filter(({ severity, confidence }) => severity === 'critical' && confidence === 'likely'),
      [],
    );
    const again: Report = reportIn(await runDrover([saved, '--json']));
    assert.equal(again.quality.lostEvents, report.quality.lostEvents);
    await until('bpftrace to be gone', () => readProcess(tracer) === null);
  });
}
