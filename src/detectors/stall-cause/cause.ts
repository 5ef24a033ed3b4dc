import type { KeptLine } from '../../model/evidence.ts';
import type { LongTurn } from '../../model/facts.ts';
import type { BlockClass } from '../../model/machine/block-class.ts';
import type { LeftIn } from '../../model/machine/left-in.ts';
import { runtimeOf } from '../../model/machine/runtime.ts';
import type { Stop, Stopped } from '../../model/machine/stop.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type BlockedIn, CROWD } from '../../model/machine/turn.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Confidence } from '../finding.ts';

// Why a turn was long: what loop-stall, service-stall and worker-saturation all name. Whether it matters is theirs.

/** What a worker can have been in for long. */
export const CAUSES = [
  'blocking-call',
  'futex-ladder',
  'foreign-poll',
  'dns',
  'disk-sync',
  'file-lock',
  'sleep',
  'child-wait',
  'fork',
  'log',
  'lock',
  'no-syscall',
  'patched-thread-pool',
  'gil-wait',
  'import',
  'many-requests',
  'one-connection',
  'stopped',
  'not-running',
  'unrecorded',
] as const;
/** Why a turn of a worker was long. */
export type Cause = (typeof CAUSES)[number];

/** Why one turn was long, and the proof. */
export interface Reason {
  readonly cause: Cause;
  readonly confidence: Confidence;
  /** The syscall that took most, '' for no call. */
  readonly call: string;
  /** Time in the longest single call, and in all of its kind. */
  readonly callTime: Nanoseconds;
  readonly total: Nanoseconds;
  readonly rungs: number;
  /** The trace does not tell how long the call took: the time is that up to the next line. */
  readonly estimated: boolean;
  readonly target: string;
  readonly query: string;
  readonly lines: readonly KeptLine[];
  /** What stopped the thread; null for all other causes. */
  readonly stop: Stop | null;
  /** The call is so small a step on a file that it more likely did not run than wait for a disk. */
  readonly isBrief: boolean;
  /** The longest time without a call, or the time of the calls: where it did not run, if it did not. */
  readonly pauseStart: Nanoseconds;
  readonly pauseEnd: Nanoseconds;
  /** When the blocking stretch began and ended: the turn may hold other work too. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** The dominant share of a turn that names its reason. */
const DOMINANT = 0.6;
/** From this share of a turn on, time in calls that cannot sleep shows that the thread did not run. */
const NOT_RUNNING = 0.3;
/**
 * From so many rungs on, a futex wait repeated in short slices is a ladder: librdkafka's flush polls in slices of 10 ms
 * at most.
 */
const LADDER_RUNGS = 5;
const LONGEST_RUNG = 60 * MILLISECOND;
/** The part of all rungs that one of them may take and be longer. */
const SLIGHT = 0.1;
/** Opening this many program files in one turn is importing. */
const IMPORTED_FILES = 10;

const CAUSE_OF_CLASS: Readonly<Record<BlockClass, Cause>> = {
  'foreign-poll': 'foreign-poll',
  network: 'blocking-call',
  dns: 'dns',
  'disk-sync': 'disk-sync',
  disk: 'blocking-call',
  'file-lock': 'file-lock',
  sleep: 'sleep',
  child: 'child-wait',
  fork: 'fork',
  log: 'log',
  futex: 'lock',
  gil: 'gil-wait',
  accept: 'blocking-call',
  'not-running': 'not-running',
  other: 'blocking-call',
};

/** The reasons that were judged already: several detectors hear of the same turn. A fact is of one analysis only. */
const judged = new WeakMap<LongTurn, Reason>();

/** Why a turn was long, judged once however many ask. `timed` says that calls have durations. */
export function reasonOf(fact: LongTurn, timed: boolean): Reason {
  const known = judged.get(fact);
  if (known !== undefined) return known;
  const reason = withProof(judge(fact, timed), fact.turn);
  judged.set(fact, reason);
  return reason;
}

/** A stall of many short parts has no line that shows it all: the one on which the loop got back to its wait does. */
function withProof(reason: Reason, { moduleLine, endLine }: LongTurn['turn']): Reason {
  const imported = reason.cause === 'import' && moduleLine !== null;
  if (reason.lines.length > 0 && !imported) return reason;
  const lines = [imported ? moduleLine : null, ...reason.lines.slice(0, 1), endLine].filter((line) => line !== null);
  return { ...reason, lines };
}

/** The first match wins. */
function judge(fact: LongTurn, timed: boolean): Reason {
  const { turn, length, stuckIn } = fact;
  const work = length - turn.tracer;
  if (turn.stopped !== null && turn.stopped.total >= DOMINANT * length) return stopped(turn.stopped);
  if (stuckIn !== null && turn.end - stuckIn.since >= DOMINANT * length) return stuck(turn.end, stuckIn);
  if (looksAndSleeps(turn)) return sleepingOn(fact);
  const [top, total] = heaviest(turn.blocked.filter((group) => group.class !== 'not-running'));
  if (top !== null && total >= DOMINANT * work) return { ...blockedReason(top), total };
  if (turn.modulesOpened >= IMPORTED_FILES && total < 0.3 * work) return plain(fact, 'import', 'likely');
  // Calls that cannot sleep took no longer than any other code would have.
  const idle = turn.blocked.filter((group) => group.class === 'not-running');
  const outside = work - turn.inCalls + idle.reduce((sum, group) => sum + group.total, 0);
  if (timed && outside >= DOMINANT * work && !isCrowd(fact) && isOwnGap(turn, work)) return computing(fact);
  if (timed && outside >= DOMINANT * work && !isCrowd(fact)) return notRunning(idle, work) ?? computing(fact);
  if (isCrowd(fact))
    return (
      (timed ? stoodStill(idle, work) : null) ??
      plain(fact, turn.severalConnections ? 'many-requests' : 'one-connection', 'likely')
    );
  if (top !== null && total > outside) return { ...blockedReason(top), total, confidence: 'possible' };
  return computing(fact);
}

/** Under a tracer that prints stacks: what it did not take of the turn is its longest gap for the most part. */
function isOwnGap({ held, longHolds, longestGap }: LongTurn['turn'], work: Nanoseconds): boolean {
  if (held === 0 && longHolds === null) return false;
  const own = work - (longHolds ?? []).reduce((sum, length) => sum + length, held);
  return DOMINANT * longestGap <= own && longestGap >= DOMINANT * own;
}

/** From so many sleeps on, with hardly another call between them, the thread looks again and again for something. */
export const LEAST_LOOKS = 10;
const MOSTLY_SLEEPS = 0.8;

/**
 * It looks in memory for what it waits for, and sleeps for a moment, over and over: so does who accepts while a limit
 * of connections is reached (tinyproxy). How long the machine takes for one round does not matter.
 */
function looksAndSleeps({ sleeps, calls }: LongTurn['turn']): boolean {
  return sleeps >= LEAST_LOOKS && sleeps >= MOSTLY_SLEEPS * calls;
}

function sleepingOn(fact: LongTurn): Reason {
  const { blocked, lastSleep, slept, sleeps } = fact.turn;
  const longest = blocked.find((group) => group.class === 'sleep');
  const reason = longest === undefined ? plain(fact, 'sleep', 'likely') : blockedReason(longest);
  return { ...reason, call: lastSleep?.name ?? '', total: slept, rungs: sleeps };
}

/** Another call on a disk that takes so many times as long as the syncs is what took the time. */
const FAR_ABOVE_SYNCS = 3;

/**
 * The kind of waiting that took most in all, by its heaviest group; writing a file and syncing it are one kind, unless
 * it hardly was the sync that took the time.
 */
function heaviest(groups: readonly BlockedIn[]): [BlockedIn | null, Nanoseconds] {
  const totals = new Map<string, Nanoseconds>();
  const ofClass = (name: BlockClass): Nanoseconds =>
    groups.reduce((most, group) => (group.class === name ? Math.max(most, group.total) : most), 0);
  const syncs = ofClass('disk-sync') > 0 && ofClass('disk') < FAR_ABOVE_SYNCS * ofClass('disk-sync');
  const kindOf = (group: BlockedIn): string => (group.class === 'disk' && syncs ? 'disk-sync' : group.class);
  for (const group of groups) totals.set(kindOf(group), (totals.get(kindOf(group)) ?? 0) + group.total);
  let top: BlockedIn | null = null;
  let total = 0;
  for (const group of groups) {
    const sum = totals.get(kindOf(group)) ?? 0;
    if (
      top === null ||
      sum > total ||
      (kindOf(top) === kindOf(group) &&
        (group.class === 'disk-sync') === (top.class === 'disk-sync') &&
        group.total > top.total) ||
      (syncs && group.class === 'disk-sync' && top.class === 'disk')
    )
      top = group;
    total = Math.max(total, sum);
  }
  return [top, total];
}

/** Many requests were served in the turn and none of them took most of it: too much work, not a blocker. */
function isCrowd({ turn, length }: LongTurn): boolean {
  return turn.requestsRead >= CROWD && Math.max(turn.ownerTime, turn.untold) < DOMINANT * length;
}

function blockedReason(group: BlockedIn): Reason {
  const { isBrief } = group;
  const ladder = group.class === 'futex' && isLadder(group);
  return {
    cause: ladder ? 'futex-ladder' : CAUSE_OF_CLASS[group.class],
    confidence: group.estimated || isBrief ? 'possible' : 'likely',
    call: group.syscall.name,
    callTime: group.longest,
    total: group.total,
    rungs: group.count,
    estimated: group.estimated,
    target: group.target,
    query: group.query,
    lines: group.lines,
    stop: null,
    isBrief,
    pauseStart: group.firstAt,
    pauseEnd: group.lastAt,
    start: group.firstAt,
    end: group.lastAt,
  };
}

/** On a busy host one slice or another takes longer: of many, no single one makes it a lock. */
function isLadder({ count, total, longest }: BlockedIn): boolean {
  if (count < LADDER_RUNGS) return false;
  return longest <= LONGEST_RUNG || (total <= count * LONGEST_RUNG && longest <= SLIGHT * total);
}

/**
 * The thread did not run: so much of the time passed in calls that wait for nothing. Null when it may have been
 * computing.
 */
function notRunning(groups: readonly BlockedIn[], work: Nanoseconds): Reason | null {
  return stoodStill(groups, work) ?? inMemory(groups, work);
}

/** So much of the time passed in calls that wait for nothing that the thread did not run; else null. */
function stoodStill(groups: readonly BlockedIn[], work: Nanoseconds): Reason | null {
  // The kernel may be at work for long in those of memory.
  const idle = groups.filter(({ syscall }) => syscall.family !== 'memory').sort((a, b) => b.total - a.total);
  const total = idle.reduce((sum, group) => sum + group.total, 0);
  const [top] = idle;
  if (top === undefined || total < NOT_RUNNING * work) return null;
  const rungs = idle.reduce((sum, { count }) => sum + count, 0);
  return { ...blockedReason(top), confidence: 'likely', isBrief: false, total, rungs, target: '', query: '' };
}

/** One call of memory that took most of the turn: more likely it did not run, and no code of its own was at work. */
function inMemory(groups: readonly BlockedIn[], work: Nanoseconds): Reason | null {
  const longest = groups.find(({ syscall, longest }) => syscall.family === 'memory' && longest >= DOMINANT * work);
  return longest === undefined
    ? null
    : { ...blockedReason(longest), confidence: 'possible', isBrief: false, query: '' };
}

function stopped({ stop, total, start, end, lines }: Stopped): Reason {
  return {
    cause: 'stopped',
    confidence: 'likely',
    call: '',
    callTime: total,
    total,
    rungs: 0,
    estimated: false,
    target: '',
    query: '',
    lines,
    stop,
    isBrief: false,
    pauseStart: start,
    pauseEnd: end,
    start,
    end,
  };
}

function computing(fact: LongTurn): Reason {
  const { turn, thread } = fact;
  const { gap } = turn;
  // A thread asks for its own id when it starts. That the loop's thread does so shows a "thread" that is a greenlet; a
  // native one asks under its own id. Once such a thread exists it takes further jobs without asking again, and runs
  // them after the reply that queued them.
  const { startedThreadIn } = thread.loop;
  const seenStarting =
    !asksForIdByHabit(thread) && startedThreadIn > 0 && (turn.afterReply || turn.number - startedThreadIn <= 2);
  // When it had started before the capture, long work after the reply and no native thread are all there is to see.
  const isPython = runtimeOf(thread.process) === 'python';
  const greenThread =
    isPython && (seenStarting || (turn.afterReply && fact.length >= SECOND && thread.process.threadsStarted === 0));
  return {
    ...plain(
      fact,
      greenThread ? 'patched-thread-pool' : 'no-syscall',
      greenThread && !(seenStarting && turn.afterReply) ? 'possible' : 'likely',
    ),
    lines: gap === null ? [] : [gap.before, gap.after].filter((line) => line.line > 0),
  };
}

/** From so many turns on it is a habit to ask for its own id, if that comes with every other request or more. */
const LEAST_ASKING = 3;

/** The thread asks for its own id whenever it serves, as a program that logs it does: no thread starts there. */
export function asksForIdByHabit({ loop, process }: Thread): boolean {
  return loop.turnsAskedForId >= LEAST_ASKING && loop.turnsAskedForId * 2 >= process.requests;
}

function plain({ turn, length }: LongTurn, cause: Cause, confidence: Confidence): Reason {
  return {
    cause,
    confidence,
    call: '',
    callTime: turn.longestGap,
    total: length - turn.inCalls,
    rungs: 0,
    estimated: turn.gap?.isTimed === false,
    target: '',
    query: '',
    lines: linesOf(turn, cause),
    stop: null,
    isBrief: false,
    pauseStart: turn.gap?.start ?? turn.start,
    pauseEnd: turn.gap === null ? turn.end : turn.gap.start + turn.gap.length,
    start: turn.start,
    end: turn.end,
  };
}

/** The gap, or one of the requests that made the turn long. */
function linesOf({ gap, crowdLine }: LongTurn['turn'], cause: Cause): KeptLine[] {
  if (crowdLine !== null && (cause === 'many-requests' || cause === 'one-connection')) return [crowdLine];
  return gap === null ? [] : [gap.before, gap.after].filter((line) => line.line > 0);
}

/** The turn was still open when the capture ended, inside a call. */
function stuck(end: Nanoseconds, call: LeftIn): Reason {
  const time = end - call.since;
  return {
    cause: CAUSE_OF_CLASS[call.class],
    confidence: 'likely',
    call: call.syscall.name,
    callTime: time,
    total: time,
    rungs: 1,
    estimated: false,
    target: call.target,
    query: call.query,
    lines: [call.line],
    stop: null,
    isBrief: false,
    pauseStart: call.since,
    pauseEnd: end,
    start: call.since,
    end,
  };
}

/** Each cause as the end of a sentence: what the worker was in. */
export const CAUSE_IN_WORDS: Readonly<Record<Cause, string>> = {
  'blocking-call': 'a blocking call',
  'futex-ladder': 'short futex waits, one after the other',
  'foreign-poll': 'a wait outside the event loop',
  dns: 'a name lookup',
  'disk-sync': 'a disk sync',
  'file-lock': 'a file lock',
  sleep: 'a sleep',
  'child-wait': 'a child process',
  fork: 'a fork',
  log: 'writing a log',
  lock: 'a lock',
  'no-syscall': 'outside system calls',
  'patched-thread-pool': 'work in a patched thread pool',
  'gil-wait': 'the interpreter lock',
  import: 'importing program files',
  'many-requests': 'many requests in one turn',
  'one-connection': 'one connection, served over and over',
  stopped: 'a stop by a signal',
  'not-running': 'not running',
  unrecorded: 'what was not recorded',
};
