import { MOST_THREADS } from '../lanes.ts';

/**
 * The first halves of calls whose end comes in a later line, one for each thread, at most `MOST_THREADS`. Further ones
 * are not kept: their second halves are then orphans. `lost` is told of each half whose end cannot come any more
 * although its thread went on: whoever reads the lines notes it, as `lost-half`.
 */
export class OpenCalls<Half extends { readonly name: string }> {
  readonly #halves = new Map<number, Half>();
  readonly #lost: (half: Half) => void;

  constructor(lost: (half: Half) => void) {
    this.#lost = lost;
  }

  /** A thread has entered a call. A half that waited for its end is lost. */
  enter(tid: number, half: Half): void {
    const before = this.#halves.get(tid);
    if (before !== undefined) this.#lost(before);
    if (this.#halves.size < MOST_THREADS || this.#halves.has(tid)) this.#halves.set(tid, half);
  }

  /**
   * The thread has left the call of this name: its first half, or null when that is not known. The half of another call
   * is lost.
   */
  leave(tid: number, name: string): Half | null {
    const half = this.#halves.get(tid);
    if (half === undefined) return null;
    this.#halves.delete(tid);
    if (half.name === name) return half;
    this.#lost(half);
    return null;
  }

  /** A whole call of the thread stands in one line: a half that waited for its end is lost. */
  pass(tid: number): void {
    const half = this.#halves.get(tid);
    if (half === undefined) return;
    this.#halves.delete(tid);
    this.#lost(half);
  }

  /** The thread has ended, and with it the call that it was in. */
  end(tid: number): void {
    this.#halves.delete(tid);
  }

  [Symbol.iterator](): IterableIterator<[tid: number, half: Half]> {
    return this.#halves[Symbol.iterator]();
  }
}
