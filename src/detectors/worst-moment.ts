import { type Nanoseconds, SECOND } from '../trace/time.ts';
import type { Interval } from './busy-at-once/intersection.ts';

/** So much of a capture is looked at by itself: so long recordings are short ones. */
export const MOMENT: Nanoseconds = 10 * SECOND;

/** The `MOMENT` of a longer capture with the most time in sorted stretches; null of one that is no longer. */
export function worstMoment(stretches: readonly Interval[], window: Interval): Interval | null {
  if (window.end - window.start <= MOMENT || stretches.length === 0) return null;
  let worst: Interval | null = null;
  let most = 0;
  for (let first = 0, last = 0, whole = 0; first < stretches.length; first++) {
    // Each of them begins a moment; `whole` is the time of those that lie within, from `first` up to `last`.
    const start = Math.min((stretches[first] as Interval).start, window.end - MOMENT);
    const end = start + MOMENT;
    while (last < stretches.length && (stretches[last] as Interval).end <= end) {
      whole += timeOf([stretches[last] as Interval]);
      last++;
    }
    const cut = stretches[last];
    const time = whole + (cut !== undefined && cut.start < end ? end - cut.start : 0);
    if (time > most) {
      most = time;
      worst = { start, end };
    }
    if (last > first) whole -= timeOf([stretches[first] as Interval]);
    else last = first + 1;
  }
  return worst;
}

/** Of all of them together. */
export function timeOf(intervals: readonly Interval[]): Nanoseconds {
  return intervals.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The time of these intervals that lies within. */
export function timeWithin(intervals: readonly Interval[], { start, end }: Interval): Nanoseconds {
  return intervals.reduce((sum, each) => sum + Math.max(0, Math.min(each.end, end) - Math.max(each.start, start)), 0);
}
