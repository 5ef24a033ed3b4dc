import { type KeptLine, keptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { CallTotals } from '../../model/measuring/call-statistics.ts';
import type { DiskSync } from '../../model/topics/disk/disk-tracker.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';
import { LongestWaits } from '../longest-waits.ts';

const MOST_FILES = 50;
const MOST_REQUESTS = 50;
const EVIDENCE = 6;

interface FileTally {
  count: number;
  total: Nanoseconds;
  longest: Nanoseconds;
}

/** Syncs of one request line. */
export interface RequestTally {
  count: number;
  total: Nanoseconds;
}

/** Syncs of one thread. */
export class SyncTally {
  readonly thread: Thread;
  /** Counts and times of all of them, whatever they are called. */
  readonly calls: CallTotals;
  readonly first: Nanoseconds;
  last: Nanoseconds = 0;
  /** The second that runs, its syncs and their time; the most of each within a second. */
  #second = -1;
  #count = 0;
  #time: Nanoseconds = 0;
  mostInSecond = 0;
  longestInSecond: Nanoseconds = 0;
  /** The turn of the loop or the request that runs, the time of its syncs, and the most of any. */
  #stretch: unknown = null;
  #together: Nanoseconds = 0;
  longestTogether: Nanoseconds = 0;
  /** The thread had read a request by then, or runs a loop's turn. */
  served = 0;
  readonly files = new Map<string, FileTally>();
  readonly requests = new Map<string, RequestTally>();
  readonly longestWaits = new LongestWaits();
  longestName = '';
  lines: readonly KeptLine[] = [];

  constructor({ thread, record }: DiskSync) {
    this.thread = thread;
    this.calls = new CallTotals(record.syscall);
    this.first = record.start;
  }

  add({ thread, record, target }: DiskSync): void {
    const { duration, end, start } = record;
    if (duration > this.calls.longest || this.lines.length === 0) {
      const line = keptLine(record);
      const lines =
        record.startLine === record.line
          ? [line]
          : [{ file: record.file, line: record.startLine, text: record.startText }, line];
      this.lines = [...lines, ...this.lines].slice(0, EVIDENCE);
      this.longestName = record.syscall.name;
    }
    this.calls.add(record);
    this.longestWaits.add(thread, start, end);
    this.last = end;
    if (thread.servesRequests || thread.loop.inTurn) this.served++;
    const second = Math.floor(start / SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
      this.#time = 0;
    }
    this.#count++;
    this.#time += duration;
    this.mostInSecond = Math.max(this.mostInSecond, this.#count);
    this.longestInSecond = Math.max(this.longestInSecond, this.#time);
    const { loop } = thread;
    // A turn is reused by the next one, so its number tells it from others.
    const stretch = loop.inTurn ? loop.turn.number : (loop.owner ?? second);
    if (stretch !== this.#stretch) {
      this.#stretch = stretch;
      this.#together = 0;
    }
    this.#together += duration;
    this.longestTogether = Math.max(this.longestTogether, this.#together);
    const file = this.files.get(target);
    if (file !== undefined) {
      file.count++;
      file.total += duration;
      file.longest = Math.max(file.longest, duration);
    } else if (this.files.size < MOST_FILES) this.files.set(target, { count: 1, total: duration, longest: duration });
    const name = thread.loop.owner?.line ?? '';
    if (name === '') return;
    const request = this.requests.get(name);
    if (request !== undefined) {
      request.count++;
      request.total += duration;
    } else if (this.requests.size < MOST_REQUESTS) this.requests.set(name, { count: 1, total: duration });
  }
}
