/**
 * When something is due that may take longer and longer, so that it never costs more than one part in `share` of the
 * time. Milliseconds.
 */
export class Cadence {
  readonly #every: number;
  readonly #share: number;
  readonly #longest: number;
  #due: number;

  /** Due at `first`, then `every` milliseconds after its end at the earliest, and `longest` at the latest. */
  constructor({
    first,
    every,
    share,
    longest = Number.POSITIVE_INFINITY,
  }: {
    readonly first: number;
    readonly every: number;
    readonly share: number;
    readonly longest?: number;
  }) {
    this.#longest = longest;
    this.#due = first;
    this.#every = every;
    this.#share = share;
  }

  isDue(now: number): boolean {
    return now >= this.#due;
  }

  /** It was done from `start` to `end`. */
  took(start: number, end: number): void {
    this.#due = end + Math.min(this.#longest, Math.max(this.#every, (end - start) * this.#share));
  }
}
