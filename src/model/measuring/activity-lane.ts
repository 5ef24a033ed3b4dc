import type { Nanoseconds } from '../../trace/time.ts';
import type { Thread } from '../machine/thread.ts';

/** Columns of time kept a thread. A capture of any length fits: they become wider as it grows. */
export const BUCKETS = 2048;
/** A stay of this length marks its buckets however wide they are: it is what people look for. */
const LONG: Nanoseconds = 100_000_000;

/** What a thread was in. */
export type LaneState = 'waiting' | 'blocked' | 'silent';

/**
 * What one thread did, bucket by bucket. What is neither waiting nor blocked nor silent was running from call to call.
 */
export class ActivityLane {
  readonly thread: Thread;
  /** Seconds inside the loop's own wait. */
  readonly waiting = new Float32Array(BUCKETS);
  /** Seconds in other calls that took long. */
  readonly blocked = new Float32Array(BUCKETS);
  /** Seconds between calls that were far apart: running, or waiting for a CPU. */
  readonly silent = new Float32Array(BUCKETS);
  /** Bit 0: part of a long blocked stay; bit 1: part of a long silence. */
  readonly long = new Uint8Array(BUCKETS);
  readonly calls = new Uint32Array(BUCKETS);
  readonly accepted = new Uint32Array(BUCKETS);
  readonly wasted = new Uint32Array(BUCKETS);
  readonly brokenPipes = new Uint32Array(BUCKETS);
  lastWasWait = false;
  /** No call of it has come back. */
  isEmpty = true;

  constructor(thread: Thread) {
    this.thread = thread;
  }

  /** Spreads a time in one state over the buckets it covers. Its times count from the beginning of the first bucket. */
  add(state: LaneState, start: Nanoseconds, end: Nanoseconds, width: Nanoseconds): void {
    const mark = state === 'waiting' || end - start < LONG ? 0 : state === 'blocked' ? 1 : 2;
    spread(start, end, width, BUCKETS, (bucket, seconds) => {
      this[state][bucket] = (this[state][bucket] ?? 0) + seconds;
      if (mark > 0) this.long[bucket] = (this.long[bucket] ?? 0) | mark;
    });
  }

  /** Makes room for so many buckets before the first one; as many fall off the end, which must be empty. */
  moveBack(buckets: number): void {
    for (const column of this.#columns()) {
      column.copyWithin(buckets, 0);
      column.fill(0, 0, buckets);
    }
  }

  /** Makes room: two buckets become one. */
  halve(): void {
    for (const column of this.#sums()) {
      for (let bucket = 0; bucket < BUCKETS / 2; bucket++)
        column[bucket] = (column[2 * bucket] ?? 0) + (column[2 * bucket + 1] ?? 0);
      column.fill(0, BUCKETS / 2);
    }
    for (let bucket = 0; bucket < BUCKETS / 2; bucket++)
      this.long[bucket] = (this.long[2 * bucket] ?? 0) | (this.long[2 * bucket + 1] ?? 0);
    this.long.fill(0, BUCKETS / 2);
  }

  #sums(): (Float32Array | Uint32Array)[] {
    return [this.waiting, this.blocked, this.silent, this.calls, this.accepted, this.wasted, this.brokenPipes];
  }

  #columns(): (Float32Array | Uint32Array | Uint8Array)[] {
    return [...this.#sums(), this.long];
  }
}

/**
 * Tells each bucket of a number of them how many seconds of a stay fall into it. However long the stay is, and whenever
 * it began, no other buckets are looked at.
 */
export function spread(
  start: Nanoseconds,
  end: Nanoseconds,
  width: Nanoseconds,
  buckets: number,
  tell: (bucket: number, seconds: number) => void,
): void {
  const from = Math.max(0, start);
  const last = Math.min(buckets, Math.ceil(end / width));
  for (let bucket = Math.floor(from / width); bucket < last; bucket++) {
    const share = Math.min(end, (bucket + 1) * width) - Math.max(from, bucket * width);
    if (share > 0) tell(bucket, share / 1e9);
  }
}
