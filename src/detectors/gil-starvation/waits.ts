import type { KeptLine } from '../../model/evidence.ts';
import type { Nanoseconds } from '../../trace/time.ts';

/** Lines kept for each thread. */
export const EVIDENCE = 4;

/** Waits of one thread for its interpreter lock. */
export interface Waits {
  count: number;
  total: Nanoseconds;
  first: Nanoseconds;
  last: Nanoseconds;
  /** The second that runs, its sum, and the worst so far. */
  second: number;
  sum: Nanoseconds;
  worst: Nanoseconds;
  worstSecond: number;
  /** The last one had not ended when the capture did. */
  isOpen: boolean;
  readonly lines: KeptLine[];
}

/** No waits yet. */
export function begin(start: Nanoseconds): Waits {
  return {
    count: 0,
    total: 0,
    first: start,
    last: start,
    second: -1,
    sum: 0,
    worst: 0,
    worstSecond: -1,
    isOpen: false,
    lines: [],
  };
}
