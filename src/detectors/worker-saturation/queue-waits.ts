import type { QueueWait } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import type { Crew } from './crews.ts';

/** So many such times are remembered of a listener, the last ones. */
const MOST_WAITS = 20_000;
const MOST_LISTENERS = 4_096;
/** The last lines of threads that are busy to the end lie apart. */
const AT_END = MILLISECOND;

/** How long connections can have waited at most in the queues of listeners, where that was long. */
export class QueueWaits {
  readonly #waits = new Map<Listener, { start: Nanoseconds; end: Nanoseconds }[]>();

  add({ listener, since, end }: QueueWait): void {
    const own = this.#waits.get(listener) ?? [];
    if (own.length === 0) {
      if (this.#waits.size >= MOST_LISTENERS) return;
      this.#waits.set(listener, own);
    }
    const last = own.at(-1);
    // They all came after the same look.
    if (last?.start === since) {
      last.end = Math.max(last.end, end);
      return;
    }
    if (own.length === MOST_WAITS) own.splice(0, MOST_WAITS / 2);
    own.push({ start: since, end });
  }

  /**
   * The times in which a connection may have been in a queue of a crew, each from the last look that found it empty.
   * `busy` are the stretches in which all of the crew were busy; of one that goes on at the end of what was looked at
   * (`until`) nobody knows who waits.
   */
  of(crew: Crew, busy: readonly Interval[], until: Nanoseconds): Interval[] {
    const listeners = new Set(crew.flatMap(({ accepts }) => [...accepts.listeners]));
    const goesOn = (busy.at(-1)?.end ?? 0) >= until - AT_END;
    return [...listeners].flatMap((listener) => {
      const open = goesOn && listener.emptyAt !== UNKNOWN ? [{ start: listener.emptyAt, end: until }] : [];
      return [...(this.#waits.get(listener) ?? []), ...open];
    });
  }

  /** Whether somebody of the crew took a client that was in a queue when that stretch ended. */
  isTakenFrom(crew: Crew, stretch: Interval): boolean {
    return [...new Set(crew.flatMap(({ accepts }) => [...accepts.listeners]))].some((listener) =>
      (this.#waits.get(listener) ?? []).some(({ start, end }) => start < stretch.end && end >= stretch.end),
    );
  }
}

/** Those that overlap one of sorted stretches. */
export function overlapping(intervals: readonly Interval[], stretches: readonly Interval[]): Interval[] {
  return intervals.filter((one) => covered(stretches, [one]).length > 0);
}

/** The parts of sorted stretches that these intervals cover. */
export function covered(stretches: readonly Interval[], by: readonly Interval[]): Interval[] {
  const sorted = by.toSorted((a, b) => a.start - b.start);
  const found: Interval[] = [];
  for (const stretch of stretches) {
    let from = stretch.start;
    for (const { start, end } of sorted) {
      if (start >= stretch.end) break;
      const begin = Math.max(start, from);
      const last = Math.min(end, stretch.end);
      if (last <= begin) continue;
      found.push({ start: begin, end: last });
      from = last;
    }
  }
  return found;
}
