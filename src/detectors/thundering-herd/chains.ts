import type { Nanoseconds } from '../../trace/time.ts';

/** Links wake-ups, given in the order of their starts, into bursts: those that are at most `distance` apart. Counts bursts of two threads and more. */
export class Chains {
  /** Bursts; those in which somebody won; those in which the first thread woken won. */
  count = 0;
  won = 0;
  firstWon = 0;
  /** Threads in the largest burst; 0 before the first. */
  largest = 0;
  readonly #distance: Nanoseconds;
  /** The burst in which each thread was last seen. */
  #lastSeen = new Int32Array(64);
  #number = 1;
  #threads = 0;
  #hasWinner = false;
  #hasFirstWon = false;
  #end: Nanoseconds = 0;

  constructor(distance: Nanoseconds) {
    this.#distance = distance;
  }

  /** One that goes on from here without changing this one. */
  copy(): Chains {
    const copy = new Chains(this.#distance);
    copy.count = this.count;
    copy.won = this.won;
    copy.firstWon = this.firstWon;
    copy.largest = this.largest;
    copy.#lastSeen = this.#lastSeen.slice();
    copy.#number = this.#number;
    copy.#threads = this.#threads;
    copy.#hasWinner = this.#hasWinner;
    copy.#hasFirstWon = this.#hasFirstWon;
    copy.#end = this.#end;
    return copy;
  }

  /** The next wake-up, of a thread by its number. */
  link(thread: number, start: Nanoseconds, won: boolean): void {
    if (this.#threads > 0 && start - this.#end > this.#distance) this.close();
    if (this.#threads === 0) this.#hasFirstWon = won;
    this.#end = start;
    this.#hasWinner ||= won;
    if (thread >= this.#lastSeen.length) this.#widen(thread);
    if (this.#lastSeen[thread] === this.#number) return;
    this.#lastSeen[thread] = this.#number;
    this.#threads++;
  }

  /** The burst that is under way has ended. */
  close(): void {
    if (this.#threads >= 2) {
      this.count++;
      if (this.#hasWinner) this.won++;
      if (this.#hasFirstWon) this.firstWon++;
    }
    this.largest = Math.max(this.largest, this.#threads);
    this.#number++;
    this.#threads = 0;
    this.#hasWinner = false;
  }

  #widen(thread: number): void {
    const wider = new Int32Array(Math.max(thread + 1, this.#lastSeen.length * 2));
    wider.set(this.#lastSeen);
    this.#lastSeen = wider;
  }
}
