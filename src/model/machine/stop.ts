import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';

/** A thread was stopped: by a signal, and until it was told to go on. */
export interface Stop {
  /** `SIGSTOP`, `SIGTSTP`, `SIGTTIN`, `SIGTTOU`. */
  readonly signal: string;
  /** The process that sent it; 0 when the trace does not tell. */
  readonly sender: number;
  readonly since: Nanoseconds;
  /** The line that says so. */
  readonly line: KeptLine;
}

/** A stop that was over when the capture ended. */
export interface PastStop extends Stop {
  readonly until: Nanoseconds;
}

/** The time of one turn in which its thread was stopped. */
export interface Stopped {
  readonly stop: Stop;
  total: Nanoseconds;
  readonly start: Nanoseconds;
  end: Nanoseconds;
  /** The stop, and the continuation where the trace shows one. */
  lines: readonly KeptLine[];
}
