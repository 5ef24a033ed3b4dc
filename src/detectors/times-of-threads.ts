import type { Thread } from '../model/machine/thread.ts';
import type { Nanoseconds } from '../trace/time.ts';
import { Stretches } from './stretches.ts';

/** Threads that ended are forgotten when there are more than this, or than twice as many as were left the last time. */
const MOST_THREADS = 512;

/** When each thread was in a certain state, as far back as `Stretches` reach. */
export class TimesOfThreads {
  readonly #times = new Map<Thread, Stretches>();
  #most = MOST_THREADS;

  add(thread: Thread, start: Nanoseconds, end: Nanoseconds): void {
    const known = this.#times.get(thread);
    if (known !== undefined) {
      known.add(start, end);
      return;
    }
    if (this.#times.size >= this.#most) this.#forget();
    const made = new Stretches();
    made.add(start, end);
    this.#times.set(thread, made);
  }

  delete(thread: Thread): void {
    this.#times.delete(thread);
  }

  /** A look at all threads is worth its time only when there are twice as many: many may be alive. */
  #forget(): void {
    for (const other of this.#times.keys()) if (other.ended) this.#times.delete(other);
    this.#most = Math.max(MOST_THREADS, this.#times.size * 2);
  }

  /** How much of the time from `from` to `to` the thread was in that state. */
  within(thread: Thread, from: Nanoseconds, to: Nanoseconds): Nanoseconds {
    return this.#times.get(thread)?.within(from, to) ?? 0;
  }
}
