import type { CaptureFacts } from '../../trace/capture-facts.ts';
import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';
import { AttachedTogether } from './attached-together.ts';
import { type Descriptor, describeByLabel } from './descriptors.ts';
import { LowestNumbers } from './lowest-numbers.ts';
import { NotedThreads, nameAfter } from './noted-threads.ts';
import { unite } from './one-process.ts';
import type { Process } from './process.ts';
import { mayBeOne, mustBeOne, SeenSockets } from './seen-sockets.ts';
import { SeenWords } from './seen-words.ts';
import type { Thread } from './thread.ts';
import { threadsOf } from './threads-of.ts';

/** Numbers of processes that are waited for, at most, and threads that wait for one. */
const MOST_LEADERS = 256;
const MOST_CLAIMANTS = 1_024;
/**
 * So often a thread moves to another process: `getpid` after `getpid` may say that the last process belongs to the
 * next.
 */
const MOST_MOVES = 8;

/** Children that are expected to have a record some time, at most. */
const MOST_EXPECTED = 1_024;
/** Children whose parent is remembered by their status: the last ones. */
const MOST_REAPED = 1_024;
/** A process that writes its memory down ends so long after the signal, at most. */
const DUMP = 60 * SECOND;

/** The threads and processes of a trace. */
interface Among {
  byTid(tid: number): Thread | undefined;
  all(): readonly Process[];
}

/** Who is told of processes that turn out to be one. */
export interface MembershipEvents {
  /** `other` turned out to be the same process, which is `process` from now on. */
  merged?(process: Process, other: Process): void;
}

/**
 * Learns whose threads are of one process: from what the tracer says, from `getpid` and `getppid`, from descriptors and
 * words of memory that only threads of one process share.
 */
export class Memberships {
  readonly together = new AttachedTogether();
  readonly sockets = new SeenSockets();
  readonly #words = new SeenWords();
  readonly #numbers = new LowestNumbers();
  readonly #among: Among;
  readonly #told: MembershipEvents;
  /** Threads by the pid that `getpid` gave them, while no thread of that number was seen. */
  readonly #leaderless = new Map<number, Set<Thread>>();
  /** Who was given the status of a child, by its number. */
  readonly #reapers = new Map<number, Process>();
  /** Children of which a parent knows, by their number, while no record of theirs was seen. */
  readonly #expected = new Map<number, Process>();
  #noted: NotedThreads | null = null;

  constructor(among: Among, told: MembershipEvents) {
    this.#among = among;
    this.#told = told;
  }

  /** Takes what was noted beside the trace about who is who. */
  introduce(facts: CaptureFacts): void {
    this.#noted = new NotedThreads(facts, this);
  }

  /** A thread has its first record; `wasThere` says that the capture does not show its beginning. */
  appeared(thread: Thread, wasThere: boolean): void {
    const { tid } = thread;
    for (const claimant of this.#leaderless.get(tid) ?? []) this.#joins(claimant, thread);
    this.#leaderless.delete(tid);
    const parent = this.#expected.get(tid);
    if (parent !== undefined && this.#expected.delete(tid) && wasThere) thread.process.parent ??= currently(parent);
    if (!wasThere) return;
    this.#noted?.appeared(thread);
    const leader = this.together.leaderOf(tid);
    if (leader !== 0) this.pidNamed(thread, leader);
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
    if (old.forks > 0) for (const child of this.#among.all()) if (child.parent === old) child.parent = process;
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
    this.#areOne(this.#words.add(word, { thread, start, end, woke }));
  }

  /** No records come any more. What a thread with a loop did would have to be judged anew: who has none may join. */
  finish(): void {
    this.#areOne(
      this.#words.finish().filter(([, waiting]) => threadsOf(waiting).every(({ loop }) => loop.hub === null)),
    );
  }

  #areOne(pairs: readonly (readonly [Process, Process])[]): void {
    for (const [one, other] of pairs) {
      const [own, found] = [currently(one), currently(other)];
      if (own !== found && mayBeOne(own, found)) this.#unite(own, found);
    }
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
    const leader = this.#among.byTid(pid);
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

  /**
   * A signal ended a thread to which it was not delivered: all threads of a process end with the one that got it. Of
   * several processes that got the same, that one whose number comes next below, for threads are numbered after it.
   * SIGKILL is delivered to nobody.
   */
  killed(thread: Thread, signal: string, at: Nanoseconds): void {
    const { process, tid } = thread;
    if (signal === 'SIGKILL' || process.lastSignal === signal || process.parent !== null || process.forks > 0) return;
    let found: Process | null = null;
    for (const other of this.#among.all()) {
      if (other === process || other.lastSignal !== signal || at - other.lastSignalAt > DUMP) continue;
      const isNearer = found === null || (other.pid < tid ? found.pid > tid || other.pid > found.pid : found.pid > tid);
      if (isNearer) found = other;
    }
    if (found === null || thread.ended || process.isWhole) return;
    // What a thread with a loop did would have to be judged anew.
    if (threadsOf(process).every(({ loop }) => loop.hub === null)) this.merge(thread, found);
    else process.endsWith = found;
  }

  /** `wait4` gave the status of a child, of which nothing else may tell whose it was. */
  reaped(parent: Process, child: number): void {
    const [oldest = 0] = this.#reapers.size < MOST_REAPED ? [] : this.#reapers.keys();
    this.#reapers.delete(oldest);
    this.#reapers.set(child, parent);
  }

  /** The parent of a process that has ended, as a fork or its parent told; null when neither did. */
  parentOfEnded({ pid, parent }: Process): Process | null {
    const reaper = this.#reapers.get(pid);
    return parent ?? (reaper === undefined ? null : currently(reaper));
  }

  /** A parent asked for a child that lives, and that may have no record so far. */
  childNamed(parent: Process, childTid: number): void {
    const child = this.#among.byTid(childTid)?.process;
    if (child === undefined) {
      if (this.#expected.has(childTid) || this.#expected.size >= MOST_EXPECTED) return;
      this.#expected.set(childTid, parent);
    } else if (child.parent === null && child !== parent) child.parent = parent;
    else return;
    parent.forks++;
  }

  /** `getppid` named the parent: an edge that attach-mode traces lack otherwise. */
  parentNamed(process: Process, parentTid: number): void {
    if (process.parent !== null) return;
    const parent = this.#among.byTid(parentTid);
    if (parent === undefined || parent.process === process) return;
    process.parent = parent.process;
    parent.process.forks++;
  }
}

/** What a process is a part of by now. */
function currently(process: Process): Process {
  let now = process;
  while (now.mergedInto !== null) now = now.mergedInto;
  return now;
}
