import type { LiveCapture } from '../../sources/live/capture.ts';

/** Signals that end the program without a report; their numbers make the exit codes. */
const FATAL = { SIGHUP: 1, SIGTERM: 15 } as const;
const ENDING = { ...FATAL, SIGINT: 2 } as const;
/** The exit code of a program that Ctrl-C ends. */
export const INTERRUPTED = 128 + ENDING.SIGINT;

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

/** A signal that ends drover, and the exit code that says so. */
export interface FatalSignal {
  readonly signal: string;
  readonly code: number;
}

/**
 * Makes Ctrl-C detach, a second one force it, and signals that end drover detach first. `fatal` takes such a signal
 * where something is still to be written afterwards; unless given drover ends when the processes are free.
 */
export function detachOnSignals(
  capture: LiveCapture,
  say: (sentence: string) => void,
  fatal: (signal: FatalSignal) => void = (signal) => void endFor(signal, capture, say),
): void {
  let askedBefore = false;
  process.on('SIGINT', () => {
    if (capture.isOver || askedBefore) {
      capture.kill();
      if (capture.isKept) say(`What was captured is ${capture.file}.`);
      process.exit(INTERRUPTED);
    }
    askedBefore = true;
    say(`${capture.engine.runsProgram ? 'Ending the program' : 'Detaching'}; Ctrl-C again forces it.`);
    capture.stop();
  });
  for (const [signal, number] of Object.entries(FATAL))
    process.once(signal, () => {
      capture.stop();
      fatal({ signal, code: 128 + number });
    });
}

async function endFor(
  { signal, code }: FatalSignal,
  capture: LiveCapture,
  say: (sentence: string) => void,
): Promise<never> {
  const { detached, unkept } = await capture.ended;
  const more = unkept === '' ? '' : ` ${unkept}`;
  say(`Stopped by ${signal}; nothing was reported. ${detached}${more} The capture is ${capture.file}.`);
  return process.exit(code);
}
