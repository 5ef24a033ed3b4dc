import type { Lane, Scheduling } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import { AcceptState } from './accept-state.ts';
import type { FirstStay } from './first-stay.ts';
import type { LeftIn } from './left-in.ts';
import { Loop } from './loop.ts';
import { OWNS_NOTHING } from './owner.ts';
import type { Process } from './process.ts';
import type { PastSighting, Sighting } from './sighting.ts';
import type { Silence } from './silence.ts';
import type { Stop } from './stop.ts';

/** A thread: one lane, and what it is doing. */
export class Thread {
  lane: Lane;
  process: Process;
  firstTime: Nanoseconds = UNKNOWN;
  /** End of its last record. */
  lastTime: Nanoseconds = UNKNOWN;
  ended = false;
  /** Its lane has ended, for it was silent while thousands of others came; its next line comes on another. */
  isAsleep = false;
  /** The call before the current one. */
  lastSyscall: Syscall | null = null;
  lastFd = -1;
  /** Its duration is known. */
  lastTimed = true;
  /** The call it was in when the capture ended. */
  leftIn: LeftIn | null = null;
  /**
   * The last call, where a signal or the tracer interrupted it and the kernel begins it again, or the thread was killed
   * in it; else null.
   */
  interruptedIn: LeftIn | null = null;
  /** What others saw it in, where somebody looked; null where nobody did. */
  seen: Sighting | null = null;
  /** It may have done something before that which was not read yet: a capture at work is read a moment late. */
  isUnread = false;
  /** What others saw it stuck in when the capture began, and it came back from. */
  stuckAtFirst: PastSighting | null = null;
  /** The same of a call that the tracer shows. */
  firstStay: FirstStay | null = null;
  /** Its last long time without a call, as long as what it does next may show that calls of it are missing. */
  silence: Silence | null = null;
  /** Time between calls, in gaps of a millisecond and more. */
  outside: Nanoseconds = 0;
  /** It shows its master that it lives, as a worker of gunicorn does: it is one also while nobody asks for anything. */
  beats = false;
  /** It read a request: what it waits for, somebody waits for. */
  servesRequests = false;
  /** It is stopped, and nothing was seen of it since; `continued` is the line that let it go on. */
  stop: Stop | null = null;
  continued: KeptLine | null = null;
  continuedAt: Nanoseconds = UNKNOWN;
  /** The stop that it was still in when the capture ended. */
  stopAtEnd: Stop | null = null;
  /** What the scheduler did around the next call, where the capture tells it. */
  scheduling: Scheduling | null = null;
  readonly loop = new Loop();
  readonly accepts = new AcceptState();
  /** What trackers keep of it: see `PerThread`. */
  owned: unknown[] = OWNS_NOTHING;

  constructor(lane: Lane, process: Process) {
    this.lane = lane;
    this.process = process;
  }

  /** The end of what it did last; of a thread of which no call has ended, its beginning. */
  get lastSeen(): Nanoseconds {
    return this.lastTime === UNKNOWN ? this.firstTime : this.lastTime;
  }

  get tid(): number {
    return this.lane.tid;
  }

  /** It is known to be the first of its process. */
  get isMain(): boolean {
    const { leader, isLeaderGuessed } = this.process;
    return this.lane.tid === leader.tid && !isLeaderGuessed;
  }

  /** It accepted, waited for a listener or had a loop: worth telling of, also after its end. */
  get hasServed(): boolean {
    return this.accepts.listeners.size > 0 || this.loop.turns > 0;
  }

  /** It called `exit` or `exit_group`, from which nobody returns. */
  get isLeaving(): boolean {
    return this.ended || this.lastSyscall?.family === 'exit';
  }
}

/** When the last of these threads was heard of: the end of the capture. */
export function lastMomentOf(threads: Iterable<Thread>): Nanoseconds {
  let last = 0;
  for (const { lastTime } of threads) last = Math.max(last, lastTime);
  return last;
}
