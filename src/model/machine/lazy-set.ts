/**
 * A set that takes no room while nothing is in it, as most of those of a thread or process. Beyond `most` values it
 * takes no more.
 */
export class LazySet<T> {
  readonly #most: number;
  #values: Set<T> | null = null;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  get size(): number {
    return this.#values === null ? 0 : this.#values.size;
  }

  has(value: T): boolean {
    return this.#values?.has(value) === true;
  }

  add(value: T): void {
    this.#values ??= new Set();
    if (this.#values.size < this.#most) this.#values.add(value);
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.#values ?? NOTHING)[Symbol.iterator]();
  }
}

const NOTHING: readonly never[] = [];
