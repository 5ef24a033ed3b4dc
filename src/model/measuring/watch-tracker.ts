import type { Watched } from '../../trace/record.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import type { Thread } from '../machine/thread.ts';
import type { Tracker } from '../tracker.ts';

const LINES = 6;

/** What was counted of a thread. */
export interface WatchedSums {
  accepted: number;
  empty: number;
  /** Wake-ups that ended inside the wait: more than waits returned. */
  silent: number;
}

/** Sums up seconds that were counted in the kernel. */
export class WatchTracker implements Tracker {
  readonly threads = new Map<Thread, WatchedSums>();
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  /** Seconds in which somebody found nothing to accept. */
  readonly lines: KeptLine[] = [];

  threadLetGo(thread: Thread): void {
    this.threads.delete(thread);
  }

  add(record: Watched, thread: Thread): void {
    const sums = this.threads.get(thread) ?? { accepted: 0, empty: 0, silent: 0 };
    this.threads.set(thread, sums);
    sums.accepted += record.accepted;
    sums.empty += record.empty;
    // A wait may have begun in the second before: single seconds may come out below zero, their sum does not.
    sums.silent += record.wakeUps - record.waits - record.timeouts;
    thread.process.accepted += record.accepted;
    this.first = earlier(this.first, record.time);
    this.last = later(this.last, record.time);
    if (record.empty > 0 && this.lines.length < LINES) this.lines.push(keptLine(record));
  }
}
