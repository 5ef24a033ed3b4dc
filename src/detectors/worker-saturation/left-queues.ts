import type { KeptLine } from '../../model/evidence.ts';
import type { QueueTaken } from '../../model/facts.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { duration, percent, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { BusyTurns } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import type { DraftFinding } from '../finding.ts';
import { type Crew, crewsOf, queuesOf } from './crews.ts';
import type { Saturation } from './finding.ts';
import type { Metrics } from './metrics.ts';

/** So many such times are remembered of a thread, the last ones. */
const MOST_TIMES = 20_000;
const MOST_THREADS = 4_096;
/** Between two of them the acceptor took the one client that a thread was free for. */
const AT_ONCE = 50 * MILLISECOND;

interface LeftQueue extends Interval {
  readonly line: KeptLine;
}

/**
 * When a thread that accepts for a pool waited for a lock (a free thread of its pool, an interpreter lock) and found a
 * client in the queue of its listener when it came back.
 */
export class LeftQueues {
  readonly #times = new Map<Thread, LeftQueue[]>();
  /** The last of each, until the other one is told that belongs to it: some accept first and wait then. */
  readonly #aways = new Map<Thread, Interval>();
  readonly #taken = new Map<Thread, LeftQueue>();

  /** It waited for a lock so long. */
  away(thread: Thread, { start, end }: Interval): void {
    if (this.#aways.size >= MOST_THREADS && !this.#aways.has(thread)) return;
    const away = { start, end };
    this.#aways.set(thread, away);
    const taken = this.#taken.get(thread);
    if (taken !== undefined) this.#add(thread, away, taken);
  }

  /** It took a connection that was in the queue. */
  taken({ thread: of, since, start, line }: QueueTaken): void {
    const thread = of as Thread;
    if (this.#taken.size >= MOST_THREADS && !this.#taken.has(thread)) return;
    const taken = { start: since, end: start, line };
    this.#taken.set(thread, taken);
    const away = this.#aways.get(thread);
    if (away !== undefined) this.#add(thread, away, taken);
  }

  #add(thread: Thread, away: Interval, taken: LeftQueue): void {
    const start = Math.max(away.start, taken.start);
    const end = Math.min(away.end, taken.end);
    if (start >= end) return;
    const own = this.#times.get(thread) ?? [];
    this.#times.set(thread, own);
    if (own.length === MOST_TIMES) own.splice(0, MOST_TIMES / 2);
    own.push({ start, end, line: taken.line });
  }

  forget(thread: Thread): void {
    this.#times.delete(thread);
    this.#aways.delete(thread);
    this.#taken.delete(thread);
  }

  /** Acceptors by whom they serve: whoever of a crew had come back would have taken the client. */
  crews(): Crew[] {
    return crewsOf([...this.#times.keys()], ({ accepts }) => queuesOf(accepts.listeners));
  }

  /** The times of each of them, those that follow each other at once as one, from `least` on. */
  turnsOf(crew: Crew, least: Nanoseconds): ReadonlyMap<Thread, BusyTurns> {
    const turns = new Map<Thread, BusyTurns>();
    for (const thread of crew) {
      const times = this.#times.get(thread) ?? [];
      const own = new BusyTurns();
      turns.set(thread, own);
      for (const { start, end } of together(times, AT_ONCE)) {
        if (end - start < least) continue;
        const lines = times.filter((each) => each.end > start && each.end <= end).map(({ line }) => line);
        own.add(
          { start, end, outside: 0, open: false, lines: lines.slice(-1), pauseStart: start, pauseEnd: end },
          { cause: 'lock', call: 'futex', target: '', isBrief: false, request: '' },
        );
      }
    }
    return turns;
  }
}

/** What is said of acceptors in place of a finding about busy workers. */
export function leftQueueFinding(
  draft: DraftFinding<Metrics>,
  crew: Crew,
  { stretches, total, share, severity }: Saturation,
): DraftFinding<Metrics> {
  const longest = stretches.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const pids = pidsOf(crew);
  const [pid] = pids;
  const who = pids.length === 1 ? `Worker ${pid}` : `All ${pids.length} workers`;
  const isOne = pids.length === 1;
  return {
    ...draft,
    severity: severity === 'critical' ? 'warning' : severity,
    title: `${who} left new clients waiting ${percent(share)} of the time, longest ${duration(longest)}`,
    summary:
      `The ${isOne ? 'thread that accepts for the pool' : 'threads that accept for the pools'} of ` +
      `${isOne ? `worker ${pid}` : who.toLowerCase()} waited for a lock for ${duration(total)} ` +
      `(${plural(stretches.length, 'time')}, the longest ${duration(longest)}): for a free thread of the pool, or ` +
      'for an interpreter lock (Ruby, Python). Each time a client was in the queue of the listener when it came back.',
  };
}

/** Intervals in order of time, with those that are at most so far apart as one. */
export function together(intervals: readonly Interval[], apart: Nanoseconds): Interval[] {
  const found: { start: Nanoseconds; end: Nanoseconds }[] = [];
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last !== undefined && start <= last.end + apart) last.end = Math.max(last.end, end);
    else found.push({ start, end });
  }
  return found;
}
