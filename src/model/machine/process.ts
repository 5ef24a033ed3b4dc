import type { Lane } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { Clientele } from './clientele.ts';
import { DescriptorTable } from './descriptor-table.ts';
import type { OpenDescriptors } from './open-descriptors.ts';
import { OWNS_NOTHING } from './owner.ts';
import { RequestsInProgress } from './requests-in-progress.ts';
import type { Thread } from './thread.ts';

const MOST_TIDS = 256;
const MOST_PEERS = 8;

/** A process: threads that share descriptors. */
export class Process {
  /** The lane of its first thread. */
  readonly leader: Lane;
  parent: Process | null = null;
  /** The fork was traced: its descriptors are known to be its parent's. */
  forkedAt: Nanoseconds = UNKNOWN;
  /** Its live threads, and ended ones that were acceptors or loops. */
  threads: Thread[] = [];
  /** Every thread it had, up to a bound. */
  tids: number[] = [];
  descriptors: DescriptorTable;
  /** Program and arguments of the last `execve`, own or inherited; empty when not traced. */
  argv: readonly string[] = [];
  /** `gunicorn`, `nginx`…: named by argv, the process title or a heartbeat file; '' when nothing tells. */
  server = '';
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
  /** It passes descriptors on over a unix socket. */
  handsDescriptorsOver = false;
  accepted = 0;
  requests = 0;
  readonly clientele = new Clientele();
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

  /** A thread of it is heard of. */
  join(thread: Thread): void {
    // Most have one: a literal takes less room than what grows.
    if (this.threads.length === 0) this.threads = [thread];
    else this.threads.push(thread);
    this.noteTid(thread.tid);
  }

  noteTid(tid: number): void {
    if (this.tids.length === 0) {
      this.tids = [tid];
      return;
    }
    if (this.tids.length < MOST_TIDS && !this.tids.includes(tid)) this.tids.push(tid);
  }
}
