import { createInterface } from 'node:readline/promises';
import { AttachError } from '../../sources/attach-error.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import type { KernelWatch } from '../../sources/live/kernel-watch.ts';
import { prepareCapture, startCapture } from '../../sources/live/prepare.ts';
import type { ProcessFacts } from '../../sources/live/process-facts.ts';
import type { ProcessSight } from '../../sources/live/sights.ts';
import { checkPlaces } from '../../sources/live/spool.ts';
import type { CaptureFlags } from '../options/capture.ts';
import { INTERRUPTED, untilInterrupted } from './signals.ts';
import { spoken } from './spoken.ts';
import { startSummary } from './start-summary.ts';

/** A tracer takes its 3 s, and three times as long on a host without a processor to spare. */
const STILL_EVERY_MS = 5_000;

/**
 * Checks, asks, and starts the tracer; null when the user would rather not. `reserveSeconds` may be added to its time
 * later. Throws `AttachError` and `OutputError`.
 */
export async function beginCapture(
  pids: readonly number[],
  flags: CaptureFlags & { readonly isPassedOn?: boolean },
  notice: (sentence: string) => void,
  reserveSeconds = 0,
  ringSeconds?: number,
): Promise<LiveCapture | null> {
  checkPlaces(flags);
  const isWatch = flags.engine === 'watch';
  const prepared = prepareCapture(pids, {
    engine: flags.engine === 'watch' ? 'bpftrace' : flags.engine,
    family: flags.family,
  });
  const { engine, processes, why, notes } = prepared;
  if (why !== '') notice(why);
  for (const note of notes) notice(note);
  // The kernel shows such a process in the wait that it was stopped in, as if all were well.
  const stopped = processes.filter(({ state }) => state === 'T').map(({ pid }) => pid);
  if (stopped.length > 0) notice(stoppedWords(stopped));
  const { save, force, spool, maxSpool, isPassedOn } = flags;
  const program = isWatch ? 'watch' : flags.program;
  const start = (chosen: typeof engine, { processes: traced, beside, watch } = prepared) =>
    untilInterrupted((signal) =>
      sayingThatItGoesOn(
        chosen,
        notice,
        startCapture(chosen, traced, {
          save,
          force,
          spool,
          isPassedOn,
          mostBytes: maxSpool,
          seconds: flags.for + reserveSeconds,
          program,
          beside,
          watch,
          code: flags.code,
          ringSeconds,
          mostPercent: flags.maxCost,
          signal,
        }),
      ),
    );
  const begin = (chosen: typeof engine, { processes: traced, watch } = prepared) =>
    notice(startSummary(chosen, sightsOf(traced, watch), traced.length).join('\n'));
  let forStrace = prepared;
  if (engine === 'bpftrace') {
    begin('bpftrace');
    try {
      return await start('bpftrace');
    } catch (error) {
      // Whether a kernel lets bpftrace in shows only when it tries.
      if (flags.engine !== 'auto' || !(error instanceof AttachError)) throw error;
      forStrace = prepareCapture(pids, { engine: 'strace', family: flags.family });
      notice(`Using strace, which slows the server down more. ${error.message}`);
      for (const note of forStrace.notes) notice(note);
    }
  }
  if (!(await agreed(forStrace.processes.length, flags))) return null;
  if (flags.code === 'stopping') notice(HELD_BY_STRACE);
  begin('strace', forStrace);
  return start('strace', forStrace);
}

/** Without those that are looked at only. */
function sightsOf(processes: readonly ProcessFacts[], watch: KernelWatch | null): readonly ProcessSight[] {
  const traced = new Set(processes.map(({ pid }) => pid));
  return (watch?.processes ?? []).filter(({ pid }) => traced.has(pid));
}

/** A second tracer is refused. */
const HELD_BY_STRACE =
  'strace holds the processes that it traces, so that eu-stack and gdb cannot show their code (--code stopping): use ' +
  '--engine bpftrace.';

function stoppedWords(pids: readonly number[]): string {
  const who = pids.length === 1 ? `Process ${pids[0]} is` : `Processes ${pids.join(' ')} are`;
  return `${who} stopped (state T) and cannot serve anybody until: kill -CONT ${pids.join(' ')}`;
}

/** Says every few seconds that the tracer is not there yet. */
async function sayingThatItGoesOn<Result>(
  engine: string,
  notice: (sentence: string) => void,
  started: Promise<Result>,
): Promise<Result> {
  const began = performance.now();
  const saying = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1_000);
    notice(`${engine} is still starting after ${seconds} s, as on a host that is short of CPU time. Ctrl-C gives up.`);
  }, STILL_EVERY_MS);
  try {
    return await started;
  } finally {
    clearInterval(saying);
  }
}

/** strace is slow for what it traces: a person is asked first. */
async function agreed(count: number, { yes, for: seconds }: CaptureFlags): Promise<boolean> {
  if (yes === true || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    asking.once('SIGINT', () => {
      process.stderr.write('\n');
      process.exit(INTERRUPTED);
    });
    // Ctrl-D answers nothing at all, and nobody would wait for it.
    const closed = new Promise<string>((resolve) => asking.once('close', () => resolve('q')));
    const question = asking.question(
      `strace will slow ${count === 1 ? 'this process' : `these ${count} processes`} down while it runs (often 2x, ` +
        `worst case 100x). It stops by itself after ${spoken(seconds)}.\n` +
        'gunicorn kills a worker that is silent for its --timeout. Enter = go, q = no: ',
    );
    const answer = await Promise.race([question, closed]);
    return !/^\s*[qn]/i.test(answer);
  } finally {
    asking.close();
  }
}
