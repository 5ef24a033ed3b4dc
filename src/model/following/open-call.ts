import { type CallArguments, NO_ARGUMENTS } from '../../trace/call-arguments.ts';
import type { Call, Lane } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Thread } from '../machine/thread.ts';

/**
 * A call that had not returned when the capture ended, as one that lasted up to the end: at least that long. Without
 * arguments, which went with the line that showed them; `LeftIn` has what was asked of them.
 */
export class OpenCall implements Call {
  readonly kind = 'call';
  readonly lane: Lane;
  readonly syscall: Syscall;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly result = Number.NaN;
  readonly error = '';
  readonly fd: number;
  readonly inFlight = true;
  readonly injected = false;
  readonly partial = false;
  readonly arguments: CallArguments = NO_ARGUMENTS;
  readonly file: string;
  readonly line: number;
  readonly startLine: number;
  readonly text: string;
  readonly startText: string;
  readonly previousLine = 0;
  readonly previousText = '';

  constructor({ lane }: Thread, { syscall, since, fd, line }: LeftIn, end: Nanoseconds) {
    this.lane = lane;
    this.syscall = syscall;
    this.start = since;
    this.end = Math.max(since, end);
    this.fd = fd;
    this.file = line.file;
    this.line = line.line;
    this.startLine = line.line;
    this.text = line.text;
    this.startText = line.text;
  }

  get duration(): Nanoseconds {
    return this.end - this.start;
  }

  previousArguments(): CallArguments {
    return NO_ARGUMENTS;
  }
}
