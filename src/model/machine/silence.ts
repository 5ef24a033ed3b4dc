import type { Nanoseconds } from '../../trace/time.ts';

/** A long time without a call of a thread. */
export interface Silence {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** When the turn began in which it fell. */
  readonly turn: Nanoseconds;
  /** How many calls that followed it were looked at. */
  looks: number;
}
