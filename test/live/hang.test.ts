import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { machineOf } from '../../src/sources/bpftrace/program.ts';
import { processCall } from '../../src/sources/live/process-call.ts';
import { readTrace } from '../parsers/read-trace.ts';
import { until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();

test('bpftrace shows a process that hung before it came, and where', LIVE, async () => {
  const pipe = join(FOLDER, 'audit');
  const saved = join(FOLDER, 'hang.bpftrace');
  execFileSync('mkfifo', [pipe]);
  const child = spawn('sh', ['-c', `exec >'${pipe}'`]);
  try {
    const pid = child.pid ?? 0;
    await until('it to hang', () => processCall(pid, machineOf(process.arch) ?? 'x86-64')?.call === 'openat');
    const words = ['record', String(pid), '--engine', 'bpftrace', '--for', '1s', '-o', saved];
    const { code, stderr } = await runDrover(words);
    assert.equal(code, 0, stderr);
    const { inFlight, others, account } = readTrace(readFileSync(saved), { format: bpftraceFormat });
    assert.deepEqual(
      inFlight.map(({ tid, name, args, partial }) => [tid, name, args.split(', ').slice(0, 2), partial]),
      [[pid, 'openat', ['AT_FDCWD', `"${pipe}"`], true]],
    );
    const [from = 0, to = 0] = others.flatMap(({ kind, time }) => (kind === 'membership' ? [time] : []));
    assert.ok(Number(to) - Number(from) >= 900_000_000, `${from} to ${to}`);
    assert.equal(account.unparsed, 0);
  } finally {
    child.kill('SIGKILL');
  }
});
