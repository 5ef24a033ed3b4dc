import type { CaptureFacts, ThreadIdentity } from '../trace/capture-facts.ts';
import type { Lane, Scheduling } from '../trace/record.ts';
import type { Syscall } from '../trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import { AcceptState } from './accept-cycles.ts';
import { Boot } from './boot.ts';
import type { Census } from './descriptor-census.ts';
import { DescriptorTable } from './descriptors.ts';
import { absorbFutexes, type FutexTable, type FutexWord } from './futex-words.ts';
import { Loop } from './loop.ts';
import type { NameLookup } from './name-lookups.ts';
import { serverOf } from './server-names.ts';
import type { LockTries, SharedLock } from './shared-locks.ts';
import type { BlockClass, KeptLine } from './turn.ts';

const MOST_TIDS = 256;
const MOST_PEERS = 8;

/** A process: threads that share descriptors. */
export class Process {
  readonly #leader: Lane;
  parent: Process | null = null;
  /** The fork was traced: its descriptors are known to be its parent's. */
  forkedAt: Nanoseconds = UNKNOWN;
  /** Its live threads, and ended ones that were acceptors or loops. */
  readonly threads: Thread[] = [];
  /** Every thread it had, up to a bound. */
  readonly tids: number[] = [];
  descriptors = new DescriptorTable();
  /** Program and arguments of the last `execve`, own or inherited; empty when not traced. */
  argv: readonly string[] = [];
  /** `gunicorn`, `nginx`…: named by argv, the process title or a heartbeat file; '' when nothing tells. */
  server = '';
  /** Processes it forked. */
  forks = 0;
  /** Threads it started while traced. */
  threadsStarted = 0;
  /** An `ioctl` or `fcntl` of it was seen: the capture is not filtered to fewer calls. */
  setSocketOptions = false;
  /** It got descriptors over a unix socket (node cluster). */
  receivesDescriptors = false;
  /** It passes descriptors on over a unix socket. */
  handsDescriptorsOver = false;
  accepted = 0;
  requests = 0;
  brokenPipes = 0;
  /** How many descriptors it had open, over time; null before the first count. */
  census: Census | null = null;
  /** Sockets that the other end has closed and it has not. */
  endedOpen = 0;
  /** Whom its threads other than the first connect to: how a C client with threads of its own shows. */
  readonly helperPeers: string[] = [];
  /** What its threads wait for; null while no futex call was seen. */
  futexes: FutexTable | null = null;
  exitedAt: Nanoseconds = UNKNOWN;
  killedBy = '';
  /** What it loads until it is ready to accept; null from then on. */
  boot: Boot | null = new Boot();

  constructor(leader: Lane) {
    this.#leader = leader;
  }

  /** Thread group id: the tid of its first thread, as far as the trace tells. Captures on stderr tell the first one's only later. */
  get pid(): number {
    return this.#leader.tid;
  }

  noteHelperPeer(address: string): void {
    if (this.helperPeers.length < MOST_PEERS && !this.helperPeers.includes(address)) this.helperPeers.push(address);
  }

  noteTid(tid: number): void {
    if (this.tids.length < MOST_TIDS && !this.tids.includes(tid)) this.tids.push(tid);
  }
}

/** A call that had not returned when the trace ended. */
export interface LeftIn {
  readonly syscall: Syscall;
  readonly since: Nanoseconds;
  readonly target: string;
  readonly line: KeptLine;
  readonly isHubWait: boolean;
  readonly class: BlockClass;
  readonly query: string;
}

/** A thread: one lane, and what it is doing. */
export class Thread {
  readonly lane: Lane;
  process: Process;
  firstTime: Nanoseconds = UNKNOWN;
  /** End of its last record. */
  lastTime: Nanoseconds = UNKNOWN;
  ended = false;
  /** The call before the current one. */
  lastSyscall: Syscall | null = null;
  lastFd = -1;
  /** Its duration is known. */
  lastTimed = true;
  /** The call it was in when the trace ended. */
  leftIn: LeftIn | null = null;
  /** The lock it took last and still holds, and whether it accepted meanwhile; its refused tries for one. */
  holds: SharedLock | null = null;
  acceptedHolding = false;
  /** The futex word it was woken at last, until it does something that shows what it was for. */
  word: FutexWord | null = null;
  lockTries: LockTries | null = null;
  /** The name that it is asking a name server for, within its running turn. */
  lookup: NameLookup | null = null;
  /** It read a request: what it waits for, somebody waits for. */
  servesRequests = false;
  /** What the scheduler did around the next call, where the capture tells it. */
  scheduling: Scheduling | null = null;
  readonly loop = new Loop();
  readonly accepts = new AcceptState();

  constructor(lane: Lane, process: Process) {
    this.lane = lane;
    this.process = process;
    process.threads.push(this);
    process.noteTid(lane.tid);
  }

  get tid(): number {
    return this.lane.tid;
  }
}

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
      if (this.#leaderless.size < MOST_TIDS || this.#leaderless.has(pid))
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
