import type { LongTurn } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { TimesOfThreads } from '../times-of-threads.ts';

/**
 * Which workers could have accepted at a time: those that were not in a long turn. A short turn ends before it is worth
 * speaking of.
 */
export class FreeWorkers {
  readonly #busy = new TimesOfThreads();

  longTurn({ thread, turn, length }: LongTurn): void {
    this.#busy.add(thread, turn.start, turn.start + length);
  }

  hubChanged(thread: Thread): void {
    this.#busy.delete(thread);
  }

  /** Those that lived from `from` to `to` and were free for at least `least` of it. */
  of(threads: Iterable<Thread>, from: Nanoseconds, to: Nanoseconds, least: Nanoseconds): Thread[] {
    return [...threads].filter(
      (thread) => lived(thread, from, to) && to - from - this.#busy.within(thread, from, to) >= least,
    );
  }
}

function lived({ firstTime, lastTime, ended }: Thread, from: Nanoseconds, to: Nanoseconds): boolean {
  return firstTime !== UNKNOWN && firstTime <= from && !(ended && lastTime < to);
}
