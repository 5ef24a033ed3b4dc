import { LaneMap } from '../../trace/lane-map.ts';
import type { Call, Lane } from '../../trace/record.ts';
import { later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { clienteleOf } from './clientele.ts';
import { DescriptorTable } from './descriptor-table.ts';
import { type ExpectedChild, ExpectedChildren } from './expected-children.ts';
import { type MembershipEvents, Memberships } from './memberships.ts';
import { OpenDescriptors } from './open-descriptors.ts';
import { Process, standsFor } from './process.ts';
import type { Thread } from './thread.ts';
import { type Gone, LIMITS, leastServedFirst, silentFirst, type ThreadLimits } from './thread-limits.ts';
import { leave, threadIn, threadsOf } from './threads-of.ts';

/** Programs that ended without having served: of a trace of one program that is all there is to tell. */
const MOST_PROGRAMS = 64;

/** Who is told of what becomes of processes and threads. */
export interface LifeEvents extends MembershipEvents {
  /** A process is known to be a fork of that parent. */
  forked?(child: Process, parent: Process): void;
  /** Nothing of a process is alive. */
  processEnded?(process: Process): void;
  /** There is no room for this thread: nobody may keep it. */
  threadLetGo?(thread: Thread): void;
}

/** Finds the threads of a trace and their processes, from their first record to their end. */
export class Processes {
  readonly open = new OpenDescriptors(() => this.all().map(({ descriptors }) => descriptors));
  /** Whose threads are of one process. */
  readonly memberships: Memberships;
  readonly gone: Gone = { live: 0, endedServed: 0, programs: 0, requests: 0 };
  readonly #limits: ThreadLimits;
  readonly #told: LifeEvents;
  readonly #threads = new LaneMap<Thread>();
  /** Lanes of threads that ended with their process, while their parser may still have them in a call. */
  readonly #over = new WeakSet<Lane>();
  #live = 0;
  /** Programs that ended and are remembered. */
  #programs = 0;
  readonly #expected = new ExpectedChildren();
  readonly #byTid = new Map<number, Thread>();
  readonly #all = new Set<Thread>();

  constructor(told: LifeEvents = {}, limits = LIMITS) {
    this.#told = told;
    this.memberships = new Memberships(this, told);
    this.#limits = limits;
  }

  /** The thread of a lane, made at its first record. */
  at(lane: Lane, time: Nanoseconds): Thread {
    return this.#threads.get(lane.index) ?? this.#first(lane, time);
  }

  /** The thread of this lane ended with its process, perhaps before it had a record. */
  isOver(lane: Lane): boolean {
    if (this.#over.has(lane)) return true;
    const expected = this.#expected.of(lane.tid);
    return expected?.isThread === true && expected.parent.exitedAt !== UNKNOWN && this.known(lane) === undefined;
  }

  /** The thread of a lane that has had a record. */
  known(lane: Lane): Thread | undefined {
    return this.#threads.get(lane.index);
  }

  byTid(tid: number): Thread | undefined {
    const found = this.#byTid.get(tid);
    if (found !== undefined || !this.#byTid.has(0)) return found;
    // The first process of a capture on stderr gets its number late.
    const unnamed = this.#byTid.get(0);
    return unnamed?.tid === tid ? unnamed : undefined;
  }

  #first(lane: Lane, time: Nanoseconds): Thread {
    const expected = this.#expected.take(lane.tid);
    const asleep = this.#byTid.get(lane.tid);
    if (asleep?.isAsleep) {
      if (expected === undefined) return this.#wake(asleep, lane);
      this.exited(asleep, asleep.lastTime, '');
    }
    if (this.#live >= this.#limits.live) this.#forgetSilent();
    const process = expected?.isThread ? standsFor(expected.parent) : new Process(lane, this.open);
    const thread = threadIn(process, lane);
    thread.firstTime = time;
    if (expected !== undefined && !expected.isThread) this.#becomeChild(process, expected);
    this.#threads.set(lane.index, thread);
    this.#live++;
    this.#byTid.set(lane.tid, thread);
    this.#all.add(thread);
    this.memberships.appeared(thread, expected === undefined);
    return thread;
  }

  /** A thread that was silent for long is heard of again. */
  #wake(thread: Thread, lane: Lane): Thread {
    if (lane.comm === '') lane.comm = thread.lane.comm;
    thread.lane = lane;
    thread.isAsleep = false;
    this.#threads.set(lane.index, thread);
    return thread;
  }

  /**
   * The parser ends a lane, for nothing was heard of it for long. Who served is known again by its number; others are
   * let go of.
   */
  fellSilent(lane: Lane): void {
    const thread = this.#threads.get(lane.index);
    if (thread === undefined) return;
    this.#threads.delete(lane.index);
    if (thread.hasServed || thread.process.forks > 0) thread.isAsleep = true;
    else this.#forget(thread);
  }

  /**
   * A clone returned `childTid` in `parent`. The child may have run, and been seen, before its parent's call returned.
   */
  cloned(
    parent: Process,
    childTid: number,
    isThread: boolean,
    { start, end, partial }: Pick<Call, 'start' | 'end' | 'partial'>,
  ): void {
    if (isThread) parent.threadsStarted++;
    else {
      parent.forks++;
      parent.lastForkAt = end;
    }
    let child = this.byTid(childTid);
    // Who left, or was there before this call and has been silent since, had the number before.
    if (child !== undefined && !child.ended && child.process !== parent) {
      const wasBefore = !partial && child.firstTime < start && child.lastTime < start;
      if (child.isLeaving || wasBefore) {
        this.exited(child, child.lastTime, '');
        child = undefined;
      }
    }
    if (child !== undefined && !child.ended && (child.process === parent || child.process.parent !== null)) return;
    // A thread shares the table of its process.
    const descriptors = isThread ? parent.descriptors : new DescriptorTable(this.open, parent.descriptors);
    const expected: ExpectedChild = { parent, isThread, descriptors, time: end };
    if (child === undefined || child.ended) {
      this.#expected.add(childTid, expected);
      return;
    }
    if (isThread) this.memberships.merge(child, parent);
    else {
      const own = child.process.descriptors;
      this.#becomeChild(child.process, expected);
      child.process.descriptors.absorbOfChild(own);
    }
  }

  exited(thread: Thread, time: Nanoseconds, signal: string): void {
    if (thread.ended) return;
    const { process } = thread;
    thread.ended = true;
    thread.isAsleep = false;
    thread.lastTime = time;
    this.#live--;
    this.#threads.delete(thread.lane.index);
    if (this.#byTid.get(thread.tid) === thread) this.#byTid.delete(thread.tid);
    // Memory is bounded by what lives: after its end a thread is remembered that accepted, had a loop or forked, and
    // what the capture began with.
    const isFirst = thread.isMain;
    const hasServedOrForked = thread.hasServed || (isFirst && process.forks > 0);
    // Who serves another one's connection is its child, also where the fork comes back after the child's end.
    const isChild = process.parent !== null || clienteleOf(process).from !== null;
    const isProgram = !hasServedOrForked && isFirst && !isChild;
    if (isProgram && ++this.#programs > MOST_PROGRAMS) this.gone.programs++;
    const worthKeeping = hasServedOrForked || (isProgram && this.#programs <= MOST_PROGRAMS);
    if (!worthKeeping) {
      this.#remove(thread);
      if (threadsOf(process).length === 0) this.#leaveCounts(process);
    } else if (this.#all.size - this.#live > this.#limits.ended) this.#forgetEnded();
    if (!threadsOf(process).every((other) => other.ended)) return;
    process.exitedAt = time;
    process.killedBy = signal;
    this.#close(process);
  }

  /**
   * The other threads of a process end with it, without a line of their own. Their parser may still have them in a
   * call.
   */
  endSiblings(thread: Thread): readonly Thread[] {
    const siblings = threadsOf(thread.process).filter((other) => other !== thread && !other.ended);
    for (const { lane } of siblings) this.#over.add(lane);
    return siblings;
  }

  /** Nothing of a process is alive: what it held goes, and with it a chain of forks. */
  #close(process: Process): void {
    this.#told.processEnded?.(process);
    process.descriptors.end();
    clienteleOf(process).end();
    if (threadsOf(process).length === 0) process.parent = null;
  }

  #forgetSilent(): void {
    for (const thread of silentFirst(this.#all)) this.#forget(thread);
  }

  #forgetEnded(): void {
    for (const thread of leastServedFirst(this.#all)) this.#forget(thread);
  }

  #forget(thread: Thread): void {
    const { process } = thread;
    if (!thread.ended) {
      this.#live--;
      this.gone.live++;
      this.#threads.delete(thread.lane.index);
      if (this.#byTid.get(thread.tid) === thread) this.#byTid.delete(thread.tid);
    }
    if (thread.ended && thread.hasServed) this.gone.endedServed++;
    this.#remove(thread);
    if (threadsOf(process).length === 0) {
      this.#leaveCounts(process);
      this.#close(process);
    }
    this.#told.threadLetGo?.(thread);
  }

  /**
   * Nothing is kept of this process. What it served counts for the process that accepted its client, if that one is
   * there: a fork for each connection has no row of its own after its end.
   */
  #leaveCounts(process: Process): void {
    const { from } = clienteleOf(process);
    const heir = from === null ? null : standsFor(from);
    if (heir === null || heir === process || threadsOf(heir).length === 0) {
      this.gone.requests += process.requests;
      return;
    }
    heir.requests += process.requests;
    heir.answered += process.answered;
    heir.lastAnswerAt = later(heir.lastAnswerAt, process.lastAnswerAt);
  }

  #remove(thread: Thread): void {
    this.#all.delete(thread);
    leave(thread);
  }

  /** Requests that were read, by all that are kept and those there was no room for. */
  get requests(): number {
    return this.all().reduce((sum, process) => sum + process.requests, this.gone.requests);
  }

  /** Live threads, and ended ones that were acceptors or loops. */
  threads(): IterableIterator<Thread> {
    return this.#all.values();
  }

  /** The processes of these threads, in order of appearance. */
  all(): Process[] {
    return [...new Set([...this.#all].map((thread) => thread.process))];
  }

  #becomeChild(process: Process, { parent, descriptors, time }: ExpectedChild): void {
    process.isWhole = true;
    process.parent = parent;
    process.descriptors = descriptors;
    process.argv = parent.argv;
    process.server = parent.server;
    process.forkedAt = time;
    this.#told.forked?.(process, parent);
  }
}
