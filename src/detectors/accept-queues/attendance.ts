import type { Listener } from '../../model/machine/listener.ts';
import type { Stretch } from '../../model/machine/tending.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** From when to when a thread looked after a listener. */
export interface Attendance {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  /** When it gave the listener up or ended; the end of the capture while it did neither. */
  readonly end: Nanoseconds;
  /** It gave the listener up, or ended. */
  readonly hasLeft: boolean;
  /** Null for a thread that was in one wait for the listener to the end of the capture. */
  readonly stretch: Stretch | null;
}

/** When each of these threads looked after the listener; those that did not at all are left out. */
export function attendancesOf(listener: Listener, threads: Iterable<Thread>, { lastTime, zero }: Model): Attendance[] {
  const all: Attendance[] = [];
  for (const thread of threads) {
    const stretch = thread.accepts.tending.of(listener) ?? null;
    const waits = stretch === null && thread.leftIn?.descriptor?.epoll?.listeners.has(listener) === true;
    if (stretch === null && !waits) continue;
    const from = stretch?.from ?? thread.leftIn?.since ?? thread.firstTime;
    // What was there before the capture looked after it all along, also when its first line comes late.
    const isOld = thread.process.forkedAt === UNKNOWN && listener.openedBy === null;
    const left = stretch === null || stretch.until === UNKNOWN ? UNKNOWN : stretch.until;
    const over = thread.ended ? thread.lastTime : lastTime;
    all.push({
      thread,
      start: isOld ? zero : from,
      end: left === UNKNOWN ? over : Math.min(left, over),
      hasLeft: left !== UNKNOWN || thread.ended,
      stretch,
    });
  }
  return all;
}

/** The most that are there at once of intervals that end before the next begins, or in the same moment. */
export function mostAtOnce(intervals: readonly Pick<Attendance, 'start' | 'end'>[]): number {
  const ends = intervals.map(({ end }) => end).sort((a, b) => a - b);
  const starts = intervals.map(({ start }) => start).sort((a, b) => a - b);
  let most = 0;
  let over = 0;
  for (const [begun, start] of starts.entries()) {
    while (over < ends.length && (ends[over] as Nanoseconds) < start) over++;
    most = Math.max(most, begun + 1 - over);
  }
  return most;
}
