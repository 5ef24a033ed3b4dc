/**
 * When something is due that may take longer and longer, so that it never costs more than one part in `share` of the
 * time. Milliseconds.
 */
export class Cadence {
  readonly #every: number;
  readonly #share: number;
  #due: number;

  /** Due at `first`, and then `every` milliseconds after its end at the earliest. */
  constructor({ first, every, share }: { readonly first: number; readonly every: number; readonly share: number }) {
    this.#due = first;
    this.#every = every;
    this.#share = share;
  }

  isDue(now: number): boolean {
    return now >= this.#due;
  }

  /** It was done from `start` to `end`. */
  took(start: number, end: number): void {
    this.#due = end + Math.max(this.#every, (end - start) * this.#share);
  }
}
