import type { Nanoseconds } from '../../trace/time.ts';
import type { BusyTurn } from './busy-turns.ts';
import type { Interval } from './intersection.ts';

/** What the turns during stalls come to: a turn counts once for each stall that it overlaps. */
export interface StallTotals {
  readonly inTurns: Nanoseconds;
  /** Of it outside any call. */
  readonly outside: Nanoseconds;
  /** A turn that has not ended ends with a stall. */
  readonly open: boolean;
}

/**
 * Adds up the turns of all workers over stalls in order of time, none of which overlap. A search for each turn: both
 * may be very many.
 */
export function totalsOf(
  stalls: readonly Interval[],
  turns: Iterable<Pick<BusyTurn, 'start' | 'end' | 'outside' | 'open'>>,
): StallTotals {
  let inTurns = 0;
  let outside = 0;
  let open = false;
  for (const turn of turns) {
    const first = firstWhere(stalls, ({ end }) => end > turn.start);
    const behind = firstWhere(stalls, ({ start }) => start >= turn.end);
    const overlaps = Math.max(0, behind - first);
    inTurns += overlaps * (turn.end - turn.start);
    outside += overlaps * turn.outside;
    open ||= overlaps > 0 && turn.open && stalls[behind - 1]?.end === turn.end;
  }
  return { inTurns, outside, open };
}

/** The place of the first interval for which that holds; once it holds it holds for all that follow. */
function firstWhere(intervals: readonly Interval[], holds: (interval: Interval) => boolean): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(intervals[middle] as Interval)) high = middle;
    else low = middle + 1;
  }
  return low;
}
