import type { Call } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';

import { type KeptLine, keptLine } from '../evidence.ts';
import type { BlockClass } from './block-class.ts';
import type { Connection, Request } from './connections.ts';
import type { Stopped } from './stop.ts';

/** Time off the processor. */
export interface OffCpu {
  /** Waiting for something other than a processor. */
  readonly blocked: Nanoseconds;
  /** Ready, without a processor. */
  readonly queued: Nanoseconds;
}

/** Calls of one kind on one object within a turn: a single long call, or a ladder of short ones. */
export interface BlockedIn {
  readonly class: BlockClass;
  readonly syscall: Syscall;
  /**
   * What tells this group from others of the same syscall: the descriptor number, or a number for the futex's clock.
   */
  readonly key: number;
  /** What the longest of them waited for. */
  target: string;
  /** What had been asked of it last, values masked; ''. */
  query: string;
  count: number;
  total: Nanoseconds;
  longest: Nanoseconds;
  /** The longest when target, query and lines were last told; 0 while they are not. */
  detailed: Nanoseconds;
  readonly firstAt: Nanoseconds;
  lastAt: Nanoseconds;
  /** The longest call's line (and its entry line, when split), and the first one's. */
  lines: readonly KeptLine[];
  /** Distinct futex words, at most 8; null for other calls. */
  readonly addresses: Set<string> | null;
  /** The duration is not told by the trace but bounded by the next record. */
  readonly estimated: boolean;
  /** All of them are steps on regular files so small that the page cache serves them as a rule. */
  isBrief: boolean;
}

/** Time between two consecutive records of the thread. */
export interface Gap {
  readonly length: Nanoseconds;
  readonly start: Nanoseconds;
  readonly before: KeptLine;
  readonly after: KeptLine;
  /** The duration of the call before it is known; else the gap may be that call. */
  readonly isTimed: boolean;
  /** Time of it off the processor; null when the capture does not tell. */
  readonly offCpu: OffCpu | null;
}

/** Gaps and calls from here on have their lines kept. */
export const NOTED = 10 * MILLISECOND;
/** Blocking calls from here on count towards a ladder. */
export const LADDER_RUNG = MILLISECOND;

/** So many requests in one turn are a crowd. */
export const CROWD = 3;

/**
 * The time between two hub waits of a loop, and what it was spent on. Its Loop reuses it from turn to turn until
 * somebody keeps it.
 */
export class Turn {
  /** Counts the turns of the loop. */
  number: number;
  /** The tracer came while it ran: it may have begun long before `start`. */
  beganBefore = false;
  start: Nanoseconds = 0;
  end: Nanoseconds = 0;
  /** Where the hub wait that began it returned. */
  file = '';
  startLine = 0;
  calls = 0;
  /** Those that got nothing done: the clock was asked, `accept` failed for want of something, a read found nothing. */
  futile = 0;
  /** Sleeps among them, however short, the time in all of them, and the last one. */
  sleeps = 0;
  slept: Nanoseconds = 0;
  lastSleep: Syscall | null = null;
  /** Time inside calls. */
  inCalls: Nanoseconds = 0;
  longestGap: Nanoseconds = 0;
  gap: Gap | null = null;
  readonly blocked: BlockedIn[] = [];
  /** Files of program code that were opened: `.py .pyc .so .rb .js .php .jar`. */
  modulesOpened = 0;
  /** The line that opened the tenth of them. */
  moduleLine: KeptLine | null = null;
  /** Where the wait was entered that ended it; kept for long turns only. */
  endLine: KeptLine | null = null;
  memoryCalls = 0;
  /** Requests whose first byte was read. */
  requestsRead = 0;
  /** Replies that began. */
  replies = 0;
  /** Time before the first reply for one of several requests that were read by then: nothing tells for which. */
  untold: Nanoseconds = 0;
  /** The line that read the third: proof that it is a crowd. */
  crowdLine: KeptLine | null = null;
  /** They came from more than one connection. */
  severalConnections = false;
  lastConnection: Connection | null = null;
  /** The request that most time went to. */
  owner: Request | null = null;
  ownerTime: Nanoseconds = 0;
  /** The owner's reply had begun before the longest gap. */
  afterReply = false;
  /** Whose reply that was, as far as was known in that gap: what came later may show that another one owns the turn. */
  replied: Request | null = null;
  /** Time that the tracer itself took (`-yy` look-ups). */
  tracer: Nanoseconds = 0;
  /** Time in which a tracer that prints stacks may have held its thread, in short stretches and in long ones. */
  held: Nanoseconds = 0;
  longHolds: Nanoseconds[] | null = null;
  /** Its thread was stopped in it. */
  stopped: Stopped | null = null;
  /** Time ready without a processor, and blocked outside the calls of the capture, where it tells. */
  queued: Nanoseconds = 0;
  blockedOutside: Nanoseconds = 0;

  /** Those who were waiting while it ran, in words, at most 8, and how many in all. */
  readonly waiting: string[] = [];
  waitingCount = 0;

  constructor(number: number) {
    this.number = number;
  }

  readRequest(connection: Connection, call: Call): void {
    if (++this.requestsRead === CROWD) this.crowdLine = keptLine(call);
    if (this.lastConnection !== null && this.lastConnection !== connection) this.severalConnections = true;
    this.lastConnection = connection;
  }

  addWaiting(name: string): void {
    this.waitingCount++;
    this.nameWaiting(name);
  }

  /** Names one that is counted. */
  nameWaiting(name: string): void {
    if (this.waiting.length < 8) this.waiting.push(name);
  }

  /** The same as of now, for whoever asks before it has ended. */
  copy(): Turn {
    return Object.assign(new Turn(this.number), this, {
      blocked: [...this.blocked],
      longHolds: this.longHolds?.slice() ?? null,
      waiting: [...this.waiting],
      stopped: this.stopped === null ? null : { ...this.stopped },
    });
  }

  /** Its thread is one of many that wait in turn: what it did up to its last park is over. Returns when that ended. */
  dropParks(): Nanoseconds {
    const { blocked } = this;
    const parks = blocked.filter(({ syscall }) => syscall.family === 'futex');
    if (parks.length === 0) return this.start;
    this.start = Math.max(this.start, ...parks.map(({ lastAt }) => lastAt));
    const left = blocked.filter((group) => !parks.includes(group) && group.firstAt >= this.start);
    blocked.length = 0;
    blocked.push(...left);
    this.inCalls = left.reduce((sum, { total }) => sum + total, 0);
    if (this.gap !== null && this.gap.start < this.start) {
      this.gap = null;
      this.longestGap = 0;
    }
    return this.start;
  }

  /** The last call was no part of it: from `since` on its thread waited for its turn to accept. */
  leaveOut(since: Nanoseconds, took: Nanoseconds): void {
    this.inCalls -= took;
    // Times before the first stamp of the trace are negative.
    while (this.blocked.length > 0 && (this.blocked.at(-1) as BlockedIn).firstAt >= since) this.blocked.pop();
  }

  begin(call: Call): void {
    this.number++;
    this.beganBefore = false;
    this.start = call.end;
    this.end = call.end;
    this.file = call.file;
    this.startLine = call.line;
    this.calls = 0;
    this.futile = 0;
    this.sleeps = 0;
    this.slept = 0;
    this.inCalls = 0;
    this.longestGap = 0;
    this.gap = null;
    if (this.blocked.length > 0) this.blocked.length = 0;
    this.modulesOpened = 0;
    this.moduleLine = null;
    this.endLine = null;
    this.memoryCalls = 0;
    this.requestsRead = 0;
    this.replies = 0;
    this.untold = 0;
    this.crowdLine = null;
    this.severalConnections = false;
    this.lastConnection = null;
    this.owner = null;
    this.ownerTime = 0;
    this.afterReply = false;
    this.replied = null;
    this.tracer = 0;
    this.held = 0;
    this.longHolds = null;
    this.stopped = null;
    this.queued = 0;
    this.blockedOutside = 0;
    if (this.waitingCount > 0) {
      this.waiting.length = 0;
      this.waitingCount = 0;
    }
  }
}
