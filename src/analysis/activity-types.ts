import type { RequestActivity, Window } from './report.ts';

/**
 * What each worker did over time, in equal columns of time from the first event on; and calls by what they were made
 * on. Plain data.
 */
export interface Activity {
  /**
   * The moment that all milliseconds of the report count from, which a `--from` does not move; as in the report's
   * window.
   */
  readonly zero: Pick<Window, 'startTime' | 'timeOfDay' | 'monotonicSeconds' | 'startMs'>;
  /** Milliseconds a column. */
  readonly columnMs: number;
  /** Columns up to the last event. */
  readonly columns: number;
  readonly workers: readonly WorkerActivity[];
  readonly targets: readonly CallTarget[];
  /** Those without an answer, the oldest first, and then those that were answered late, the slowest first. */
  readonly requests: readonly RequestActivity[];
}

/**
 * Columns of one worker. What is neither waiting nor blocked nor silent, between `firstMs` and `lastMs`, was running
 * from call to call.
 */
export interface WorkerActivity {
  readonly pid: number;
  readonly role: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly ended: boolean;
  /** Up to here it is known what it did. */
  readonly knownMs: number;
  /** Seconds inside its loop's wait. */
  readonly waiting: Float32Array;
  /** Seconds in other calls that took a millisecond or more. */
  readonly blocked: Float32Array;
  /** Seconds without a call, of 10 ms or more. */
  readonly silent: Float32Array;
  /** Bit 0: in a blocked stay of 100 ms or more; bit 1: in such a silence. */
  readonly long: Uint8Array;
  readonly calls: Uint32Array;
  readonly accepted: Uint32Array;
  readonly wasted: Uint32Array;
  readonly brokenPipes: Uint32Array;
  readonly now: Now;
}

/** What a worker was in when the last record was read. */
export interface Now {
  readonly state: 'waiting' | 'blocked' | 'silent' | 'ended';
  /** '' in a silence. */
  readonly call: string;
  readonly target: string;
  readonly sinceMs: number;
  /**
   * When its loop came out of its wait last; null or left out while it is in it, or where no loop is known. Told all
   * the same while it is in a wait that may be another one: which one it is the call tells when it is over.
   */
  readonly turnSinceMs?: number | null;
  /**
   * When the oldest request was read that a process of several threads has not answered; null or left out where there
   * is none.
   */
  readonly requestSinceMs?: number | null;
  /** How far the trace had been read when this was so; left out where nobody asked. */
  readonly knownMs?: number;
  /** What it waits for clients in: an epoll instance, a set of `poll` or `select`, accept; left out where not known. */
  readonly hub?: 'epoll' | 'set' | 'accept';
  /** The number of that epoll instance; left out where it is not known. */
  readonly hubFd?: number;
}

export interface CallTarget {
  readonly call: string;
  /** '' for calls on nothing in particular. */
  readonly target: string;
  readonly count: number;
  readonly errors: number;
  readonly totalMs: number;
  readonly maxMs: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Timed calls under 1 us, 1 to 2, 2 to 4, and so on by powers of two. */
  readonly octaves: readonly number[];
}
