import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { CodeSample } from '../../model/measuring/code-samples.ts';
import type { Model } from '../../model/model.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { BusyTurn, BusyTurns, NamedPlace } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { placeIn } from '../busy-at-once/place-in.ts';
import { codeIn } from '../code-line.ts';

/** Workers of which each stall says what they were in. */
const MOST_BLOCKED = 100;

/** A time in which no worker of a service could accept. */
export interface ServiceStall extends Interval {
  readonly open: boolean;
  readonly blockedIn: readonly (NamedPlace & { readonly pid: number })[];
  /** The code that each of these was seen in; null of whom nobody looked at. */
  readonly codes: readonly (CodeSample | null)[];
  readonly lines: readonly KeptLine[];
}

/** What each worker was in meanwhile. */
export function describe(
  model: Model,
  stall: Interval,
  loops: readonly Thread[],
  turns: ReadonlyMap<Thread, BusyTurns>,
): ServiceStall {
  const during = loops.flatMap((thread) =>
    (turns.get(thread)?.during(stall) ?? []).map((busy) => ({ pid: thread.process.pid, thread, busy })),
  );
  return {
    start: stall.start,
    end: stall.end,
    open: during.some(({ busy }) => busy.open && busy.end === stall.end),
    blockedIn: during.slice(0, MOST_BLOCKED).map(({ pid, thread, busy }) => ({ pid, ...placeIn(model, thread, busy) })),
    codes: during
      .slice(0, MOST_BLOCKED)
      .map(({ thread, busy }) => codeIn(model, thread, { start: busy.start, end: busy.end, call: busy.place.call })),
    lines: during.flatMap(({ busy }) => busy.lines.slice(0, 1)),
  };
}

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
