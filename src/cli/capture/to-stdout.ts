import { setTimeout as pause } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { errorCode } from '../../files/failure-reason.ts';
import { StreamOutput } from '../../files/stream-output.ts';
import type { CaptureEnd, LiveCapture } from '../../sources/live/capture.ts';
import { fileSize } from '../../trace/format-numbers.ts';
import type { RecordFlags } from '../options/capture.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { notices } from '../printing/write-result.ts';
import { beginCapture } from './begin.ts';
import { detachOnSignals, type FatalSignal } from './signals.ts';
import { beginSummary, nothingSeen } from './summary.ts';

const STDOUT = 1;
/** A reader that went away is noticed by writing: a blank line in so long a silence is read as nothing. */
const SILENCE_MS = 1_000;
const HEARTBEAT = '\n';
const LINE_FEED = 0x0a;
/** Who ends drover by a signal does not wait long for a reader that takes nothing. */
const LAST_BYTES_MS = 5_000;

/**
 * Traces, and sends the capture to standard output while it grows; everything else goes to standard error. Ends the
 * tracing when the reader goes away. Throws `UsageError`, `OutputError`, `AttachError` and `InputError`.
 */
export async function recordToStdout(pids: readonly number[], flags: RecordFlags): Promise<number> {
  if (isatty(STDOUT))
    throw new UsageError('The capture would be written to the terminal.', {
      hint: 'Send it to a file or a program: drover record WHO -o - > trace.strace',
    });
  const say = notices(flags);
  const stdout = await StreamOutput.open('/dev/stdout', []);
  if (stdout === null) throw new Error('standard output is not open');
  const { output: _, save: __, ...others } = flags;
  const capture = await beginCapture(pids, { ...others, isPassedOn: true }, say);
  if (capture === null) return EXIT.done;
  let fatal: FatalSignal | null = null;
  const hurried = new Promise<'hurried'>((resolve) =>
    detachOnSignals(capture, say, (signal) => {
      fatal = signal;
      void capture.ended.then(() => pause(LAST_BYTES_MS)).then(() => resolve('hurried'));
    }),
  );
  say(beginSummary(capture, flags.for));
  const passing = passOn(capture, stdout);
  const outcome = await Promise.race([passing, hurried]).catch(async (error) => {
    capture.stop();
    await capture.ended;
    throw error;
  });
  return conclude(await capture.ended, outcome, fatal, say);
}

/** How it ended: all was taken, the reader went away, or there was no time to wait for the reader. */
type Outcome = 'taken' | 'reader-left' | 'hurried';

async function passOn(capture: LiveCapture, stdout: StreamOutput): Promise<Outcome> {
  const chunks = capture.input.chunks();
  // Of a line that has begun, so that a blank line may always come between: strace leaves one open while nobody calls.
  let begun: Buffer = Buffer.alloc(0);
  try {
    for (let next = chunks.next(); ; ) {
      const arrived = await Promise.race([next, pause(SILENCE_MS, null)]);
      if (arrived === null) {
        await stdout.write(HEARTBEAT);
        continue;
      }
      if (arrived.done === true) break;
      const whole = arrived.value.lastIndexOf(LINE_FEED) + 1;
      if (whole > 0) await stdout.write(Buffer.concat([begun, arrived.value.subarray(0, whole)]));
      const rest = arrived.value.subarray(whole);
      begun = whole > 0 ? Buffer.from(rest) : Buffer.concat([begun, rest]);
      next = chunks.next();
    }
    await stdout.write(begun);
    return 'taken';
  } catch (error) {
    if (errorCode(error) !== 'EPIPE') throw error;
    capture.stop();
    await capture.ended;
    return 'reader-left';
  }
}

function conclude(
  end: CaptureEnd,
  outcome: Outcome,
  fatal: FatalSignal | null,
  say: (sentence: string) => void,
): number {
  const { sentence, detached, reason, bytes } = end;
  if (fatal === null && outcome === 'taken' && bytes === 0) throw nothingSeen(end);
  const where =
    outcome === 'taken'
      ? `The capture (${fileSize(bytes)}) went to standard output. It holds what clients sent.`
      : 'The reader of standard output did not take all of the capture: what it has is cut off.';
  const left = outcome === 'reader-left' ? 'The reader of standard output went away.' : sentence;
  const why = fatal === null ? left : `Stopped by ${fatal.signal}.`;
  for (const part of [why, detached, where]) if (part !== '') say(part);
  if (fatal !== null) return fatal.code;
  return reason === 'tracer-died' ? EXIT.partial : EXIT.done;
}
