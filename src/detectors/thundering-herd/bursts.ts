import type { Thread } from '../../model/machine/thread.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';

/** The model tells cycles when they end; bursts need them in order of their start, and wait this long for it. */
const HORIZON = 2 * SECOND;
/** So many wake-ups wait for order at most, and at first: a capture may hold thousands of listeners. */
const CAPACITY = 8192;
const FIRST_CAPACITY = 32;

/**
 * Chains wake-ups whose starts are at most `distance` apart: one connection (or a few at once) and everybody it woke.
 * Counts them and remembers how many threads the largest woke. Wake-ups wait as numbers in columns: as objects they
 * outlive several garbage collections.
 */
export class Bursts {
  #starts = new Float64Array(FIRST_CAPACITY);
  #threads = new Int32Array(FIRST_CAPACITY);
  #won = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  readonly #numbers = new Map<Thread, number>();
  /** Numbers of threads that were forgotten: others get them. A burst is over long before. */
  readonly #free: number[] = [];
  readonly #chain: Chain;

  constructor(distance: Nanoseconds = 5 * MILLISECOND) {
    this.#chain = new Chain(distance);
  }

  add(thread: Thread, start: Nanoseconds, won: boolean): void {
    if (this.#length === CAPACITY) this.#settle();
    else if (this.#length === this.#starts.length) this.#grow();
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

  forget(thread: Thread): void {
    const number = this.#numbers.get(thread);
    if (number === undefined) return;
    this.#numbers.delete(thread);
    this.#free.push(number);
  }

  #grow(): void {
    const { length } = this.#starts;
    const starts = new Float64Array(length * 2);
    const threads = new Int32Array(length * 2);
    const won = new Uint8Array(length * 2);
    starts.set(this.#starts);
    threads.set(this.#threads);
    won.set(this.#won);
    this.#starts = starts;
    this.#threads = threads;
    this.#won = won;
  }

  /** The bursts so far, those that still wait for order among them. Changes nothing. */
  get totals(): BurstTotals {
    const chain = this.#chain.copy();
    for (let at = 0; at < this.#length; at++) this.#link(at, chain);
    chain.close();
    return chain;
  }

  /** Links wake-ups that are older than the horizon, and at least half of all, so that the columns have room again. */
  #settle(): void {
    const newest = this.#starts[this.#length - 1] as number;
    let settled = 0;
    while (settled < CAPACITY / 2 || newest - (this.#starts[settled] as number) > HORIZON)
      this.#link(settled++, this.#chain);
    this.#starts.copyWithin(0, settled, this.#length);
    this.#threads.copyWithin(0, settled, this.#length);
    this.#won.copyWithin(0, settled, this.#length);
    this.#length -= settled;
  }

  #link(at: number, chain: Chain): void {
    chain.link(this.#threads[at] as number, this.#starts[at] as number, this.#won[at] === 1);
  }

  #number(thread: Thread): number {
    const known = this.#numbers.get(thread);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#numbers.size;
    this.#numbers.set(thread, number);
    return number;
  }
}

/** What bursts came to. */
export interface BurstTotals {
  /** Bursts of at least two threads; those in which somebody won; those in which the first thread woken won. */
  readonly count: number;
  readonly won: number;
  readonly firstWon: number;
  /** Threads in the largest burst; 0 before the first. */
  readonly largest: number;
}

/** The burst that goes on, and what those before it came to. Wake-ups are linked to it in order of their start. */
class Chain implements BurstTotals {
  readonly #distance: Nanoseconds;
  /** The chain in which each thread was last seen. */
  #lastSeen: Int32Array;
  #number = 0;
  #threads = 0;
  #hasWon = false;
  #firstHasWon = false;
  #end: Nanoseconds = 0;
  count = 0;
  won = 0;
  firstWon = 0;
  largest = 0;

  constructor(distance: Nanoseconds, lastSeen = new Int32Array(8)) {
    this.#distance = distance;
    this.#lastSeen = lastSeen;
  }

  copy(): Chain {
    const made = new Chain(this.#distance, this.#lastSeen.slice());
    made.#number = this.#number;
    made.#threads = this.#threads;
    made.#hasWon = this.#hasWon;
    made.#firstHasWon = this.#firstHasWon;
    made.#end = this.#end;
    made.count = this.count;
    made.won = this.won;
    made.firstWon = this.firstWon;
    made.largest = this.largest;
    return made;
  }

  link(thread: number, start: Nanoseconds, won: boolean): void {
    if (this.#threads > 0 && start - this.#end > this.#distance) this.close();
    if (this.#threads === 0) this.#firstHasWon = won;
    this.#end = start;
    this.#hasWon ||= won;
    if (thread >= this.#lastSeen.length) this.#widen(thread);
    if (this.#lastSeen[thread] === this.#number + 1) return;
    this.#lastSeen[thread] = this.#number + 1;
    this.#threads++;
  }

  close(): void {
    if (this.#threads >= 2) {
      this.count++;
      if (this.#hasWon) this.won++;
      if (this.#firstHasWon) this.firstWon++;
    }
    this.largest = Math.max(this.largest, this.#threads);
    this.#number++;
    this.#threads = 0;
    this.#hasWon = false;
  }

  #widen(thread: number): void {
    const wider = new Int32Array(Math.max(this.#lastSeen.length * 2, thread + 1));
    wider.set(this.#lastSeen);
    this.#lastSeen = wider;
  }
}
