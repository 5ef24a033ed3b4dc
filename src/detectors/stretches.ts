import type { Nanoseconds } from '../trace/time.ts';

/** 160 kB a thread; a stall of 100 ms after the other fills it in a quarter of an hour. */
const MOST = 10_000;

/** Stretches of time in the order of their ends, none of which overlap. The oldest make room. */
export class Stretches {
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
