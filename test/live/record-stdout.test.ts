import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveServer, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { DROVER, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
const run = promisify(execFile);
const STRACE_LINE = /^\d+ +\d+\.\d{6} (?:\w+\(|<\.\.\. |\+\+\+ |--- )/;
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start();
});
after(() => server?.stop());

/** What comes out of `drover record PID -o -`, with the folder in which its capture grew. */
function recording(pid: number, words: readonly string[]) {
  const spool = mkdtempSync(join(FOLDER, 'spool-'));
  const child: ChildProcess = spawn(
    process.execPath,
    [DROVER, 'record', String(pid), '-o', '-', '--spool', spool, '--code', 'off', ...words],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said = { stderr: '' };
  child.stderr?.on('data', (text: Buffer) => {
    said.stderr += text.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const traces = () => until('drover to trace', () => /Tracing \d+ process/.test(said.stderr));
  return { child, said, ended, traces, spool };
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

function isTraced(pid: number): boolean {
  return readProcess(pid)?.tracer !== 0;
}

for (const engine of ['strace', 'bpftrace'] as const) {
  test(`${engine}: the capture goes to standard output, nothing else does, and no file of it stays`, LIVE, async () => {
    const load = server.load(41);
    const { child, said, ended, spool } = recording(server.master, ['--engine', engine, '--for', '2s']);
    const text = await textOf(child.stdout);
    load.stop();
    assert.equal(await ended, 0, said.stderr);
    assert.match(said.stderr, /The capture \(\d.*\) went to standard output/);
    const lines = text.split('\n').filter((line) => line !== '');
    assert.ok(lines.length > 100, `${lines.length} lines`);
    const shape = engine === 'strace' ? STRACE_LINE : /^(?:(?:ts|event)=|@in\[|Attach)/;
    const others = lines.filter((line) => !shape.test(line) && !line.startsWith('strace: drover: event='));
    assert.deepEqual(others, []);
    assert.deepEqual(readdirSync(spool), []);
    const { stdout } = await runDrover(['-', '--json'], { input: text });
    const report = JSON.parse(stdout);
    assert.deepEqual(report.quality.diagnostics, []);
    assert.equal(report.workers.length, server.pids.length);
  });
}

test('a reader that goes away ends the tracing, also of a process that makes no call', LIVE, async () => {
  const idle = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const { child, said, ended, traces, spool } = recording(idle.pid ?? 0, ['--engine', 'strace', '--for', '50s']);
    await traces();
    assert.ok(isTraced(idle.pid ?? 0));
    child.stdout?.destroy();
    assert.equal(await Promise.race([ended, pause(8_000, 'still there')]), 0, said.stderr);
    assert.match(said.stderr, /The reader of standard output went away\./);
    assert.match(said.stderr, /Detached from 1 process/);
    assert.ok(!isTraced(idle.pid ?? 0));
    assert.deepEqual(readdirSync(spool), []);
  } finally {
    idle.kill('SIGKILL');
  }
});

test('behind a pipe that takes five lines, drover ends and the workers run untraced', LIVE, async () => {
  const load = server.load(41);
  const command = `'${process.execPath}' '${DROVER}' record ${server.master} -o - --engine strace --for 40s -q | head -n 5`;
  const { stdout, stderr } = await run('sh', ['-c', command], { timeout: 30_000 });
  load.stop();
  assert.equal(stdout.trimEnd().split('\n').length, 5);
  assert.equal(stderr, '');
  assert.deepEqual(server.pids.filter(isTraced), []);
});

test('a reader that takes nothing for a while stops no worker, and then gets all of the capture', LIVE, async () => {
  const load = server.load(120);
  const { child, said, ended, traces } = recording(server.master, ['--engine', 'strace', '--for', '3s']);
  await traces();
  await until('the tracer to be gone', () => !server.pids.some(isTraced));
  await pause(500);
  load.stop();
  assert.equal(child.exitCode, null);
  const text = await textOf(child.stdout);
  assert.equal(await ended, 0, said.stderr);
  // More than a pipe holds, to the last line that drover puts behind a capture.
  assert.ok(text.length > 100_000, `${text.length} bytes`);
  assert.match(text, /event=cost .*\n$/);
});

test('Ctrl-C, and a signal that ends drover, detach, and what was captured still comes out', LIVE, async () => {
  for (const [signal, code] of [
    ['SIGINT', 0],
    ['SIGTERM', 143],
  ] as const) {
    const load = server.load(41);
    const { child, said, ended, traces } = recording(server.master, ['--engine', 'strace', '--for', '40s']);
    const coming = textOf(child.stdout);
    await traces();
    await pause(700);
    child.kill(signal);
    const text = await coming;
    load.stop();
    assert.equal(await ended, code, said.stderr);
    assert.ok(text.split('\n').filter((line) => STRACE_LINE.test(line)).length > 20);
    assert.deepEqual(server.pids.filter(isTraced), []);
  }
});

test('a terminal, a ring, and a report beside it are refused: 2', LIVE, async () => {
  const pid = String(server.master);
  for (const [words, message] of [
    [['record', pid, '-o', '-', '--ring', '10s', '--until', 'death'], /--ring writes a file each time/],
    [['attach', pid, '--save', '-'], /--save - would mix the capture with the report/],
    [['run', '--save', '-', '--', 'true'], /--save - would mix the capture with the report/],
  ] as const) {
    const { code, stderr } = await runDrover([...words]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  const command = `"${process.execPath}" "${DROVER}" record ${pid} -o - --for 1s`;
  const { stdout } = await run('script', ['-qec', command, '/dev/null']).catch((error) => error);
  assert.match(stdout, /The capture would be written to the terminal/);
});
