import type { Command } from '../launch.ts';
import { readProcess } from '../process-facts.ts';
import type { Sampler } from './sampler.ts';

/** A sampler is ended after so long: it may hang, as any program may. */
const SAMPLER_SECONDS = 5;
const MOST_BYTES = 2_000_000;

/**
 * Runs a sampler and gives what it printed until its end, its time or too much of it; null when it could not be
 * started. It survives neither drover nor its time, and writes no file. Never throws.
 */
export async function runSampler(
  sampler: Sampler,
  pid: number,
  tid: number,
  cancelled: AbortSignal,
): Promise<string | null> {
  // Imported here because it costs 80 ms of the start.
  const { execa } = await import('execa');
  const wasStopped = readProcess(pid)?.state === 'T';
  const [program, ...words] = guardedSampler(sampler.command(pid, tid));
  const { stdout } = await execa(program, words, {
    // No key pressed in the terminal reaches it.
    detached: true,
    stdin: 'ignore',
    stderr: 'ignore',
    reject: false,
    cleanup: false,
    cancelSignal: cancelled,
    maxBuffer: MOST_BYTES,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...sampler.environment },
  });
  if (sampler.stops && !wasStopped) letGo(pid);
  // What was printed counts, whatever the exit code: eu-stack fails when it could not unwind one of many threads.
  return typeof stdout === 'string' ? stdout : null;
}

/** A sampler that was ended while it attached may have left the process stopped. */
function letGo(pid: number): void {
  const found = readProcess(pid);
  if (found?.state !== 'T' || found.tracer !== 0) return;
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It ended a moment ago.
  }
}

/** The command under its guards: the death of drover, its time, and no file or core of its own. */
export function guardedSampler(command: Command): Command {
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
