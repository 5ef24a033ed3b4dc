import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import { machineOf } from '../../../src/sources/bpftrace/program.ts';
import { processCall } from '../../../src/sources/live/process-call.ts';
import { until } from '../../support/live-server.ts';

test('the kernel tells which call a process is in, and nothing of one that is not there', async () => {
  const machine = machineOf(process.arch) ?? 'x86-64';
  const child = spawn('sleep', ['20']);
  try {
    await until('it to sleep', () => processCall(child.pid ?? 0, machine)?.call === 'clock_nanosleep');
    assert.equal(processCall(child.pid ?? 0, machine)?.isRunning, false);
  } finally {
    child.kill();
  }
  assert.equal(processCall(2 ** 30, machine), null);
});
