import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** Threads whose first accept is kept. */
export const MOST_LINES = 1000;

/** Who accepted the connections of one listener. */
export interface Shares {
  readonly byThread: Map<Thread, number>;
  first: Nanoseconds;
  last: Nanoseconds;
  /** Longest run of connections that one thread won in a row. */
  streak: number;
  run: number;
  winner: Thread | null;
  /** Threads that there was no room for. */
  gone: number;
  /** The first accept of each thread. */
  readonly lines: Map<Thread, KeptLine>;
}

/** Nothing was accepted yet. */
export function noShares(): Shares {
  return {
    byThread: new Map(),
    first: UNKNOWN,
    last: UNKNOWN,
    streak: 0,
    run: 0,
    winner: null,
    gone: 0,
    lines: new Map(),
  };
}

/** What is judged about them. */
export interface Figures {
  readonly threads: ReadonlySet<Thread>;
  /** Connections of each of these threads. */
  readonly counts: readonly number[];
  readonly total: number;
  readonly most: number;
  /** Gini coefficient. */
  readonly spread: number;
  /** The thread that accepted most. */
  readonly favourite: Thread;
  /** The least part of its time that one of them was away from its wait, 0 to 1; Infinity when none has times. */
  readonly idlest: number;
}
