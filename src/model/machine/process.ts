import type { Lane } from '../../trace/record.ts';
import { serverOfComm } from '../../trace/server-names.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { DescriptorTable } from './descriptor-table.ts';
import type { OpenDescriptors } from './open-descriptors.ts';
import { OWNS_NOTHING } from './owner.ts';
import { RequestsInProgress } from './requests-in-progress.ts';
import type { Runtime } from './runtime.ts';
import type { QueueSeen } from './sighting.ts';

/** So many numbers of threads are remembered of a process. */
export const MOST_TIDS = 256;
const MOST_PEERS = 8;
const MOST_PROGRAMS = 64;
/** Most processes start no program: one map for all of them. */
const NONE: Map<number, string> = new Map();

/** A process: threads that share descriptors. */
export class Process {
  /** The lane of its first thread. */
  leader: Lane;
  /** Which thread is its first nobody said: of those that turned out to be its own it has the lowest number. */
  isLeaderGuessed = false;
  /** Its beginning is in the capture, a fork or an `execve`: none of its threads came without a clone. */
  isWhole = false;
  /** Something says that its pid is this one: `getpid`, `tgkill`, what was noted beside the capture. */
  isNamed = false;
  /** It turned out to be the same process as this one, which stands for both. */
  mergedInto: Process | null = null;
  /** A signal ended this one, which got none, and that one, which got it: they were one. */
  endsWith: Process | null = null;
  parent: Process | null = null;
  /** The fork was traced: its descriptors are known to be its parent's. */
  forkedAt: Nanoseconds = UNKNOWN;
  /** Every thread it had, up to a bound. */
  tids: number[] = [];
  descriptors: DescriptorTable;
  /** Program and arguments of the last `execve`, own or inherited; empty when not traced. */
  argv: readonly string[] = [];
  /** What the processes that it forked became by `execve`, by their number: the last ones. */
  programs: Map<number, string> = NONE;
  /** Named by argv or a heartbeat file. */
  toldServer = '';
  /** Program files it opened are of this runtime. */
  loaded: Runtime = 'unknown';
  /** How it signs its replies: `Server: uvicorn`; '' when not seen. `repliesRead` were looked at. */
  signature = '';
  repliesRead = 0;
  /** It has a ring of io_uring: what that does shows in no system call. */
  usesRing = false;
  /** It touches a file to show its master that it lives: a worker of gunicorn, also while nobody asks it. */
  showsLife = false;
  /** Processes it forked, and when the last such call returned. */
  forks = 0;
  lastForkAt: Nanoseconds = UNKNOWN;
  /** Threads it started while traced. */
  threadsStarted = 0;
  /** An `ioctl` or `fcntl` of it was seen: the capture is not filtered to fewer calls. */
  setSocketOptions = false;
  /** It got descriptors over a unix socket (node cluster). */
  receivesDescriptors = false;
  /** It reads messages (`recvmsg`), which may bring descriptors. */
  hearsMessages = false;
  /** What it called itself, '' where nobody saw that. It may hold anything: it is looked at and told nowhere. */
  chosenName = '';
  /** Its only thread woke another one, or was woken by one. */
  wakesUnseen = false;
  /** Wakes and waits of private words that were looked at to learn whose its threads are. */
  wordsLookedAt = 0;
  /** It passes descriptors on over a unix socket. */
  handsDescriptorsOver = false;
  /** Connections of clients that it held open when somebody looked at it last; UNKNOWN when nobody did. */
  clientsHeld = UNKNOWN;
  /** At least so many waited to be accepted by it whenever somebody looked between these moments; null for nobody. */
  queued: QueueSeen | null = null;
  /** The last signal to it that stops a process, and who sent it (0 when not told). */
  stopSent: { readonly signal: string; readonly sender: number } | null = null;
  /** The last signal that arrived, and when. */
  lastSignal = '';
  /** When a signal asked it to end that it handles, such as SIGTERM; UNKNOWN while none has. */
  toldToEndAt: Nanoseconds = UNKNOWN;
  lastSignalAt: Nanoseconds = UNKNOWN;
  /** Threads of it take turns at an epoll instance, as those of Go do. */
  takesTurns = false;
  accepted = 0;
  /**
   * Connections that it accepted and never used, and that somebody served who is not known to be of it: their number
   * was given to a new one, or something was written under it elsewhere.
   */
  servedUnseen = 0;
  requests = 0;
  /** When the first datagram came from somebody whom it had not asked; UNKNOWN before that. */
  heardAt: Nanoseconds = UNKNOWN;
  /** Requests whose reply was seen to begin. */
  answered = 0;
  /** When the last of these replies began. */
  lastAnswerAt: Nanoseconds = UNKNOWN;
  readonly inProgress = new RequestsInProgress();
  /** How often its threads have turned out to belong to another process than thought, at most. */
  moves = 0;
  brokenPipes = 0;
  /** Whom its threads other than the first connect to: how a C client with threads of its own shows. */
  helperPeers: readonly string[] = [];
  exitedAt: Nanoseconds = UNKNOWN;
  killedBy = '';
  /** What trackers keep of it: see `PerProcess`. */
  owned: unknown[] = OWNS_NOTHING;

  constructor(leader: Lane, open: OpenDescriptors) {
    this.leader = leader;
    this.descriptors = new DescriptorTable(open);
  }

  /**
   * Thread group id: the tid of its first thread, as far as the trace tells. Captures on stderr tell the first one's
   * only later.
   */
  get pid(): number {
    return this.leader.tid;
  }

  noteHelperPeer(address: string): void {
    if (this.helperPeers.length < MOST_PEERS && !this.helperPeers.includes(address))
      this.helperPeers = [...this.helperPeers, address];
  }

  /** `gunicorn`, `nginx`…: named by argv, a heartbeat file or the name of its first thread; '' when nothing tells. */
  get server(): string {
    return this.toldServer || serverOfComm(this.leader.comm) || serverOfComm(this.chosenName);
  }

  set server(name: string) {
    this.toldServer = name;
  }

  /** A process that it forked became that program. */
  noteProgram(pid: number, program: string): void {
    if (this.programs === NONE) this.programs = new Map();
    if (this.programs.size >= MOST_PROGRAMS)
      for (const oldest of this.programs.keys()) if (this.programs.delete(oldest)) break;
    this.programs.set(pid, program);
  }

  /** Takes over what was counted and learned of `other`, which is the same process. */
  absorb(other: Process): void {
    other.mergedInto = this;
    this.descriptors.absorb(other.descriptors);
    if (this.argv.length === 0) this.argv = other.argv;
    this.server ||= other.server;
    this.signature ||= other.signature;
    if (this.loaded === 'unknown') this.loaded = other.loaded;
    for (const [pid, program] of other.programs) this.noteProgram(pid, program);
    this.stopSent ??= other.stopSent;
    this.takesTurns ||= other.takesTurns;
    this.parent ??= other.parent;
    this.forks += other.forks;
    this.threadsStarted += other.threadsStarted;
    this.setSocketOptions ||= other.setSocketOptions;
    this.receivesDescriptors ||= other.receivesDescriptors;
    this.hearsMessages ||= other.hearsMessages;
    this.handsDescriptorsOver ||= other.handsDescriptorsOver;
    this.showsLife ||= other.showsLife;
    this.usesRing ||= other.usesRing;
    this.lastForkAt = Math.max(this.lastForkAt, other.lastForkAt);
    this.wakesUnseen = false;
    this.brokenPipes += other.brokenPipes;
    this.accepted += other.accepted;
    this.servedUnseen += other.servedUnseen;
    this.requests += other.requests;
    if (other.heardAt !== UNKNOWN) this.heardAt = earlier(this.heardAt, other.heardAt);
    this.answered += other.answered;
    this.lastAnswerAt = later(this.lastAnswerAt, other.lastAnswerAt);
    for (const peer of other.helperPeers) this.noteHelperPeer(peer);
  }

  /** A thread of it has this number. */
  noteTid(tid: number): void {
    if (this.tids.length === 0) {
      this.tids = [tid];
      return;
    }
    if (this.tids.length < MOST_TIDS && !this.tids.includes(tid)) this.tids.push(tid);
  }
}

/** The process that this one turned out to be; itself as a rule. */
export function standsFor(process: Process): Process {
  let found = process;
  while (found.mergedInto !== null) found = found.mergedInto;
  return found;
}
