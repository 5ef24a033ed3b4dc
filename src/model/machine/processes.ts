import type { CaptureFacts, ThreadIdentity } from '../../trace/capture-facts.ts';
import { LaneMap } from '../../trace/lane-map.ts';
import type { Call, Lane } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { AttachedTogether } from './attached-together.ts';
import { clienteleOf } from './clientele.ts';
import { DescriptorTable } from './descriptor-table.ts';
import { type Descriptor, describeByLabel } from './descriptors.ts';
import { type ExpectedChild, ExpectedChildren } from './expected-children.ts';
import { LowestNumbers } from './lowest-numbers.ts';
import { unite } from './one-process.ts';
import { OpenDescriptors } from './open-descriptors.ts';
import { Process, standsFor } from './process.ts';
import { mayBeOne, mustBeOne, SeenSockets } from './seen-sockets.ts';
import { SeenWords } from './seen-words.ts';
import { serverOf } from './server-names.ts';
import type { Thread } from './thread.ts';
import { type Gone, LIMITS, leastServedFirst, silentFirst, type ThreadLimits } from './thread-limits.ts';
import { leave, threadIn, threadsOf } from './threads-of.ts';

/** Numbers of processes that are waited for, at most, and threads that wait for one. */
const MOST_LEADERS = 256;
const MOST_CLAIMANTS = 1_024;
/**
 * So often a thread moves to another process: `getpid` after `getpid` may say that the last process belongs to the
 * next.
 */
const MOST_MOVES = 8;
/** Programs that ended without having served: of a trace of one program that is all there is to tell. */
const MOST_PROGRAMS = 64;

/** Who is told of what becomes of processes and threads. */
export interface LifeEvents {
  /** A process is known to be a fork of that parent. */
  forked?(child: Process, parent: Process): void;
  /** `other` turned out to be the same process, which is `process` from now on. */
  merged?(process: Process, other: Process): void;
  /** Nothing of a process is alive. */
  processEnded?(process: Process): void;
  /** There is no room for this thread: nobody may keep it. */
  threadLetGo?(thread: Thread): void;
}

/** Who is who, as noted beside the trace; threads are taken out as they are recognised. */
interface Known {
  readonly threads: Map<number, ThreadIdentity>;
  readonly commands: ReadonlyMap<number, readonly string[]>;
  readonly rings: ReadonlySet<number>;
  readonly parents: ReadonlySet<number>;
}

/** Finds threads and processes, and learns from clones, `getpid` and shared descriptors who belongs together. */
export class Processes {
  readonly open = new OpenDescriptors(() => this.all().map(({ descriptors }) => descriptors));
  readonly together = new AttachedTogether();
  readonly sockets = new SeenSockets();
  readonly #words = new SeenWords();
  readonly #numbers = new LowestNumbers();
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
  /** Threads by the pid that `getpid` gave them, while no thread of that number was seen. */
  readonly #leaderless = new Map<number, Set<Thread>>();

  #known: Known | null = null;
  /** Recognised processes by the number of their parent, which may be seen after its child. */
  readonly #children = new Map<number, Process[]>();

  constructor(told: LifeEvents = {}, limits = LIMITS) {
    this.#told = told;
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
    for (const claimant of this.#leaderless.get(lane.tid) ?? []) this.#joins(claimant, thread);
    this.#leaderless.delete(lane.tid);
    if (this.#known !== null && expected === undefined) this.#recognise(thread, this.#known);
    const leader = expected === undefined ? this.together.leaderOf(lane.tid) : 0;
    if (leader !== 0) this.pidNamed(thread, leader);
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

  /** Takes what was noted beside the trace about who is who. */
  introduce({ threads, commands, rings }: CaptureFacts): void {
    this.#known = {
      threads: new Map(threads),
      commands,
      rings,
      parents: new Set([...threads.values()].map(({ parent }) => parent)),
    };
  }

  /** A thread that was there when the facts were noted. A number that comes back later is another thread's. */
  #recognise(thread: Thread, { threads, commands, rings, parents }: Known): void {
    const { tid, lane, process } = thread;
    const identity = threads.get(tid);
    threads.delete(tid);
    if (identity === undefined) return;
    if (lane.comm === '') lane.comm = identity.comm;
    if (identity.pid !== tid) {
      this.pidNamed(thread, identity.pid);
      return;
    }
    nameAfter(thread);
    process.usesRing ||= rings.has(tid);
    const argv = commands.get(tid);
    if (argv !== undefined && process.argv.length === 0) {
      process.argv = argv;
      process.server = serverOf(argv) || process.server;
    }
    const siblings = this.#children.get(identity.parent);
    if (siblings === undefined) this.#children.set(identity.parent, [process]);
    else siblings.push(process);
    this.parentNamed(process, identity.parent);
    if (!parents.has(tid)) return;
    for (const child of this.#children.get(tid) ?? []) this.parentNamed(child, tid);
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
    if (isThread) this.merge(child, parent);
    else {
      const own = child.process.descriptors;
      this.#becomeChild(child.process, expected);
      child.process.descriptors.absorb(own);
    }
  }

  /** `thread` turned out to belong to `process`: they share descriptors. */
  merge(thread: Thread, process: Process): void {
    const old = thread.process;
    if (old === process || old.moves >= MOST_MOVES) return;
    process.moves = Math.max(process.moves, old.moves + 1);
    this.#takeIn(process, old);
  }

  #takeIn(process: Process, old: Process): void {
    unite(process, old);
    if (old.forks > 0) for (const child of this.all()) if (child.parent === old) child.parent = process;
    this.#told.merged?.(process, old);
    this.#words.united(process, old);
  }

  /**
   * The descriptor that a call of this thread names and its table does not have. It may tell whose thread this is.
   */
  learn(thread: Thread, fd: number, label: string): Descriptor {
    const seen = thread.process.isWhole ? undefined : this.sockets.find(label);
    if (seen !== undefined && mustBeOne(thread, fd, seen)) this.#unite(thread.process, seen.by.process);
    const { descriptors } = thread.process;
    // It is that socket, whoever has it: a fork that was not seen, or a thread of which nobody knows whose it is.
    // Whatever else is known under this number was closed before.
    if (seen !== undefined) return descriptors.set(fd, seen.descriptor);
    return descriptors.get(fd) ?? descriptors.set(fd, describeByLabel(label));
  }

  /** A thread got a descriptor: its number may tell with whom it shares its table. */
  opened(thread: Thread, { result, start, end }: Pick<Call, 'result' | 'start' | 'end'>): void {
    const other = this.#numbers.opened(thread.process, result, start, end);
    if (other !== undefined) this.#unite(thread.process, other);
  }

  /** A thread closed a descriptor. */
  closed({ process }: Thread, number: number, at: Nanoseconds): void {
    if (!process.isWhole) this.#numbers.closed(process, number, at);
  }

  /** A private word of memory was woken, or a wait for one ended: who is at its other end is of the same process. */
  usedWord(thread: Thread, word: string, woke: number | null, { start, end }: Pick<Call, 'start' | 'end'>): void {
    const found = this.#words.add(word, { thread, start, end, woke });
    if (found === undefined) return;
    const [one, other] = found;
    if (one.mergedInto === null && other.mergedInto === null && mayBeOne(one, other)) this.#unite(one, other);
  }

  /** Both are one process. The pid is that of the first thread: the lowest, while nothing says which that is. */
  #unite(process: Process, other: Process): void {
    const isLarger = threadsOf(other).length > threadsOf(process).length;
    const [kept, gone] = isLarger ? [other, process] : [process, other];
    if (gone.isNamed || (!kept.isNamed && gone.pid < kept.pid)) kept.leader = gone.leader;
    kept.isNamed ||= gone.isNamed;
    kept.isLeaderGuessed = !kept.isNamed;
    this.#takeIn(kept, gone);
  }

  /** `getpid` in a thread names its process. A number that is not traced, or of another pid namespace, says nothing. */
  pidNamed(thread: Thread, pid: number): void {
    const { process } = thread;
    if (pid === process.pid || pid === thread.tid) {
      if (pid !== thread.tid || process.isNamed) return;
      nameAfter(thread);
      return;
    }
    const leader = this.byTid(pid);
    if (leader === undefined) {
      // It may be in a wait that began before the capture and show up when that returns.
      const claimants = this.#leaderless.get(pid) ?? new Set();
      if (this.#leaderless.size < MOST_LEADERS || claimants.size > 0) this.#leaderless.set(pid, claimants);
      if (claimants.size < MOST_CLAIMANTS) claimants.add(thread);
    } else this.#joins(thread, leader);
    if (leader !== undefined && leader.process === thread.process) nameAfter(leader);
  }

  /** The tracer says so: no need to guess. */
  belongs(thread: Thread, leader: Thread): void {
    if (!thread.ended && leader.process !== thread.process) this.merge(thread, leader.process);
  }

  #joins(thread: Thread, leader: Thread): void {
    if (
      !thread.ended &&
      leader.process !== thread.process &&
      thread.process.parent === null &&
      thread.process.forks === 0
    )
      this.merge(thread, leader.process);
  }

  /** `getppid` named the parent: an edge that attach-mode traces lack otherwise. */
  parentNamed(process: Process, parentTid: number): void {
    if (process.parent !== null) return;
    const parent = this.byTid(parentTid);
    if (parent === undefined || parent.process === process) return;
    process.parent = parent.process;
    parent.process.forks++;
  }

  exited(thread: Thread, time: Nanoseconds, signal: string): void {
    if (thread.ended) return;
    const { process } = thread;
    thread.ended = true;
    thread.isAsleep = false;
    thread.lastTime = Math.max(thread.lastTime, time);
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

/** This thread is the first of its process. */
function nameAfter({ process, lane }: Thread): void {
  process.isNamed = true;
  process.isLeaderGuessed = false;
  process.leader = lane;
}
