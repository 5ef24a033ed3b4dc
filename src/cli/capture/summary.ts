import { InputError } from '../../sources/input-error.ts';
import type { CaptureEnd, LiveCapture } from '../../sources/live/capture.ts';
import { fileSize } from '../../trace/format-numbers.ts';

const SHOWN_PIDS = 12;

/** What to say when the tracing has begun: who is traced, with what, for how long. */
export function beginSummary(capture: LiveCapture, seconds: number): string {
  const { engine, processes, refused } = capture;
  const traced = processes.map(({ pid }) => pid).filter((pid) => !refused.includes(pid));
  const count = traced.length === 1 ? '1 process' : `${traced.length} processes`;
  const more = traced.length > SHOWN_PIDS ? ` and ${traced.length - SHOWN_PIDS} more` : '';
  const without =
    refused.length === 0 ? '' : ` It may not trace ${refused.join(' ')}: drover doctor ${refused[0]} says why.`;
  return (
    `Tracing ${count} with ${engine.name} for ${seconds} s (${traced.slice(0, SHOWN_PIDS).join(' ')}${more}). ` +
    `Ctrl-C ends it early.${without}${growing(capture)}`
  );
}

/** Where a capture is that has not its name yet: whatever becomes of drover, it stays there. */
export function growing({ name, file, isKept }: LiveCapture): string {
  return name === file || !isKept ? '' : ` Until the capture is complete it is in ${file}.`;
}

/** What to say when a capture is over: why, what became of the processes, where the capture is. */
export function detachSummary(capture: LiveCapture, { sentence, detached, bytes, unkept }: CaptureEnd): string[] {
  const stranger = capture.stranger === null || unkept !== '' ? '' : ` But ${capture.stranger}.`;
  const kept =
    `The capture (${fileSize(bytes)}) is ${capture.file}. It holds what clients sent; only you can read ` +
    `it.${stranger}`;
  return [...[sentence, detached, unkept].filter((part) => part !== ''), bytes === 0 ? 'Nothing was captured.' : kept];
}

/** Says even to who wants no notices that the capture is not where it was wanted, and where it is. */
export function reportUnkept({ file }: LiveCapture, { unkept }: CaptureEnd): void {
  if (unkept !== '') process.stderr.write(`drover: ${unkept}\n  The capture is ${file}.\n`);
}

/** What to throw when reading a capture failed: a capture without a line is no unreadable file. */
export function readFailure(error: unknown, end: CaptureEnd): unknown {
  return error instanceof InputError && end.bytes === 0 ? nothingSeen(end, error) : error;
}

/** Not one system call was seen, or none could be kept. */
export function nothingSeen({ detached, reason, sentence }: CaptureEnd, cause?: unknown): InputError {
  const why = sentence === '' ? '' : `${sentence} `;
  const hint =
    reason === 'space'
      ? 'Make room, or name another place: --spool DIR or --save FILE'
      : 'The processes wait, or compute without a call: trace longer (--for 2m), or look at their state with ps.';
  return new InputError(`Not one system call was seen. ${why}${detached}`, { hint, cause });
}
