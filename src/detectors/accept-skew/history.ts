import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

const BUCKETS = 128;

/** How many connections came when: in stretches of equal length, which double when the time gets too long for them. */
export class History {
  readonly #counts = new Uint32Array(BUCKETS);
  #start: Nanoseconds = UNKNOWN;
  #width: Nanoseconds = MILLISECOND;

  add(at: Nanoseconds): void {
    if (this.#start === UNKNOWN) this.#start = at;
    let place = Math.max(0, Math.floor((at - this.#start) / this.#width));
    while (place >= BUCKETS) {
      this.#double();
      place = Math.floor((at - this.#start) / this.#width);
    }
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /**
   * How many of them each of these lives would have got, had those who lived at the time shared them equally; in the
   * order of the lives.
   */
  fairShares(lives: readonly { readonly start: Nanoseconds; readonly end: Nanoseconds }[]): number[] {
    const shares = lives.map(() => 0);
    for (const [place, count] of this.#counts.entries()) {
      if (count === 0) continue;
      const from = this.#start + place * this.#width;
      const alive = lives.flatMap(({ start, end }, index) =>
        start <= from + this.#width && end >= from ? [index] : [],
      );
      for (const index of alive) shares[index] = (shares[index] ?? 0) + count / alive.length;
    }
    return shares;
  }

  #double(): void {
    const counts = this.#counts;
    for (let place = 0; place < BUCKETS / 2; place++)
      counts[place] = (counts[2 * place] ?? 0) + (counts[2 * place + 1] ?? 0);
    counts.fill(0, BUCKETS / 2);
    this.#width *= 2;
  }
}
