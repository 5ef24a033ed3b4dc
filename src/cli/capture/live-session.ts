import { createInterface } from 'node:readline/promises';
import { areSameName } from '../../files/file-identity.ts';
import { AttachError } from '../../sources/live/attach-error.ts';
import type { CaptureEnd, LiveCapture } from '../../sources/live/capture.ts';
import { prepareCapture } from '../../sources/live/prepare.ts';
import { checkSave } from '../../sources/live/spool.ts';
import { startCapture } from '../../sources/live/start-capture.ts';
import { mebibytes } from '../../trace/format-numbers.ts';
import type { CaptureFlags } from '../options/capture.ts';
import { UsageError } from '../usage-error.ts';

/** Signals that end the program without a report; their numbers make the exit codes. */
const FATAL = { SIGHUP: 1, SIGTERM: 15 } as const;
const ENDING = { ...FATAL, SIGINT: 2 } as const;
const INTERRUPTED = 130;
const SHOWN_PIDS = 12;

/** Reads the pids of a command. Throws `UsageError`. */
export function pidsOf(words: readonly string[]): number[] {
  return words.flatMap((word) =>
    word.split(',').map((part) => {
      if (!/^[1-9]\d{0,9}$/.test(part))
        throw new UsageError(`"${word}" is not a pid.`, { hint: 'Give numbers: drover attach 4711' });
      return Number(part);
    }),
  );
}

/** Names of files, as a command that traces and reports is given them. */
export interface NameFlags {
  readonly save?: string;
  readonly output?: string;
}

/** Throws `UsageError` when capture and report would have the same name. */
export function checkNames({ save, output }: NameFlags): void {
  if (save !== undefined && output !== undefined && areSameName(save, output))
    throw new UsageError(`--save and -o both name ${output}.`, {
      hint: 'Give the capture and the report different names.',
    });
}

/**
 * Checks, asks, and starts the tracer; null when the user would rather not. `reserveSeconds` may be added to its time
 * later. Throws `AttachError` and `OutputError`.
 */
export async function startSession(
  pids: readonly number[],
  flags: CaptureFlags,
  notice: (sentence: string) => void,
  reserveSeconds = 0,
): Promise<LiveCapture | null> {
  if (flags.save !== undefined) checkSave(flags.save, flags.force === true);
  const { engine, processes, why } = prepareCapture(pids, { engine: flags.engine, family: flags.family });
  if (why !== '') notice(why);
  const { save, force, spool, maxSpool, program } = flags;
  const start = (chosen: typeof engine) =>
    untilInterrupted((signal) =>
      startCapture(chosen, processes, {
        save,
        force,
        spool,
        mostBytes: maxSpool,
        seconds: flags.for + reserveSeconds,
        program,
        signal,
      }),
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

/**
 * Ctrl-C, or another signal that ends drover, while a tracer starts: it is stopped and its files are removed, then
 * drover ends.
 */
export async function untilInterrupted<Result>(start: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const interruption = new AbortController();
  let code = 0;
  const handlers = Object.entries(ENDING).map(([signal, number]) => {
    const interrupt = (): void => {
      code ||= 128 + number;
      interruption.abort();
    };
    process.on(signal, interrupt);
    return () => process.removeListener(signal, interrupt);
  });
  try {
    return await start(interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    return process.exit(code);
  } finally {
    for (const remove of handlers) remove();
  }
}

/** What to say when the tracing has begun. */
export function beginning(capture: LiveCapture, seconds: number): string {
  const { engine, processes, refused } = capture;
  const traced = processes.map(({ pid }) => pid).filter((pid) => !refused.includes(pid));
  const count = traced.length === 1 ? '1 process' : `${traced.length} processes`;
  const more = traced.length > SHOWN_PIDS ? ` and ${traced.length - SHOWN_PIDS} more` : '';
  const without =
    refused.length === 0 ? '' : ` It was refused ${refused.join(' ')}; drover doctor ${refused[0]} may tell why.`;
  return (
    `Tracing ${count} with ${engine.name} for ${seconds} s (${traced.slice(0, SHOWN_PIDS).join(' ')}${more}). ` +
    `Ctrl-C ends it early.${without}${growing(capture)}`
  );
}

/** Where a capture is that has not its name yet: whatever becomes of drover, it stays there. */
export function growing({ name, file }: LiveCapture): string {
  return name === file ? '' : ` The capture grows in ${file} until it is whole.`;
}

/** Makes Ctrl-C detach, a second one force it, and signals that end drover detach first. */
export function detachOnSignals(capture: LiveCapture, say: (sentence: string) => void): void {
  let askedBefore = false;
  process.on('SIGINT', () => {
    if (capture.isOver || askedBefore) {
      capture.kill();
      say(`What was captured is ${capture.file}.`);
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
        const unkept = end.unkept === '' ? '' : ` ${end.unkept}`;
        say(`Stopped by ${signal}; nothing was reported. ${end.detached}${unkept} The capture is ${capture.file}.`);
        process.exit(128 + number);
      });
    });
  }
}

/** What to say when a capture is over: why, what became of the processes, where the capture is. */
export function farewell(capture: LiveCapture, { sentence, detached, bytes, unkept }: CaptureEnd): string[] {
  const stranger = capture.stranger === null || unkept !== '' ? '' : ` But ${capture.stranger}.`;
  const kept =
    `The capture (${mebibytes(bytes)}) is ${capture.file}. It holds what clients sent; only you can read ` +
    `it.${stranger}`;
  return [...[sentence, detached, unkept].filter((part) => part !== ''), bytes === 0 ? 'Nothing was captured.' : kept];
}

/** Says even to who wants no notices that the capture is not where it was wanted, and where it is. */
export function tellUnkept({ file }: LiveCapture, { unkept }: CaptureEnd): void {
  if (unkept !== '') process.stderr.write(`drover: ${unkept}\n  The capture is ${file}.\n`);
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
        `worst case 100x). It stops by itself after ${seconds} s.\n` +
        'gunicorn kills a worker that is silent for its --timeout. Enter = go, q = no: ',
    );
    const answer = await Promise.race([question, closed]);
    return !/^\s*[qn]/i.test(answer);
  } finally {
    asking.close();
  }
}
