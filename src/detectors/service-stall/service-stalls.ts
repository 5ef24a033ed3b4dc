import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { BusyTurns, Place } from './busy-turns.ts';
import type { Interval } from './intersection.ts';

/** Workers of which each stall says what they were in. */
const MOST_BLOCKED = 100;

/** A time in which no worker of a service could accept. */
export interface ServiceStall extends Interval {
  readonly open: boolean;
  readonly blockedIn: readonly (Place & { readonly pid: number })[];
  readonly lines: readonly KeptLine[];
}

/** What each worker was in meanwhile. */
export function describe(
  stall: Interval,
  loops: readonly Thread[],
  turns: ReadonlyMap<Thread, BusyTurns>,
): ServiceStall {
  const during = loops.flatMap((thread) =>
    (turns.get(thread)?.during(stall) ?? []).map((busy) => ({ pid: thread.process.pid, busy })),
  );
  return {
    start: stall.start,
    end: stall.end,
    open: during.some(({ busy }) => busy.open && busy.end === stall.end),
    blockedIn: during.slice(0, MOST_BLOCKED).map(({ pid, busy }) => ({ pid, ...busy.place })),
    lines: during.flatMap(({ busy }) => busy.lines.slice(0, 1)),
  };
}
