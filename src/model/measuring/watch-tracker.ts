import type { Noted, Watched } from '../../trace/record.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import type { Thread } from '../machine/thread.ts';
import type { Tracker } from '../tracker.ts';

const LINES = 6;
/** Turns that are kept of each thread: the longest. */
const MOST_TURNS = 200;
/** Failed writes that are kept: the first. */
const MOST_WRITES = 200;

/** What was counted of a thread. */
export interface WatchedSums {
  accepted: number;
  empty: number;
  /** Waits that ended. */
  turns: number;
  /** Wake-ups that ended inside the wait: more than waits returned. */
  silent: number;
}

/** A turn of a loop that was told since it was long. */
export interface WatchedTurn {
  readonly start: Nanoseconds;
  readonly length: Nanoseconds;
  readonly line: KeptLine;
}

/** The long turns of one thread. */
export interface WatchedTurns {
  count: number;
  total: Nanoseconds;
  readonly longest: WatchedTurn[];
}

/** A write that failed. */
export interface WatchedWrite {
  readonly pid: number;
  readonly at: Nanoseconds;
  readonly call: string;
  readonly error: string;
  readonly line: KeptLine;
}

/** Sums up seconds that were counted in the kernel. */
export class WatchTracker implements Tracker {
  readonly threads = new Map<Thread, WatchedSums>();
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  /** Seconds in which somebody found nothing to accept. */
  readonly lines: KeptLine[] = [];

  readonly turns = new Map<Thread, WatchedTurns>();
  readonly writes: WatchedWrite[] = [];
  /** Failed writes, those that are not kept as well. */
  failed = 0;

  /** The capture is one that counts. */
  get isActive(): boolean {
    return this.threads.size > 0 || this.turns.size > 0 || this.failed > 0;
  }

  threadLetGo(thread: Thread): void {
    this.threads.delete(thread);
    this.turns.delete(thread);
  }

  note(record: Noted, thread: Thread): void {
    const { time, length, call, error } = record;
    const line = keptLine(record);
    if (call !== '') {
      this.failed++;
      const { pid } = thread.process;
      if (this.writes.length < MOST_WRITES) this.writes.push({ pid, at: time, call, error, line });
      return;
    }
    const turns = this.turns.get(thread) ?? { count: 0, total: 0, longest: [] };
    this.turns.set(thread, turns);
    turns.count++;
    turns.total += length;
    turns.longest.push({ start: time, length, line });
    if (turns.longest.length <= MOST_TURNS) return;
    const least = turns.longest.reduce((shortest, turn) => (turn.length < shortest.length ? turn : shortest));
    turns.longest.splice(turns.longest.indexOf(least), 1);
  }

  add(record: Watched, thread: Thread): void {
    const sums = this.threads.get(thread) ?? { accepted: 0, empty: 0, turns: 0, silent: 0 };
    this.threads.set(thread, sums);
    sums.accepted += record.accepted;
    sums.empty += record.empty;
    sums.turns += record.waits + record.timeouts;
    // A wait may have begun in the second before: single seconds may come out below zero, their sum does not.
    sums.silent += record.wakeUps - record.waits - record.timeouts;
    thread.process.accepted += record.accepted;
    this.first = earlier(this.first, record.time);
    this.last = later(this.last, record.time);
    if (record.empty > 0 && this.lines.length < LINES) this.lines.push(keptLine(record));
  }
}
