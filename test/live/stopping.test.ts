import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runSampler } from '../../src/sources/live/code/run-sampler.ts';
import type { Sampler } from '../../src/sources/live/code/sampler.ts';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LIVE_FOLDER, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';

/** A process that cannot be stopped at once must not be found stopped a moment later. */
const LIVE = needsLive('eu-stack');

/** Looks with eu-stack after a while. */
function euStackAfter(seconds: number): Sampler {
  return {
    name: 'eu-stack',
    stops: true,
    command: (pid) => ['sh', '-c', `sleep ${seconds}; exec eu-stack -p ${pid}`],
    read: () => [],
  };
}

/** A process that waits uninterruptibly in a while, for a while. */
async function withWaiting(before: number, lasts: number, act: (pid: number) => Promise<void>): Promise<void> {
  const child: ChildProcess = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'python3', join(LIVE_FOLDER, 'uninterruptible.py'), String(before), String(lasts)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  try {
    await until('it to begin', () => said.includes('begins'));
    await act(child.pid ?? 0);
    await until('it to run', () => said.includes('runs'));
    const runs = said.length;
    await until('it to run on', () => said.length > runs);
    assert.notEqual(stateOf(child.pid ?? 0), 'T');
  } finally {
    child.kill('SIGKILL');
  }
}

function stateOf(pid: number): string | undefined {
  return readProcess(pid)?.state;
}

function pendingIn(pid: number): string {
  return /^SigPnd:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '';
}

const never = new AbortController().signal;

test('a process that waits uninterruptibly is not stopped for a look', LIVE, () =>
  withWaiting(0, 2, async (pid) => {
    await until('it to wait', () => stateOf(pid) === 'D');
    assert.equal(await runSampler(euStackAfter(0), pid, pid, never), null);
    assert.equal(BigInt(`0x${pendingIn(pid)}`), 0n);
  }),
);

test('one that begins to wait while it is being stopped runs on afterwards', LIVE, () =>
  withWaiting(0.4, 9, async (pid) => {
    const looking = runSampler(euStackAfter(1), pid, pid, never);
    await until('the stop to wait for it', () => BigInt(`0x${pendingIn(pid)}`) !== 0n);
    assert.equal(stateOf(pid), 'D');
    await looking;
    assert.equal(BigInt(`0x${pendingIn(pid)}`), 0n);
  }),
);

test('drover that ends at that moment takes the stop back', LIVE, () =>
  withWaiting(0.4, 4, async (pid) => {
    const program = `
      const { runSampler } = await import(${JSON.stringify(new URL('../../src/sources/live/code/run-sampler.js', import.meta.url).href)});
      const command = (pid) => ['sh', '-c', 'sleep 1; exec eu-stack -p ' + pid];
      void runSampler({ name: 'eu-stack', stops: true, command, read: () => [] }, ${pid}, ${pid}, new AbortController().signal);
      process.stdin.once('data', () => process.exit(130));`;
    const drover = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = new Promise((resolve) => drover.once('exit', resolve));
    await until('the stop to wait for it', () => BigInt(`0x${pendingIn(pid)}`) !== 0n);
    drover.stdin.write('end\n');
    assert.equal(await ended, 130);
    assert.equal(BigInt(`0x${pendingIn(pid)}`), 0n);
  }),
);

test('a process that somebody stopped stays stopped', LIVE, async () => {
  const child = spawn('sleep', ['30'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  try {
    child.kill('SIGSTOP');
    await until('it to stop', () => stateOf(pid) === 'T');
    assert.equal(await runSampler(euStackAfter(0), pid, pid, never), null);
    await pause(100);
    assert.equal(stateOf(pid), 'T');
  } finally {
    child.kill('SIGKILL');
  }
});
