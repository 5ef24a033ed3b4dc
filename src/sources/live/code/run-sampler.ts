import type { Command } from '../launch.ts';

/** A sampler is ended after so long: it may hang, as any program may. */
export const SAMPLER_SECONDS = 3;
const MOST_BYTES = 2_000_000;

/**
 * Runs a sampler and gives what it printed; null when it failed, took too long or printed too much. It survives neither
 * drover nor its time, and writes no file. Never throws.
 */
export async function runSampler(command: Command): Promise<string | null> {
  // Imported here because it costs 80 ms of the start.
  const { execa } = await import('execa');
  const [program, ...words] = guardedSampler(command);
  const { stdout, failed } = await execa(program, words, {
    // No key pressed in the terminal reaches it.
    detached: true,
    stdin: 'ignore',
    stderr: 'ignore',
    reject: false,
    cleanup: false,
    maxBuffer: MOST_BYTES,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
  });
  return failed || typeof stdout !== 'string' ? null : stdout;
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
