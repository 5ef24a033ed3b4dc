import { MOST_THREADS } from '../lanes.ts';

/**
 * The first halves of calls whose end comes in a later line, one for each thread, at most `MOST_THREADS`. Further ones
 * are not kept: their second halves are then orphans.
 */
export class OpenCalls<Half extends { readonly name: string }> {
  readonly #halves = new Map<number, Half>();

  /** A thread has entered a call. A half that waited for its end is lost. */
  enter(tid: number, half: Half): void {
    if (this.#halves.size < MOST_THREADS || this.#halves.has(tid)) this.#halves.set(tid, half);
  }

  /** The thread has left the call of this name: its first half, or null when that is not known. */
  leave(tid: number, name: string): Half | null {
    const half = this.#halves.get(tid);
    this.#halves.delete(tid);
    return half?.name === name ? half : null;
  }

  /** The thread has ended. */
  end(tid: number): void {
    this.#halves.delete(tid);
  }

  [Symbol.iterator](): IterableIterator<[tid: number, half: Half]> {
    return this.#halves[Symbol.iterator]();
  }
}
