import type { Thread } from '../model/machine/thread.ts';
import type { Nanoseconds } from '../trace/time.ts';

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

/** 160 kB a thread; a stall of 100 ms after the other fills it in a quarter of an hour. */
const MOST = 10_000;

/** Stretches of time in the order of their ends, none of which overlap. The oldest make room. */
class Stretches {
  #starts: Nanoseconds[] = [];
  #ends: Nanoseconds[] = [];

  add(start: Nanoseconds, end: Nanoseconds): void {
    if (this.#ends.length === MOST) {
      this.#starts = this.#starts.slice(MOST / 2);
      this.#ends = this.#ends.slice(MOST / 2);
    }
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** How much of the time from `from` to `to` they cover. */
  within(from: Nanoseconds, to: Nanoseconds): Nanoseconds {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) > from) high = middle;
      else low = middle + 1;
    }
    let covered = 0;
    for (; low < this.#ends.length; low++) {
      const start = this.#starts[low] as number;
      if (start >= to) break;
      covered += Math.min(to, this.#ends[low] as number) - Math.max(from, start);
    }
    return covered;
  }
}
