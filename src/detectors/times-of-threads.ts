import type { Thread } from '../model/thread.ts';
import type { Nanoseconds } from '../trace/time.ts';
import { Stretches } from './stretches.ts';

/** Threads that ended are forgotten when there are more than this. */
const MOST_THREADS = 512;

/** When each thread was in a certain state, as far back as `Stretches` reach. */
export class TimesOfThreads {
  readonly #times = new Map<Thread, Stretches>();

  add(thread: Thread, start: Nanoseconds, end: Nanoseconds): void {
    const known = this.#times.get(thread);
    if (known !== undefined) {
      known.add(start, end);
      return;
    }
    if (this.#times.size >= MOST_THREADS) for (const other of this.#times.keys()) if (other.ended) this.#times.delete(other);
    const made = new Stretches();
    made.add(start, end);
    this.#times.set(thread, made);
  }

  delete(thread: Thread): void {
    this.#times.delete(thread);
  }

  /** How much of the time from `from` to `to` the thread was in that state. */
  within(thread: Thread, from: Nanoseconds, to: Nanoseconds): Nanoseconds {
    return this.#times.get(thread)?.within(from, to) ?? 0;
  }
}
