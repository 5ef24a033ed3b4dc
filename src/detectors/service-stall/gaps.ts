import { type KeptLine, NO_LINE } from '../../model/evidence.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type Attendance, attendancesOf } from '../accept-queues/attendance.ts';
import type { Interval } from '../busy-at-once/intersection.ts';

/** Fewer connections that are taken in one go may have come in that moment. */
const LEAST_TAKEN = 2;
/** Who begins so long after the first takes from the same queue. */
const TOGETHER: Nanoseconds = 100 * MILLISECOND;

/** A time in which nobody looked after a listener that stayed open: those who did had left, others came later. */
export interface Gap extends Interval {
  readonly listener: Listener;
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Connections that had queued up, at least. */
  readonly taken: number;
  readonly lines: readonly KeptLine[];
}

/** The gaps of all listeners that lasted for `least` and in which connections queued up. */
export function gapsOf(model: Model, least: Nanoseconds): Gap[] {
  const { gone } = model.processes;
  // Who was let go may have been there.
  if (gone.live + gone.endedServed > 0) return [];
  const threads = [...model.processes.threads()];
  return model.listeners.all.flatMap((listener) => gapsAt(listener, threads, model, least));
}

function gapsAt(listener: Listener, threads: readonly Thread[], model: Model, least: Nanoseconds): Gap[] {
  const all = attendancesOf(listener, threads, model).sort((a, b) => a.start - b.start);
  const gaps: Gap[] = [];
  let last = all[0];
  for (const next of all) {
    if (last === undefined) break;
    if (next.start - last.end >= least && last.hasLeft) {
      const gap = gapBetween(listener, all, last, next);
      const mayHaveHadOne = threads.some(
        (each) => mayHaveBeenThere(each, gap) || mayHaveStartedThem(each, gap, threads),
      );
      if (gap.taken >= LEAST_TAKEN && model.inWindow(gap.start) && !mayHaveHadOne) gaps.push(gap);
    }
    if (next.end > last.end) last = next;
  }
  return gaps;
}

function gapBetween(listener: Listener, all: readonly Attendance[], last: Attendance, next: Attendance): Gap {
  const after = all.filter(({ start }) => start >= next.start && start <= next.start + TOGETHER);
  const lines = [last.stretch?.untilLine, ...after.map(({ stretch }) => stretch?.takenLine)];
  return {
    listener,
    start: last.end,
    end: next.start,
    before: pidsOf(all.filter(({ start }) => start < last.end).map(({ thread }) => thread)),
    after: pidsOf(after.map(({ thread }) => thread)),
    taken: after.reduce((sum, { stretch }) => sum + (stretch?.taken ?? 0), 0),
    lines: lines.filter((line): line is KeptLine => line !== undefined && line !== NO_LINE),
  };
}

/**
 * The parent of those who began later waits in an epoll instance that was there before the capture, and nobody knows
 * what for: php-fpm with `pm = ondemand` looks after the listener there and starts a worker when somebody comes.
 */
function mayHaveStartedThem({ process, loop }: Thread, { after }: Gap, threads: readonly Thread[]): boolean {
  if (process.forkedAt !== UNKNOWN || process.forks === 0) return false;
  const waitsUnseen = loop.waitSets.some(
    ({ kind, descriptor }) => kind === 'epoll' && descriptor?.seenOpening !== true,
  );
  return waitsUnseen && threads.some((each) => each.process.parent === process && after.includes(each.process.pid));
}

/**
 * A process that was there before the capture waited all the time, and the capture does not show what for. The parent
 * of the workers does that.
 */
function mayHaveBeenThere({ process, leftIn, ended }: Thread, { start, after }: Gap): boolean {
  if (ended || leftIn === null || leftIn.since > start || process.forkedAt !== UNKNOWN) return false;
  const { family } = leftIn.syscall;
  const isWait = family === 'epoll-wait' || family === 'poll' || family === 'select' || family === 'restart';
  return isWait && leftIn.descriptor?.seenOpening !== true && process.forks === 0 && !after.includes(process.pid);
}
