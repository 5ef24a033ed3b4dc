import type { TraceRecord } from '../trace/record.ts';
import type { Nanoseconds } from '../trace/time.ts';
import type { MergedClock } from './merged-clock.ts';
import type { OpenedInput } from './opened-input.ts';
import { timeOf } from './record-time.ts';

/** So many inputs are read side by side: each holds a parser and what it read last, together some 25 KB. */
const MOST_OPEN = 3_000;

/** An input waiting for its turn. */
export interface MergeInput {
  /**
   * No record of the input is earlier; minus infinity for inputs without comparable times, which are read one after the
   * other.
   */
  readonly start: Nanoseconds;
  /** Null when the input cannot be read any more: it is passed over. */
  readonly open: () => Promise<OpenedInput | null>;
}

export interface MergeSteps {
  readonly clock: MergedClock;
  /** The clock of all inputs was set forward before this record of one of them. */
  readonly leapt: (open: OpenedInput, record: TraceRecord) => void;
  readonly accept: (record: TraceRecord) => void;
  /** After each chunk of any input. */
  readonly chunkRead: () => Promise<void> | undefined;
  readonly closed: (open: OpenedInput) => void;
  /** An input was opened after others had come to its end: there was no room before. */
  readonly late: (open: OpenedInput) => void;
}

/**
 * Passes on the records of several inputs in order of time; records of one input keep their order whatever their times
 * say. Inputs come sorted by `start` and are opened when the others have reached it; of more than `most` that overlap
 * the further ones wait until another has ended.
 */
export async function mergeInputs(waiting: readonly MergeInput[], steps: MergeSteps, most = MOST_OPEN): Promise<void> {
  const heap = new CursorHeap();
  try {
    await mergeInto(heap, waiting, steps, most);
  } catch (error) {
    // Files that nobody reads on would stay open in the process of a library user.
    await Promise.all(heap.open.map((input) => input.abandon?.()));
    throw error;
  }
}

async function mergeInto(
  heap: CursorHeap,
  waiting: readonly MergeInput[],
  { accept, chunkRead, clock, closed, late, leapt }: MergeSteps,
  most: number,
): Promise<void> {
  let opened = 0;
  /** The input for which there was no room. */
  let held = -1;
  for (;;) {
    for (
      let next = waiting[opened];
      next !== undefined && heap.size < most && (heap.top === undefined || next.start < heap.top.key);
      next = waiting[opened]
    ) {
      const input = await next.open();
      if (input !== null) {
        if (opened === held) late(input);
        heap.add(new Cursor(input, opened, Number.isFinite(next.start)));
      }
      opened++;
    }
    const { top } = heap;
    if (top === undefined) return;
    const isFull = heap.size >= most;
    const next = waiting[opened];
    if (isFull && next !== undefined && next.start < top.key) held = opened;
    const nextStart = isFull ? undefined : next?.start;
    const limit = Math.min(heap.secondKey, nextStart ?? Number.POSITIVE_INFINITY);
    let record = top.record;
    // The earliest input mostly stays the earliest for a while: no look at the heap until it falls behind another.
    while (record !== null) {
      if (clock.isSilent(top.key) && clock.judge(heap.cursors)) leapt(top.open, record);
      clock.correct(record);
      accept(record);
      record = top.advance();
      if (top.key > limit) break;
    }
    if (record !== null || (await top.refill(chunkRead))) {
      heap.settleTop();
    } else {
      heap.removeTop();
      closed(top.open);
    }
  }
}

/** One open input with the record that comes next; its parser uses that record again as soon as it is advanced. */
class Cursor {
  readonly open: OpenedInput;
  readonly order: number;
  readonly #timed: boolean;
  key: Nanoseconds = Number.NEGATIVE_INFINITY;
  /** The key of the record before. */
  before: Nanoseconds = Number.NEGATIVE_INFINITY;
  record: TraceRecord | null = null;

  constructor(open: OpenedInput, order: number, timed: boolean) {
    this.open = open;
    this.order = order;
    this.#timed = timed;
  }

  advance(): TraceRecord | null {
    const record = this.open.parser.next();
    this.record = record;
    this.before = this.key;
    if (record !== null && this.#timed) {
      const time = timeOf(record);
      if (time !== null && time > this.key) this.key = time;
    }
    return record;
  }

  /** Fetches chunks until there is a record; false at the end of the input. */
  async refill(chunkRead: () => Promise<void> | undefined): Promise<boolean> {
    while (await this.open.refill()) {
      const record = this.advance();
      await chunkRead();
      if (record !== null) return true;
    }
    return false;
  }
}

/** A binary heap, earliest key first, equal keys in the order of their inputs. */
class CursorHeap {
  readonly #cursors: Cursor[] = [];

  get open(): readonly OpenedInput[] {
    return this.#cursors.map(({ open }) => open);
  }

  get cursors(): readonly Cursor[] {
    return this.#cursors;
  }

  get size(): number {
    return this.#cursors.length;
  }

  get top(): Cursor | undefined {
    return this.#cursors[0];
  }

  /** The key that the top must not pass. */
  get secondKey(): Nanoseconds {
    return Math.min(
      this.#cursors[1]?.key ?? Number.POSITIVE_INFINITY,
      this.#cursors[2]?.key ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Adds a cursor that has no record yet: it is the earliest until its first refill. */
  add(cursor: Cursor): void {
    this.#cursors.push(cursor);
    for (let index = this.#cursors.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  removeTop(): void {
    const last = this.#cursors.pop();
    if (last === undefined || this.#cursors.length === 0) return;
    this.#cursors[0] = last;
    this.settleTop();
  }

  /** Moves the top, whose key has grown, to its place. */
  settleTop(): void {
    for (let index = 0; ; ) {
      const left = index * 2 + 1;
      let least = index;
      if (left < this.#cursors.length && this.#isBefore(left, least)) least = left;
      if (left + 1 < this.#cursors.length && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#cursors[a] as Cursor;
    const second = this.#cursors[b] as Cursor;
    return first.key < second.key || (first.key === second.key && first.order < second.order);
  }

  #swap(a: number, b: number): void {
    const kept = this.#cursors[a] as Cursor;
    this.#cursors[a] = this.#cursors[b] as Cursor;
    this.#cursors[b] = kept;
  }
}
