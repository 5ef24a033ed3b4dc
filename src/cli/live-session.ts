import { createInterface } from 'node:readline/promises';
import { AttachError } from '../sources/live/attach-error.ts';
import type { CaptureEnd, LiveCapture } from '../sources/live/capture.ts';
import { prepareCapture } from '../sources/live/prepare.ts';
import { megabytes } from '../sources/live/spool.ts';
import { startCapture } from '../sources/live/start-capture.ts';
import type { CaptureFlags } from './attach-command.ts';
import { UsageError } from './usage-error.ts';

/** Signals that end the program without a report; their numbers make the exit codes. */
const FATAL = { SIGHUP: 1, SIGTERM: 15 } as const;
const INTERRUPTED = 130;
const SHOWN_PIDS = 12;

/** Reads the pids of a command. Throws `UsageError`. */
export function pidsOf(words: readonly string[]): number[] {
  return words.flatMap((word) =>
    word.split(',').map((part) => {
      if (!/^[1-9]\d{0,9}$/.test(part)) throw new UsageError(`"${word}" is not a pid.`, { hint: 'Give numbers: drover attach 4711' });
      return Number(part);
    }),
  );
}

/** Checks, asks, and starts the tracer; null when the user would rather not. `reserveSeconds` may be added to its time later. Throws `AttachError`. */
export async function startSession(
  pids: readonly number[],
  flags: CaptureFlags,
  notice: (sentence: string) => void,
  reserveSeconds = 0,
): Promise<LiveCapture | null> {
  const { engine, processes, why } = prepareCapture(pids, { engine: flags.engine, family: flags.family });
  if (why !== '') notice(why);
  const { save, spool, maxSpool, program } = flags;
  const start = (chosen: typeof engine) =>
    untilInterrupted((signal) =>
      startCapture(chosen, processes, { save, spool, mostBytes: maxSpool, seconds: flags.for + reserveSeconds, program, signal }),
    );
  if (engine === 'bpftrace') {
    try {
      return await start('bpftrace');
    } catch (error) {
      // Whether a kernel lets bpftrace in shows only when it tries.
      if (flags.engine !== 'auto' || !(error instanceof AttachError)) throw error;
      prepareCapture(pids, { engine: 'strace', family: flags.family });
      notice(`Using strace, which slows the server down more. ${error.message}`);
    }
  }
  return (await agreed(processes.length, flags)) ? start('strace') : null;
}

/** Ctrl-C while a tracer starts: it is stopped and its files are removed, then drover ends. */
async function untilInterrupted<Result>(start: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  try {
    return await start(interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.exit(INTERRUPTED);
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

/** What to say when the tracing has begun. */
export function beginning({ engine, processes, refused }: LiveCapture, seconds: number): string {
  const traced = processes.map(({ pid }) => pid).filter((pid) => !refused.includes(pid));
  const count = traced.length === 1 ? '1 process' : `${traced.length} processes`;
  const more = traced.length > SHOWN_PIDS ? ` and ${traced.length - SHOWN_PIDS} more` : '';
  const without = refused.length === 0 ? '' : ` It was refused ${refused.join(' ')}; drover doctor ${refused[0]} may tell why.`;
  return `Tracing ${count} with ${engine.name} for ${seconds} s (${traced.slice(0, SHOWN_PIDS).join(' ')}${more}). Ctrl-C ends it early.${without}`;
}

/** Makes Ctrl-C detach, a second one force it, and signals that end drover detach first. */
export function detachOnSignals(capture: LiveCapture, say: (sentence: string) => void): void {
  let askedBefore = false;
  process.on('SIGINT', () => {
    if (capture.isOver || askedBefore) {
      capture.kill();
      process.exit(INTERRUPTED);
    }
    askedBefore = true;
    say(`${capture.engine.runsProgram ? 'Ending the program' : 'Detaching'}; Ctrl-C again forces it.`);
    capture.stop();
  });
  for (const [signal, number] of Object.entries(FATAL)) {
    process.once(signal, () => {
      capture.stop();
      void capture.ended.then((end) => {
        say(`Stopped by ${signal}; nothing was reported. ${end.detached} The capture is ${capture.file}.`);
        process.exit(128 + number);
      });
    });
  }
}

/** What to say when a capture is over: why, what became of the processes, where the capture is. */
export function farewell(capture: LiveCapture, { sentence, detached, bytes }: CaptureEnd): string[] {
  const kept = `The capture (${megabytes(bytes)}) is ${capture.file}. It holds what clients sent; only you can read it.`;
  return [...(sentence === '' ? [] : [sentence]), detached, kept];
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
      `strace will slow ${count === 1 ? 'this process' : `these ${count} processes`} down while it runs (often 2x, worst case 100x). It stops by itself after ${seconds} s.\n` +
        'gunicorn kills a worker that is silent for its --timeout. Enter = go, q = no: ',
    );
    const answer = await Promise.race([question, closed]);
    return !/^\s*[qn]/i.test(answer);
  } finally {
    asking.close();
  }
}
