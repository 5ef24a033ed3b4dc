import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runSampler } from '../../src/sources/live/code/run-sampler.ts';
import type { Sampler } from '../../src/sources/live/code/sampler.ts';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LIVE_FOLDER, processesWith, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';

/** A process that cannot be stopped at once must not be found stopped a moment later. */
const LIVE = needsLive('eu-stack');

/** Words of a shell: eu-stack, once the process waits uninterruptibly. */
function euStackOf(pid: number): string {
  return `until grep -q '^State:.D' /proc/${pid}/status; do sleep 0.05; done; exec eu-stack -p ${pid}`;
}

const EU_STACK: Sampler = {
  name: 'eu-stack',
  stops: true,
  command: (pid) => ['sh', '-c', euStackOf(pid)],
  read: () => [],
};

/** A process that runs until it is told to wait uninterruptibly, and does so until it is told again. */
class Waiting {
  readonly #child: ChildProcess;
  #said = '';

  constructor() {
    const words = ['--pdeathsig', 'KILL', 'python3', join(LIVE_FOLDER, 'uninterruptible.py')];
    this.#child = spawn('setpriv', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#said += text.toString();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get state(): string | undefined {
    return readProcess(this.pid)?.state;
  }

  /** A SIGSTOP is on its way to it. */
  get willStop(): boolean {
    const pending = /^SigPnd:\t(.*)$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1] ?? '0';
    return BigInt(`0x${pending}`) !== 0n;
  }

  begins(): Promise<void> {
    return until('it to begin', () => this.#said.includes('begins'));
  }

  async waits(): Promise<void> {
    this.#child.stdin?.write('wait\n');
    await until('it to wait', () => this.state === 'D');
  }

  async runsOn(): Promise<void> {
    this.#child.stdin?.write('run\n');
    await until('it to run', () => this.#said.includes('runs'));
    const before = this.#said.length;
    await until('it to run on', () => this.#said.length > before);
    assert.notEqual(this.state, 'T');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
  }
}

async function withWaiting(act: (waiting: Waiting) => Promise<void>): Promise<void> {
  const waiting = new Waiting();
  try {
    await waiting.begins();
    await act(waiting);
  } finally {
    waiting.kill();
  }
}

const never = new AbortController().signal;

test('a process that waits uninterruptibly is not stopped for a look', LIVE, () =>
  withWaiting(async (waiting) => {
    await waiting.waits();
    assert.equal(await runSampler(EU_STACK, waiting.pid, waiting.pid, never), null);
    assert.equal(waiting.willStop, false);
    await waiting.runsOn();
  }),
);

test('one that begins to wait while it is being stopped runs on afterwards', LIVE, () =>
  withWaiting(async (waiting) => {
    const looking = runSampler(EU_STACK, waiting.pid, waiting.pid, never);
    await until('somebody to look', () => processesWith(euStackOf(waiting.pid)).length > 0);
    await waiting.waits();
    await until('the stop to wait for it', () => waiting.willStop);
    await looking;
    assert.equal(waiting.state, 'D');
    assert.equal(waiting.willStop, false);
    await waiting.runsOn();
  }),
);

test('drover that ends at that moment takes the stop back', LIVE, () =>
  withWaiting(async (waiting) => {
    const { pid } = waiting;
    const module = new URL('../../src/sources/live/code/run-sampler.js', import.meta.url).href;
    const program = `
      const { runSampler } = await import(${JSON.stringify(module)});
      const command = () => ['sh', '-c', ${JSON.stringify(euStackOf(pid))}];
      void runSampler({ name: 'eu-stack', stops: true, command, read: () => [] }, ${pid}, ${pid}, new AbortController().signal);
      process.stdin.once('data', () => process.exit(130));`;
    const drover = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    try {
      const ended = new Promise((resolve) => drover.once('exit', resolve));
      // One of them is the drover.
      await until('somebody to look', () => processesWith(euStackOf(pid)).length > 1);
      await waiting.waits();
      await until('the stop to wait for it', () => waiting.willStop);
      drover.stdin.write('end\n');
      assert.equal(await ended, 130);
      assert.equal(waiting.willStop, false);
      await waiting.runsOn();
    } finally {
      drover.kill('SIGKILL');
    }
  }),
);

test('a process whose tracer comes back late is let go then', LIVE, () =>
  withWaiting(async (waiting) => {
    const { pid } = waiting;
    // It stops the process and leaves it so, seconds after whoever started it has ended, and nobody can tell any more
    // who that was: else it would have been ended with the sampler.
    const program = [
      'import ctypes, os, signal, time',
      'libc = ctypes.CDLL(None)',
      `assert libc.ptrace(16, ${pid}, None, None) == 0`,
      `os.waitpid(${pid}, 0x40000000)`,
      'time.sleep(6)',
      `libc.ptrace(17, ${pid}, None, ctypes.c_void_p(signal.SIGSTOP))`,
    ].join('; ');
    const wait = `until grep -q '^State:.t' /proc/${pid}/status; do sleep 0.05; done`;
    const command = (): [string, ...string[]] => [
      'sh',
      '-c',
      `env -i "PATH=$PATH" setsid python3 -c '${program}' & ${wait}`,
    ];
    await runSampler({ name: 'gdb', stops: true, read: () => [], command }, pid, pid, never);
    // Nobody waited for it.
    assert.equal(waiting.state, 't');
    await until('it to be let go', () => readProcess(pid)?.tracer === 0 && waiting.state === 'S');
    await waiting.waits();
    await waiting.runsOn();
  }),
);

test('a process that somebody stopped stays stopped', LIVE, async () => {
  const child = spawn('sleep', ['30'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const state = (): string | undefined => readProcess(pid)?.state;
  try {
    child.kill('SIGSTOP');
    await until('it to stop', () => state() === 'T');
    assert.equal(await runSampler(EU_STACK, pid, pid, never), null);
    await pause(100);
    assert.equal(state(), 'T');
  } finally {
    child.kill('SIGKILL');
  }
});
