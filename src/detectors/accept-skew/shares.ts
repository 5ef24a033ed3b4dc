import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { History } from './history.ts';

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
  /** When connections were accepted. */
  readonly history: History;
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
    history: new History(),
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
  /** Those of the favourite. */
  readonly most: number;
  /** Gini coefficient of the shares, each in parts of the fair share while its thread looked after the listener. */
  readonly spread: number;
  /** The largest of these, in parts of their mean: 1 where all are equal. */
  readonly lead: number;
  /** How many were there at a time. */
  readonly atOnce: number;
  /** The thread that accepted most, compared with its fair share. */
  readonly favourite: Thread;
  /** The least part of its time that one of them was away from its wait, 0 to 1; Infinity when none has times. */
  readonly idlest: number;
}
