/** A smaller share of the time, one part in `share`, as long as the pause is no longer than `longest` for it. */
interface Sparing {
  readonly share: number;
  readonly longest: number;
}

/**
 * When something is due that may take longer and longer, so that it never costs more than one part in `share` of the
 * time. Milliseconds.
 */
export class Cadence {
  readonly #every: number;
  readonly #share: number;
  readonly #longest: number;
  readonly #sparing: Sparing;
  #due: number;

  /**
   * Due at `first`, then `every` milliseconds after its end at the earliest, and `longest` at the latest. `sparing`
   * asks for less still.
   */
  constructor({
    first,
    every,
    share,
    longest = Number.POSITIVE_INFINITY,
    sparing = { share: 0, longest: 0 },
  }: {
    readonly first: number;
    readonly every: number;
    readonly share: number;
    readonly longest?: number;
    readonly sparing?: Sparing;
  }) {
    this.#longest = longest;
    this.#sparing = sparing;
    this.#due = first;
    this.#every = every;
    this.#share = share;
  }

  isDue(now: number): boolean {
    return now >= this.#due;
  }

  /** It was done from `start` to `end`. */
  took(start: number, end: number): void {
    const cost = end - start;
    const spared = Math.min(this.#sparing.longest, cost * this.#sparing.share);
    this.#due = end + Math.min(this.#longest, Math.max(this.#every, cost * this.#share, spared));
  }
}
