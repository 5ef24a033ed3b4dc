import type { Thread } from '../../model/machine/thread.ts';
import type { OffCpu } from '../../model/machine/turn.ts';
import type { Rhythm } from '../../model/measuring/pauses.ts';
import type { Model } from '../../model/model.ts';
import { requestShape } from '../../trace/request-shape.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { asksForIdByHabit, type Cause, type Reason } from '../stall-cause/cause.ts';
import { type NotRunning, notRunningIn } from '../stall-cause/not-running.ts';

/** Stalls kept in full for each group: the longest. */
const KEPT_STALLS = 20;
/** Groups kept a thread; further targets share the last. */
const MOST_GROUPS = 40;
/** Groups kept for one cause and target: further requests share the last. */
const MOST_REQUESTS = 5;

/** Ends the key of a group that further requests, or targets, share. */
const OTHERS = '(others)';

/** Causes that are about the worker, whatever it serves. */
const WHATEVER_IT_SERVES: ReadonlySet<Cause> = new Set<Cause>([
  'not-running',
  'stopped',
  'gil-wait',
  'many-requests',
  'one-connection',
]);

/** Causes that say that there was too much to do. */
const CROWDS: ReadonlySet<Cause> = new Set<Cause>(['many-requests', 'one-connection']);

/** The part of a stall that stands for it. */
const DOMINANT = 0.6;

/** A loop that comes back from its wait sooner has found there what came before. */
const NO_WAIT = MILLISECOND;

/** One stall, reduced to what a report says. */
export interface Stall {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly length: Nanoseconds;
  /** Without what the tracer added and what coarse stamps may have added. */
  readonly corrected: Nanoseconds;
  /** What the tracer added. */
  readonly tracer: Nanoseconds;
  /** What of it a tracer that prints stacks may have taken: read when the report is made. */
  readonly held: () => Nanoseconds;
  readonly open: boolean;
  /** It ran when the tracer came: it may have begun long before. */
  readonly beganBefore: boolean;
  readonly reason: Reason;
  readonly request: string;
  readonly afterReply: boolean;
  readonly waiting: readonly string[];
  /** Read when the report is made: those who were kept waiting show up after the stall. */
  readonly waitingCount: () => number;
  readonly calls: number;
  readonly outside: Nanoseconds;
  readonly longestGap: Nanoseconds;
  /** The call that it made again and again, which waits for nothing; '' for none. */
  readonly spinsIn: string;
  readonly requestsRead: number;
  /** It was for one of those, and nothing tells for which. */
  readonly isOfAny: boolean;
  /**
   * Time off the processor in the longest gap, and in the whole turn outside its calls; null where the capture does not
   * tell.
   */
  readonly gapOffCpu: OffCpu | null;
  readonly offCpu: OffCpu | null;
  /** It ends on the beat of a CPU quota; null when not known to. */
  readonly rhythm: Rhythm | null;
}

/** All stalls of one worker with the same cause and target, in requests of one shape. */
export interface StallGroup {
  readonly thread: Thread;
  readonly cause: Cause;
  readonly target: string;
  /** The shape of the request; empty where none is known, or where it does not matter. */
  readonly request: string;
  count: number;
  total: Nanoseconds;
  longest: Stall;
  first: Nanoseconds;
  last: Nanoseconds;
  open: boolean;
  readonly stalls: Stall[];
}

/** Whether the cause is about the request, and not about the worker whatever it serves. */
export function isOfRequest(cause: Cause): boolean {
  return !WHATEVER_IT_SERVES.has(cause);
}

/** Adds a stall to the group of its cause, target and request. */
export function addStall(groups: Map<string, StallGroup>, thread: Thread, stall: Stall): void {
  const { cause, target } = stall.reason;
  const request = isOfRequest(cause) ? requestShape(stall.request) : '';
  const key = keyFor(groups, `${cause} ${targetKey(target)}`, request);
  const group = groups.get(key);
  if (group === undefined) {
    groups.set(key, {
      thread,
      cause,
      target,
      request: key.endsWith(OTHERS) ? '' : request,
      count: 1,
      total: stall.length,
      longest: stall,
      first: stall.start,
      last: stall.end,
      open: stall.open,
      stalls: [stall],
    });
    return;
  }
  group.count++;
  group.total += stall.length;
  group.last = Math.max(group.last, stall.end);
  group.open ||= stall.open;
  if (stall.length > group.longest.length) group.longest = stall;
  group.stalls.push(stall);
  if (group.stalls.length > KEPT_STALLS)
    group.stalls.splice(
      group.stalls.indexOf(group.stalls.reduce((least, other) => (other.length < least.length ? other : least))),
      1,
    );
}

function keyFor(groups: ReadonlyMap<string, StallGroup>, place: string, request: string): string {
  const key = `${place}\n${request}`;
  if (groups.has(key)) return key;
  const isFull = [...groups.keys()].filter((other) => other.startsWith(`${place}\n`)).length >= MOST_REQUESTS;
  if (groups.size < MOST_GROUPS) return isFull ? `${place}\n${OTHERS}` : key;
  return OTHERS;
}

/** Those of which the capture holds the lines: where they are missing the thread may have done anything. */
export function recorded({ completeness }: Model, groups: Iterable<StallGroup>): Iterable<StallGroup> {
  if (completeness.holes.length === 0) return groups;
  const left: StallGroup[] = [];
  for (const group of groups) {
    const stalls = group.stalls.filter((stall) => !completeness.isHidden(stall));
    if (stalls.length === group.stalls.length) left.push(group);
    else if (stalls.length > 0) left.push(withStalls(group, stalls));
  }
  return left;
}

function withStalls(group: StallGroup, stalls: readonly Stall[]): StallGroup {
  const hidden = group.stalls.filter((stall) => !stalls.includes(stall));
  return {
    ...group,
    count: group.count - hidden.length,
    total: hidden.reduce((total, { length }) => total - length, group.total),
    longest: longestOf(stalls),
    first: Math.min(...stalls.map(({ start }) => start)),
    last: Math.max(...stalls.map(({ end }) => end)),
    open: stalls.some(({ open }) => open),
    stalls: [...stalls],
  };
}

/**
 * The same stalls. Those of which the rest of the capture shows that the worker did not run are one group: that they
 * fell on one call or another is chance.
 */
export function regrouped(model: Model, groups: Iterable<StallGroup>): StallGroup[] {
  const regrouped: StallGroup[] = [];
  let paused: StallGroup | null = null;
  // Of a crowd one has to know whether the worker had stood still before.
  const inOrder = [...withoutHabits(groups)]
    .flatMap(apartFromHeld)
    .toSorted((a, b) => Number(CROWDS.has(a.cause)) - Number(CROWDS.has(b.cause)));
  const ends: Nanoseconds[] = [];
  for (const group of inOrder) {
    const rhythm = model.pauses.rhythmOf(group.thread.process);
    const found = group.stalls
      .toSorted((a, b) => a.start - b.start)
      .map((stall) => {
        const pause = pausedAs(model, group.thread, stall, rhythm, ends);
        if (pause !== null) ends.push(pause.end);
        return pause;
      });
    const stalls = found.filter((stall) => stall !== null);
    if (stalls.length * 2 < found.length || stalls.length === 0) regrouped.push(group);
    else {
      const moved = {
        ...group,
        cause: 'not-running' as const,
        target: '',
        request: '',
        stalls: [...stalls],
        longest: longestOf(stalls),
      };
      paused = paused === null ? moved : mergedGroups(paused, moved);
    }
  }
  return paused === null ? regrouped : [...regrouped, paused];
}

/**
 * What a tracer that prints stacks did not take of it is one gap: that is the worker's own, and where the tracer held
 * others then shows nothing about that.
 */
function isOwnGap({ length, held, longestGap }: Stall): boolean {
  const own = length - held();
  return own < length && DOMINANT * longestGap <= own && longestGap >= DOMINANT * own;
}

/** Those are a group of their own, beside those of the same request in which the tracer held the worker. */
function apartFromHeld(group: StallGroup): StallGroup[] {
  const own = group.stalls.filter(isOwnGap);
  if (own.length === 0 || own.length === group.stalls.length) return [group];
  const others = group.stalls.filter((stall) => !own.includes(stall));
  return [withStalls(group, others), { ...withStalls(group, own), count: own.length, total: totalOf(own) }];
}

function totalOf(stalls: readonly Stall[]): Nanoseconds {
  return stalls.reduce((total, { length }) => total + length, 0);
}

/**
 * The same groups. That a thread asks for its own id whenever it serves shows after some requests only: what was taken
 * for a thread that started, before, was none.
 */
function withoutHabits(groups: Iterable<StallGroup>): Iterable<StallGroup> {
  const kept = new Map<string, StallGroup>();
  for (const group of groups) {
    const isNone = group.cause === 'patched-thread-pool' && asksForIdByHabit(group.thread);
    const each = isNone ? withCause(group, 'no-syscall') : group;
    const key = `${each.cause}\n${each.target}\n${each.request}`;
    const same = kept.get(key);
    kept.set(key, same === undefined ? each : mergedGroups(same, each));
  }
  return kept.values();
}

function withCause(group: StallGroup, cause: Cause): StallGroup {
  const stalls = group.stalls.map((stall): Stall => ({ ...stall, reason: { ...stall.reason, cause } }));
  return { ...group, cause, stalls, longest: longestOf(stalls) };
}

/** `ends`: when the pauses ended that are known of the thread. */
function pausedAs(
  model: Model,
  thread: Thread,
  stall: Stall,
  rhythm: Rhythm | null,
  ends: readonly Nanoseconds[],
): Stall | null {
  if (stall.spinsIn !== '') return null;
  if (isOwnGap(stall)) return null;
  const { cause, isBrief, pauseStart, pauseEnd } = stall.reason;
  const found = CROWDS.has(cause)
    ? pausedInCrowd(model, thread, stall, rhythm, ends)
    : notRunningIn(model, { thread, cause, isBrief, start: pauseStart, end: pauseEnd }, rhythm);
  if (found === null) return null;
  const isSure =
    found.rhythm !== null || (!isBrief && !(cause === 'not-running' && stall.reason.confidence === 'possible'));
  return {
    ...stall,
    rhythm: found.rhythm,
    reason: { ...stall.reason, cause: 'not-running', confidence: isSure ? 'likely' : 'possible' },
  };
}

/** Requests that come while a worker does not run are all there when it runs again: the pauses made the crowd. */
function pausedInCrowd(
  model: Model,
  thread: Thread,
  stall: Stall,
  rhythm: Rhythm | null,
  ends: readonly Nanoseconds[],
): NotRunning | null {
  if (ends.some((end) => stall.start >= end && stall.start - end < NO_WAIT)) return { rhythm: null };
  const paused = rhythm === null ? 0 : model.pauses.onBeat(thread, stall.start, stall.end, rhythm);
  return paused * 2 >= stall.length ? { rhythm } : null;
}

/** Two groups as one, with the cause and target of the first. */
export function mergedGroups(one: StallGroup, other: StallGroup): StallGroup {
  const stalls = [...one.stalls, ...other.stalls].toSorted((a, b) => b.length - a.length).slice(0, KEPT_STALLS);
  return {
    ...one,
    request: one.request === other.request ? one.request : '',
    count: one.count + other.count,
    total: one.total + other.total,
    longest: longestOf(stalls),
    first: Math.min(one.first, other.first),
    last: Math.max(one.last, other.last),
    open: one.open || other.open,
    stalls,
  };
}

function longestOf(stalls: readonly Stall[]): Stall {
  return stalls.reduce((longest, stall) => (stall.length > longest.length ? stall : longest));
}

/** A new descriptor number each time does not make a new target. */
export function targetKey(target: string): string {
  return target.replace(/fd \d+/, 'fd');
}
