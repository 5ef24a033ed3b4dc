import type { Thread } from './thread.ts';

/** How many threads are kept. */
export interface ThreadLimits {
  /** Living ones: the kernel gives 32,768 numbers by default, and a server has some hundred. */
  readonly live: number;
  /** Ended ones that had served. */
  readonly ended: number;
}

/** What is kept unless a test says otherwise. */
export const LIMITS: ThreadLimits = { live: 8_192, ended: 4_096 };

/** So long a turn weighs as much as one more turn, in nanoseconds. */
const LONG_TURN = 1_000_000;

/** What is known of threads that were let go of to stay within the limits. */
export interface Gone {
  /** Living ones that were silent for longest. */
  live: number;
  /** Ended ones that had served. */
  endedServed: number;
  /** Programs that ended without having served, beyond those that are remembered. */
  programs: number;
  requests: number;
}

/** The quarter of the living threads that is let go of: silent for longest; first those that did not serve. */
export function silentFirst(all: Iterable<Thread>): Thread[] {
  const living = [...all].filter((thread) => !thread.ended);
  const rank = (thread: Thread): number => (thread.hasServed ? 2 : thread.process.forks > 0 ? 1 : 0);
  const order = living.toSorted((a, b) => rank(a) - rank(b) || a.lastTime - b.lastTime);
  return order.slice(0, Math.ceil(living.length / 4));
}

/** The half of the ended threads that is let go of: those that served least. */
export function leastServedFirst(all: Iterable<Thread>): Thread[] {
  const ended = [...all].filter((thread) => thread.ended);
  // A turn that was long is what findings are about.
  const served = ({ accepts, loop, process }: Thread): number =>
    accepts.acceptedTotal * 4 + process.requests * 4 + loop.turns + loop.longestTurn / LONG_TURN;
  const order = ended.toSorted((a, b) => served(a) - served(b) || a.lastTime - b.lastTime);
  return order.slice(0, Math.ceil(ended.length / 2));
}
