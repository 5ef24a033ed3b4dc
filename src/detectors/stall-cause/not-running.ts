import type { Thread } from '../../model/machine/thread.ts';
import { isOnBeat, type Rhythm } from '../../model/measuring/pauses.ts';
import type { Model } from '../../model/model.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { Cause } from './cause.ts';

/** A stretch of a worker's time, and what it seems to have been in. */
export interface WorkerStretch {
  readonly thread: Thread;
  readonly cause: Cause;
  /** It was in so small a step on a file that it rarely waits. */
  readonly isBrief: boolean;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** What tells that a worker did not run. */
export interface NotRunning {
  /** Null when there is none. */
  readonly rhythm: Rhythm | null;
}

/**
 * Whether the rest of the capture shows that a worker did not run in a stretch which by itself may also have been
 * computing, or waiting for a disk: it ends on the beat of a quota, or others stood still as well.
 */
export function notRunningIn({ pauses }: Model, stretch: WorkerStretch, rhythm: Rhythm | null): NotRunning | null {
  const { thread, cause, isBrief, start, end } = stretch;
  if (cause !== 'no-syscall' && cause !== 'not-running' && !isBrief) return null;
  if (rhythm !== null && isOnBeat(end, rhythm)) return { rhythm };
  return cause === 'not-running' || pauses.covers(thread, start, end, isBrief) ? { rhythm: null } : null;
}
