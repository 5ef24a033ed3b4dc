import type { LongTurn } from '../model/facts.ts';
import type { Thread } from '../model/processes.ts';
import { type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import { Stretches } from './stretches.ts';

/** Which workers could have accepted at a time: those that were not in a long turn. A short turn ends before it is worth speaking of. */
export class FreeWorkers {
  readonly #busy = new Map<Thread, Stretches>();

  longTurn({ thread, turn, length }: LongTurn): void {
    const own = this.#busy.get(thread) ?? new Stretches();
    this.#busy.set(thread, own);
    own.add(turn.start, turn.start + length);
  }

  hubChanged(thread: Thread): void {
    this.#busy.delete(thread);
  }

  /** How much of the time from `from` to `to` the thread lived and was not in a long turn. */
  freeTime(thread: Thread, from: Nanoseconds, to: Nanoseconds): Nanoseconds {
    if (thread.firstTime === UNKNOWN || thread.firstTime > from || (thread.ended && thread.lastTime < to)) return 0;
    return to - from - (this.#busy.get(thread)?.within(from, to) ?? 0);
  }

  /** Those that were free for at least `least` of that time. */
  of(threads: Iterable<Thread>, from: Nanoseconds, to: Nanoseconds, least: Nanoseconds): Thread[] {
    return [...threads].filter((thread) => this.freeTime(thread, from, to) >= least);
  }
}
