import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Argv } from '../launch.ts';
import { Offspring } from '../offspring.ts';
import { readStartTicks } from '../process-facts.ts';
import { canBeStopped, letGo, letGoNow } from './let-go.ts';
import type { Sampler } from './sampler.ts';

/** A sampler is ended after so long: it may hang, as any program may. */
const SAMPLER_SECONDS = 5;
const MOST_BYTES = 2_000_000;
/** Its guards end it after their time and a second; one that survives them is waited for no longer. */
const PATIENCE_MS = (SAMPLER_SECONDS + 2) * 1_000;
/** What it printed is there when it ends; a process that it left behind may hold its output open. */
const BEHIND_MS = 300;
/** What it saw is not waited for longer than that. */
const LET_GO_MS = 3_000;

/**
 * Runs a sampler and gives what it printed until its end, its time or too much of it; null when it could not be
 * started, or when it would stop a process that may not go on afterwards. It survives neither drover nor its time, and
 * writes no file. Never throws.
 */
export async function runSampler(
  sampler: Sampler,
  pid: number,
  tid: number,
  cancelled: AbortSignal,
): Promise<string | null> {
  if (!sampler.stops) return printedBy(sampler, pid, tid, cancelled);
  const startTicks = readStartTicks(pid);
  if (!canBeStopped(pid)) return null;
  const letGoAtExit = (): void => letGoNow(pid, startTicks);
  process.once('exit', letGoAtExit);
  const printed = await printedBy(sampler, pid, tid, cancelled);
  // A sampler that was ended while it attached may have left the process stopped.
  const lettingGo = letGo(pid, startTicks).then(() => process.removeListener('exit', letGoAtExit));
  await Promise.race([lettingGo, pause(LET_GO_MS, undefined, { ref: false })]);
  return printed;
}

function printedBy(sampler: Sampler, pid: number, tid: number, cancelled: AbortSignal): Promise<string | null> {
  const [program, ...words] = guardedSampler(sampler.command(pid, tid));
  const offspring = new Offspring();
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      // No key pressed in the terminal reaches it.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...sampler.environment, ...offspring.environment },
    });
    const ask = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      } catch {
        // It ended a moment ago.
      }
    };
    const kill = (): void => {
      if (child.pid !== undefined) offspring.kill(child.pid);
    };
    const chunks: Buffer[] = [];
    let bytes = 0;
    let wasStarted = true;
    const settle = (): void => {
      if (cancelled.aborted) kill();
      clearTimeout(late);
      clearTimeout(behind);
      cancelled.removeEventListener('abort', ask);
      process.removeListener('exit', kill);
      child.stdout.destroy();
      // What was printed counts, whatever the exit code: eu-stack fails when it could not unwind one of many threads.
      resolve(wasStarted ? Buffer.concat(chunks).toString('utf8', 0, MOST_BYTES) : null);
    };
    let behind: NodeJS.Timeout | undefined;
    const late = setTimeout(() => {
      kill();
      settle();
    }, PATIENCE_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) kill();
    });
    child.stdout.on('error', () => undefined);
    child.once('error', () => {
      wasStarted = child.pid !== undefined;
      settle();
    });
    child.once('exit', () => {
      behind = setTimeout(() => {
        kill();
        settle();
      }, BEHIND_MS);
    });
    child.once('close', settle);
    // Before the process is let go.
    process.prependOnceListener('exit', kill);
    cancelled.addEventListener('abort', ask, { once: true });
    if (cancelled.aborted) ask();
  });
}

/** The command under its guards: the death of drover, its time, and no file or core of its own. */
function guardedSampler(command: Argv): Argv {
  return [
    'setpriv',
    '--pdeathsig',
    'TERM',
    'timeout',
    '--signal=TERM',
    '--kill-after=1',
    String(SAMPLER_SECONDS),
    'prlimit',
    `--fsize=${MOST_BYTES}`,
    '--core=0',
    ...command,
  ];
}
