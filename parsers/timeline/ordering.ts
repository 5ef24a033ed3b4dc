import type { Nanoseconds } from '../../src/trace/time.ts';

/** What can wait for its turn. */
export interface Timed {
  /** When the tracer saw it. */
  readonly seenAt: Nanoseconds;
}

/** So many may wait: some buffers of a processor full of lines (256 pages of 4 KB hold about 7,000 each). */
const MOST = 16_384;
/** Buffers of all processors are emptied more often than this. */
const LONGEST: Nanoseconds = 1_000_000_000;

/**
 * Puts what several processors wrote in order of time: bpftrace empties one buffer after the other. Bounded: what comes
 * later than that is passed on late. The outcome depends on the order of arrival only, never on how the bytes were cut.
 */
export class Ordering<Item extends Timed> {
  readonly #heap: { readonly item: Item; readonly order: number }[] = [];
  #arrived = 0;
  #newest: Nanoseconds = Number.NEGATIVE_INFINITY;
  #passed: Nanoseconds = Number.NEGATIVE_INFINITY;
  #isEnding = false;

  /** False when an item that happened later was passed on already. */
  add(item: Item): boolean {
    const heap = this.#heap;
    heap.push({ item, order: this.#arrived++ });
    if (item.seenAt > this.#newest) this.#newest = item.seenAt;
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
    return item.seenAt >= this.#passed;
  }

  /** Nothing more comes: everything may go. */
  end(): void {
    this.#isEnding = true;
  }

  /** The earliest item whose turn it is; null when it is better to wait for more. */
  next(): Item | null {
    const [top] = this.#heap;
    if (top === undefined) return null;
    if (!this.#isEnding && this.#heap.length <= MOST && this.#newest - top.item.seenAt <= LONGEST) return null;
    this.#removeTop();
    if (top.item.seenAt > this.#passed) this.#passed = top.item.seenAt;
    return top.item;
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ; ) {
      const left = index * 2 + 1;
      let least = index;
      if (left < heap.length && this.#isBefore(left, least)) least = left;
      if (left + 1 < heap.length && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return false;
    return (
      first.item.seenAt < second.item.seenAt || (first.item.seenAt === second.item.seenAt && first.order < second.order)
    );
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const kept = heap[a] as { readonly item: Item; readonly order: number };
    heap[a] = heap[b] as { readonly item: Item; readonly order: number };
    heap[b] = kept;
  }
}
