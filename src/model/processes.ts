import type { CaptureFacts, ThreadIdentity } from '../trace/capture-facts.ts';
import type { Lane } from '../trace/record.ts';
import type { Nanoseconds } from '../trace/time.ts';
import { DescriptorTable } from './descriptors.ts';
import { absorbFutexes } from './futex-words.ts';
import { Process } from './process.ts';
import { serverOf } from './server-names.ts';
import { Thread } from './thread.ts';

/** Numbers of processes that are waited for, at most. */
const MOST_LEADERS = 256;

interface ExpectedChild {
  readonly parent: Process;
  readonly isThread: boolean;
  readonly descriptors: DescriptorTable;
  readonly time: Nanoseconds;
}

/** Who is who, as noted beside the trace; threads are taken out as they are recognised. */
interface Known {
  readonly threads: Map<number, ThreadIdentity>;
  readonly commands: ReadonlyMap<number, readonly string[]>;
  readonly parents: ReadonlySet<number>;
}

/** Finds threads and processes, and learns from clones, `getpid` and shared descriptors who belongs together. */
export class Processes {
  readonly #threads: (Thread | undefined)[] = [];
  readonly #expected = new Map<number, ExpectedChild>();
  readonly #byTid = new Map<number, Thread>();
  readonly #all = new Set<Thread>();
  /** Threads by the pid that `getpid` gave them, while no thread of that number was seen. */
  readonly #leaderless = new Map<number, Set<Thread>>();

  #known: Known | null = null;
  /** Parents of recognised processes, by number: a parent may be seen after its child. */
  readonly #parents = new Map<Process, number>();

  /** The thread of a lane, made at its first record. */
  at(lane: Lane, time: Nanoseconds): Thread {
    return this.#threads[lane.index] ?? this.#first(lane, time);
  }

  /** The thread of a lane that has had a record. */
  known(lane: Lane): Thread | undefined {
    return this.#threads[lane.index];
  }

  byTid(tid: number): Thread | undefined {
    const found = this.#byTid.get(tid);
    if (found !== undefined || !this.#byTid.has(0)) return found;
    // The first process of a capture on stderr gets its number late.
    const unnamed = this.#byTid.get(0);
    return unnamed?.tid === tid ? unnamed : undefined;
  }

  #first(lane: Lane, time: Nanoseconds): Thread {
    const expected = this.#expected.get(lane.tid);
    this.#expected.delete(lane.tid);
    const process = expected?.isThread ? expected.parent : new Process(lane);
    const thread = new Thread(lane, process);
    thread.firstTime = time;
    if (expected !== undefined && !expected.isThread) becomeChild(process, expected);
    this.#threads[lane.index] = thread;
    this.#byTid.set(lane.tid, thread);
    this.#all.add(thread);
    for (const claimant of this.#leaderless.get(lane.tid) ?? []) this.#joins(claimant, thread);
    this.#leaderless.delete(lane.tid);
    if (this.#known !== null && expected === undefined) this.#recognise(thread, this.#known);
    return thread;
  }

  /** Takes what was noted beside the trace about who is who. */
  introduce({ threads, commands }: CaptureFacts): void {
    this.#known = { threads: new Map(threads), commands, parents: new Set([...threads.values()].map(({ parent }) => parent)) };
  }

  /** A thread that was there when the facts were noted. A number that comes back later is another thread's. */
  #recognise(thread: Thread, { threads, commands, parents }: Known): void {
    const { tid, lane, process } = thread;
    const identity = threads.get(tid);
    threads.delete(tid);
    if (identity === undefined) return;
    if (lane.comm === '') lane.comm = identity.comm;
    if (identity.pid !== tid) {
      this.pidNamed(thread, identity.pid);
      return;
    }
    const argv = commands.get(tid);
    if (argv !== undefined && process.argv.length === 0) {
      process.argv = argv;
      process.server ||= serverOf(argv);
    }
    this.#parents.set(process, identity.parent);
    this.parentNamed(process, identity.parent);
    if (!parents.has(tid)) return;
    for (const [child, parent] of this.#parents) if (parent === tid) this.parentNamed(child, tid);
  }

  /**
   * A clone returned `childTid` in `parent`. The child may have run, and been seen, before its parent's call returned.
   */
  cloned(parent: Process, childTid: number, isThread: boolean, time: Nanoseconds): void {
    if (isThread) parent.threadsStarted++;
    else parent.forks++;
    const expected: ExpectedChild = { parent, isThread, descriptors: new DescriptorTable(parent.descriptors), time };
    const child = this.byTid(childTid);
    if (child === undefined || child.ended || child.process === parent || child.process.parent !== null) {
      if (child === undefined || child.ended) this.#expected.set(childTid, expected);
      return;
    }
    if (isThread) this.merge(child, parent);
    else {
      const own = child.process.descriptors;
      becomeChild(child.process, expected);
      child.process.descriptors.absorb(own);
    }
  }

  /** `thread` turned out to belong to `process`: they share descriptors. */
  merge(thread: Thread, process: Process): void {
    const old = thread.process;
    if (old === process) return;
    for (const sibling of old.threads) {
      sibling.process = process;
      process.threads.push(sibling);
      process.noteTid(sibling.tid);
    }
    old.threads.length = 0;
    process.descriptors.absorb(old.descriptors);
    absorbFutexes(process, old);
    process.accepted += old.accepted;
    process.requests += old.requests;
  }

  /** `getpid` in a thread names its process. A number that is not traced, or of another pid namespace, says nothing. */
  pidNamed(thread: Thread, pid: number): void {
    if (pid === thread.process.pid || pid === thread.tid) return;
    const leader = this.byTid(pid);
    if (leader === undefined) {
      // It may be in a wait that began before the capture and show up when that returns.
      if (this.#leaderless.size < MOST_LEADERS || this.#leaderless.has(pid))
        this.#leaderless.set(pid, (this.#leaderless.get(pid) ?? new Set()).add(thread));
    } else this.#joins(thread, leader);
  }

  /** The tracer says so: no need to guess. */
  belongs(thread: Thread, leader: Thread): void {
    if (!thread.ended && leader.process !== thread.process) this.merge(thread, leader.process);
  }

  #joins(thread: Thread, leader: Thread): void {
    if (!thread.ended && leader.process !== thread.process && thread.process.parent === null && thread.process.forks === 0)
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
    const { process } = thread;
    thread.ended = true;
    thread.lastTime = Math.max(thread.lastTime, time);
    this.#threads[thread.lane.index] = undefined;
    if (this.#byTid.get(thread.tid) === thread) this.#byTid.delete(thread.tid);
    // Only threads that accepted or had a loop are remembered after their end: memory is bounded by what lives.
    const worthKeeping = thread.accepts.listeners.size > 0 || thread.loop.turns > 0 || (process.forks > 0 && thread.tid === process.pid);
    if (!worthKeeping) {
      this.#all.delete(thread);
      process.threads.splice(process.threads.indexOf(thread), 1);
    }
    if (!process.threads.every((other) => other.ended)) return;
    process.exitedAt = time;
    process.killedBy = signal;
    process.boot = null;
    process.descriptors = new DescriptorTable();
  }

  /** Live threads, and ended ones that were acceptors or loops. */
  threads(): IterableIterator<Thread> {
    return this.#all.values();
  }

  /** The processes of these threads, in order of appearance. */
  all(): Process[] {
    return [...new Set([...this.#all].map((thread) => thread.process))];
  }
}

function becomeChild(process: Process, expected: ExpectedChild): void {
  process.parent = expected.parent;
  process.descriptors = new DescriptorTable(expected.descriptors);
  process.argv = expected.parent.argv;
  process.server = expected.parent.server;
  process.forkedAt = expected.time;
  process.boot?.forkedFrom(expected.parent.boot);
}
