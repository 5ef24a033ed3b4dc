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
/** An item is tried at the end of so many runs: those that took one last. */
const MOST_TRIED = 8;
/** So many that are passed on are kept in front of those that wait. */
const MOST_PASSED = 1_024;

/** Items in order of time, as one processor wrote them. */
interface Run<Item> {
  readonly items: Item[];
  /** When each of them arrived: they are counted. */
  readonly orders: number[];
  /** Those before it are passed on. */
  next: number;
}

/**
 * Puts what several processors wrote in order of time: bpftrace empties one buffer after the other. Each buffer is in
 * order, so that items lie in runs, and only the first of each run is compared. Bounded: what comes later than that is
 * passed on late. The outcome depends on the order of arrival only, never on how the bytes were cut.
 */
export class Ordering<Item extends Timed> {
  /** Runs that hold something, as a heap: the one with the earliest item is on top. */
  readonly #heap: Run<Item>[] = [];
  /** Runs to which something may be added, the one that took an item last in front. */
  readonly #growing: Run<Item>[] = [];
  #waiting = 0;
  #arrived = 0;
  #newest: Nanoseconds = Number.NEGATIVE_INFINITY;
  #passed: Nanoseconds = Number.NEGATIVE_INFINITY;
  #isEnding = false;

  /** False when an item that happened later was passed on already. */
  add(item: Item): boolean {
    const { seenAt } = item;
    this.#waiting++;
    if (seenAt > this.#newest) this.#newest = seenAt;
    const growing = this.#growing;
    const order = this.#arrived++;
    for (let at = 0; at < growing.length; at++) {
      const run = growing[at] as Run<Item>;
      const last = run.items.at(-1);
      if (last === undefined || last.seenAt > seenAt) continue;
      run.items.push(item);
      run.orders.push(order);
      if (at > 0) {
        growing.splice(at, 1);
        growing.unshift(run);
      }
      return seenAt >= this.#passed;
    }
    const run = { items: [item], orders: [order], next: 0 };
    if (growing.length === MOST_TRIED) growing.pop();
    growing.unshift(run);
    this.#heap.push(run);
    this.#rise(this.#heap.length - 1);
    return seenAt >= this.#passed;
  }

  /** Nothing more comes: everything may go. */
  end(): void {
    this.#isEnding = true;
  }

  /** The earliest item whose turn it is; null when it is better to wait for more. */
  next(): Item | null {
    const [run] = this.#heap;
    if (run === undefined) return null;
    const item = run.items[run.next] as Item;
    if (!this.#isEnding && this.#waiting <= MOST && this.#newest - item.seenAt <= LONGEST) return null;
    this.#waiting--;
    run.next++;
    this.#settle(run);
    if (item.seenAt > this.#passed) this.#passed = item.seenAt;
    return item;
  }

  /** Puts the run on top where it belongs, or away when it is empty. */
  #settle(run: Run<Item>): void {
    const heap = this.#heap;
    if (run.next === run.items.length) {
      const at = this.#growing.indexOf(run);
      if (at >= 0) this.#growing.splice(at, 1);
      const last = heap.pop() as Run<Item>;
      if (heap.length === 0) return;
      heap[0] = last;
    } else if (run.next === MOST_PASSED) {
      run.items.splice(0, run.next);
      run.orders.splice(0, run.next);
      run.next = 0;
    }
    this.#sink();
  }

  #rise(from: number): void {
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(): void {
    const { length } = this.#heap;
    for (let index = 0; ; ) {
      const left = index * 2 + 1;
      let least = index;
      if (left < length && this.#isBefore(left, least)) least = left;
      if (left + 1 < length && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a] as Run<Item>;
    const second = this.#heap[b] as Run<Item>;
    const one = (first.items[first.next] as Item).seenAt;
    const other = (second.items[second.next] as Item).seenAt;
    return (
      one < other || (one === other && (first.orders[first.next] as number) < (second.orders[second.next] as number))
    );
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const kept = heap[a] as Run<Item>;
    heap[a] = heap[b] as Run<Item>;
    heap[b] = kept;
  }
}
