import type { Listener } from '../../model/machine/listener.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { allAtOnce, type Interval, type Life } from '../busy-at-once/intersection.ts';
import { idleIn, oldestOf, type Pause, pausesOf, setOf } from './pause-tracker.ts';

/** Who looks after a listener again that much later takes from the same queue as whoever was first. */
const TOGETHER: Nanoseconds = 100 * MILLISECOND;
/** A loop that was busy for more of a pause than this had other reasons to leave its listener alone. */
const LEAST_IDLE = 0.5;

/** A time in which nobody looked at a listener that stayed open, though all who could were waiting. */
export interface ShutTime extends Interval {
  readonly pauses: readonly Pause[];
  /** Connections that had come by its end. */
  readonly taken: number;
  /** It had not ended when the capture did. */
  readonly isOpen: boolean;
  /** A request that was in progress; ''. */
  readonly request: string;
}

/** What is known of one listener: times in which nobody looked, and from when to when anybody lived who could. */
export interface Watch extends Interval {
  readonly times: readonly ShutTime[];
  readonly workers: readonly number[];
}

/** One epoll instance that has the listener, from the first to the last moment of those who wait in it. */
interface Watcher extends Life {
  readonly pauses: readonly Pause[];
}

/** The longest that times with less than `TOGETHER` between them lasted, from the first to the last. */
export function longestStretch({ times }: Watch): Nanoseconds {
  let longest = 0;
  let since: Nanoseconds = 0;
  let last: Nanoseconds = Number.NEGATIVE_INFINITY;
  for (const { start, end } of times) {
    if (start - last >= TOGETHER) since = start;
    last = end;
    longest = Math.max(longest, end - since);
  }
  return longest;
}

/** Null where somebody looks at the listener in another way than an epoll instance: in accept, or in poll. */
export function watchOf(
  listener: Listener,
  acceptors: readonly Thread[],
  model: Model,
  least: Nanoseconds,
): Watch | null {
  const watchers = new Map<unknown, Watcher>();
  for (const thread of acceptors) {
    const set = setOf(thread);
    if (set === null) return null;
    const life = lifeOf(thread, listener, model);
    const known = watchers.get(set);
    const pauses = known?.pauses ?? pausesOf(set, listener);
    watchers.set(set, {
      start: Math.min(known?.start ?? life.start, life.start),
      end: Math.max(known?.end ?? life.end, life.end),
      busy: known?.busy ?? pauses.filter(isPause).map((pause) => ({ start: pause.start, end: endOf(pause) })),
      pauses,
    });
  }
  const all = [...watchers.values()];
  const times = allAtOnce(all, Number.POSITIVE_INFINITY, 1)
    .filter(({ start, end }) => end - start >= least)
    .map((interval) => shutTime(interval, all));
  return {
    start: Math.min(...all.map(({ start }) => start)),
    end: Math.max(...all.map(({ end }) => end)),
    times: times.filter(({ taken, isOpen, request }) => taken > 0 || (isOpen && request !== '')),
    workers: [...new Set(acceptors.map(({ process }) => process.pid))],
  };
}

function shutTime({ start, end }: Interval, watchers: readonly Watcher[]): ShutTime {
  const own = watchers.flatMap(({ pauses }) => pauses.filter((pause) => isPause(pause) && overlaps(pause, start, end)));
  const open = own.filter((pause) => pause.end === UNKNOWN && !pause.thread.isLeaving);
  const ended = own.filter((pause) => pause.end >= end && pause.end <= end + TOGETHER);
  const isOpen = ended.length === 0 && open.length > 0;
  return {
    start,
    end,
    pauses: own,
    taken: ended.reduce((sum, { taken }) => sum + taken, 0),
    isOpen,
    request:
      (isOpen ? open.map(({ thread }) => oldestOf(thread)) : ended.map(({ request }) => request)).find(isNamed) ?? '',
  };
}

const isNamed = (request: string): boolean => request !== '';

function overlaps(pause: Pause, start: Nanoseconds, end: Nanoseconds): boolean {
  return pause.start < end && endOf(pause) > start;
}

function endOf({ end }: Pause): Nanoseconds {
  return end === UNKNOWN ? Number.POSITIVE_INFINITY : end;
}

function isPause(pause: Pause): boolean {
  const isOver = pause.end !== UNKNOWN;
  const length = (isOver ? pause.end : pause.thread.lastTime) - pause.start;
  return (isOver ? pause.idle : idleIn(pause)) >= LEAST_IDLE * length;
}

/** What was there before the capture was there all along, also where its first line comes late. */
function lifeOf(thread: Thread, listener: Listener, { zero, lastTime }: Model): Interval {
  const { forkedAt, exitedAt } = thread.process;
  const isOld = forkedAt === UNKNOWN && listener.openedBy === null;
  const end = thread.ended ? thread.lastTime : exitedAt === UNKNOWN ? lastTime : exitedAt;
  return { start: isOld ? zero : thread.firstTime, end };
}
