const PAGE_BITS = 10;
const PAGE = 1 << PAGE_BITS;

interface Page<T> {
  readonly values: (T | undefined)[];
  used: number;
}

/**
 * Values by the index of a lane. Indexes only grow, so that an array would grow with every thread there ever was: here
 * they lie in pages, and a page goes with its last value.
 */
export class LaneMap<T> {
  readonly #pages: (Page<T> | undefined)[] = [];

  get(index: number): T | undefined {
    return this.#pages[index >>> PAGE_BITS]?.values[index & (PAGE - 1)];
  }

  set(index: number, value: T): void {
    const number = index >>> PAGE_BITS;
    while (this.#pages.length <= number) this.#pages.push(undefined);
    const page = this.#pages[number] ?? { values: new Array<T | undefined>(PAGE).fill(undefined), used: 0 };
    this.#pages[number] = page;
    const at = index & (PAGE - 1);
    if (page.values[at] === undefined) page.used++;
    page.values[at] = value;
  }

  delete(index: number): void {
    const number = index >>> PAGE_BITS;
    const page = this.#pages[number];
    const at = index & (PAGE - 1);
    if (page === undefined || page.values[at] === undefined) return;
    page.values[at] = undefined;
    if (--page.used === 0) this.#pages[number] = undefined;
  }

  /** Values by growing index. */
  *values(): IterableIterator<T> {
    for (const page of this.#pages) for (const value of page?.values ?? []) if (value !== undefined) yield value;
  }

  /** Pages that are held, of 1,024 values each. */
  get pages(): number {
    return this.#pages.reduce((sum, page) => sum + (page === undefined ? 0 : 1), 0);
  }
}
