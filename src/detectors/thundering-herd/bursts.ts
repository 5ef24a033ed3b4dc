import type { Thread } from '../../model/thread.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';

/** Cycles are told when they end; they are put in order of their start within this time. */
const HORIZON = 2 * SECOND;
/** So many wake-ups wait for order at most. */
const CAPACITY = 8192;

/**
 * Chains wake-ups whose starts are at most `distance` apart: one connection (or a few at once) and everybody it woke. Counts them and
 * remembers how many threads the largest woke. Wake-ups wait as numbers in columns: as objects they outlive several garbage collections.
 */
export class Bursts {
  readonly #distance: Nanoseconds;
  readonly #starts = new Float64Array(CAPACITY);
  readonly #threads = new Int32Array(CAPACITY);
  readonly #won = new Uint8Array(CAPACITY);
  #length = 0;
  readonly #numbers = new Map<Thread, number>();
  /** The chain in which each thread was last seen. */
  #lastChain = new Int32Array(64);
  #chain = 0;
  #chainThreads = 0;
  #chainWon = false;
  #chainFirstWon = false;
  #chainEnd: Nanoseconds = 0;
  /** Bursts of at least two threads; those in which somebody won; those in which the first thread woken won. */
  count = 0;
  won = 0;
  firstWon = 0;
  /** Threads in the largest burst; 0 before the first. */
  largest = 0;

  constructor(distance: Nanoseconds = 5 * MILLISECOND) {
    this.#distance = distance;
  }

  add(thread: Thread, start: Nanoseconds, won: boolean): void {
    if (this.#length === CAPACITY) this.#settle();
    const starts = this.#starts;
    let at = this.#length++;
    for (; at > 0 && (starts[at - 1] as number) > start; at--) {
      starts[at] = starts[at - 1] as number;
      this.#threads[at] = this.#threads[at - 1] as number;
      this.#won[at] = this.#won[at - 1] as number;
    }
    starts[at] = start;
    this.#threads[at] = this.#number(thread);
    this.#won[at] = won ? 1 : 0;
  }

  /** Takes in what is still waiting for order. */
  finish(): void {
    for (let i = 0; i < this.#length; i++) this.#link(i);
    this.#length = 0;
    this.#close();
  }

  /** Takes in those that are older than the horizon, and at least half of all. */
  #settle(): void {
    const newest = this.#starts[this.#length - 1] as number;
    let settled = 0;
    while (settled < CAPACITY / 2 || newest - (this.#starts[settled] as number) > HORIZON) this.#link(settled++);
    this.#starts.copyWithin(0, settled, this.#length);
    this.#threads.copyWithin(0, settled, this.#length);
    this.#won.copyWithin(0, settled, this.#length);
    this.#length -= settled;
  }

  #link(at: number): void {
    const start = this.#starts[at] as number;
    const won = this.#won[at] === 1;
    if (this.#chainThreads > 0 && start - this.#chainEnd > this.#distance) this.#close();
    if (this.#chainThreads === 0) this.#chainFirstWon = won;
    this.#chainEnd = start;
    this.#chainWon ||= won;
    const thread = this.#threads[at] as number;
    if (this.#lastChain[thread] === this.#chain + 1) return;
    this.#lastChain[thread] = this.#chain + 1;
    this.#chainThreads++;
  }

  #close(): void {
    if (this.#chainThreads >= 2) {
      this.count++;
      if (this.#chainWon) this.won++;
      if (this.#chainFirstWon) this.firstWon++;
    }
    this.largest = Math.max(this.largest, this.#chainThreads);
    this.#chain++;
    this.#chainThreads = 0;
    this.#chainWon = false;
  }

  #number(thread: Thread): number {
    const known = this.#numbers.get(thread);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(thread, number);
    if (number >= this.#lastChain.length) {
      const wider = new Int32Array(this.#lastChain.length * 2);
      wider.set(this.#lastChain);
      this.#lastChain = wider;
    }
    return number;
  }
}
