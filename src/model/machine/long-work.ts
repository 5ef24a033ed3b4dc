import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import type { ThreadView } from './views.ts';

/** A thread that serves one request, or does one job, at a time was at it for `stall-ms` or longer. */
export interface LongWork {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** The capture ended before the work did. */
  readonly open: boolean;
  /** `GET /report`; '' for a job. */
  readonly request: string;
  /** The call that stands for it, and what that waited for; '' when none took a millisecond. */
  readonly call: string;
  readonly target: string;
  readonly callTime: Nanoseconds;
  /** That call, else what ended it. */
  readonly line: KeptLine;
}

/** A thread to which a loop hands jobs has done one, short or long. */
export interface HandDone {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}
