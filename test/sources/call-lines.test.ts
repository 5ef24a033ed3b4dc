import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { callLines, callLinesOf } from '../../src/sources/bpftrace/call-lines.ts';
import { machineOf } from '../../src/sources/bpftrace/program.ts';
import { processCall } from '../../src/sources/live/process-call.ts';
import { readTrace } from '../parsers/read-trace.ts';
import { until } from '../support/live-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MACHINE = machineOf(process.arch) ?? 'x86-64';
const FOLDER = temporaryFolder();
const children: ChildProcess[] = [];

after(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** The calls that the lines of these processes tell of, in words. */
function calls(...pids: readonly number[]): string[] {
  const start = `event=start program=calls version=1 machine=${MACHINE} ts=1 clock=1795140800.000000\n`;
  const { inFlight, account } = readTrace(callLines(pids, MACHINE) + start, { format: bpftraceFormat });
  assert.equal(account.unparsed, 0);
  return inFlight.map(({ tid, name, args }) => `${tid} ${name}(${args})`);
}

function child(command: string): number {
  const started = spawn('sh', ['-c', command]);
  children.push(started);
  return started.pid ?? 0;
}

test('a process that waits says in what, and on what', async () => {
  const pipe = join(FOLDER, 'pipe "of" \\ jobs');
  execFileSync('mkfifo', [pipe]);
  const opening = child(`exec <'${pipe}'`);
  const expected = `${opening} openat(AT_FDCWD, ${JSON.stringify(pipe)}, O_RDONLY)`;
  await until('it to open', () => calls(opening)[0] === expected);
  const reading = child('read line');
  await until('it to read', () => /^\d+ read\(0, ""\.\.\., \d+\)$/.test(calls(reading)[0] ?? ''));
});

test('each thread has a line, and one that runs has none', async () => {
  const lines = callLines([process.pid], MACHINE).trim().split('\n');
  const tids = lines.map((line) => Number(/ tid=(\d+) /.exec(line)?.[1]));
  assert.ok(tids.length > 1 && new Set(tids).size === tids.length);
  for (const line of lines)
    assert.match(line, /^event=in ts=\d+ pid=\d+ tid=\d+ nr=\d+ a=[0-9a-f]+(?:,[0-9a-f]+){5} data=/);
  const spinning = child('while :; do :; done');
  await until(
    'it to spin',
    () => callLines([spinning], MACHINE) === '' && processCall(spinning, MACHINE)?.isRunning === true,
  );
});

test('a process that is gone has none', () => {
  assert.equal(callLines([2 ** 30], MACHINE), '');
});

test('of one thread that waits for several descriptors it is told for which', async () => {
  const waiting = child(`exec perl -e '$set = ""; vec($set, 0, 1) = 1; select($set, undef, undef, undef)'`);
  const told = (): string => callLinesOf([[waiting, waiting]], MACHINE);
  await until('it to wait', () => / data=\\x01(?:\\x00){7}\n$/.test(told()));
  const start = `event=start program=calls version=1 machine=${MACHINE} ts=1 clock=1795140800.000000\n`;
  const behind = `event=end ts=9\n@in[${waiting}]: (7, ${/ nr=(\d+) /.exec(told())?.[1]}, 1, 0, 0, 0)\n${told()}`;
  const { inFlight } = readTrace(start + behind, { format: bpftraceFormat });
  assert.deepEqual(
    inFlight.map(({ name, args }) => `${name.replace(/^pselect6$/, 'select')}(${args})`),
    ['select(64, [0], NULL, NULL)'],
  );
});
