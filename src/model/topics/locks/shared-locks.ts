import type { LockRequest } from '../../../trace/call-arguments.ts';
import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { elapsed, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { entryLine, type KeptLine, keptLine } from '../../evidence.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import { PerDescriptor, PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';

/** A thread waited for a lock that processes share. */
export interface LockWait {
  readonly thread: ThreadView;
  readonly lock: SharedLock;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** Who had it before; null when that is not in the trace. */
  readonly holder: ThreadView | null;
  /** How long the holder had it, up to the end of the wait; UNKNOWN without one. */
  readonly held: Nanoseconds;
  /** How often it asked: once for a call that sleeps, more often for one that is refused. */
  readonly tries: number;
  /** It got the lock in the end. */
  readonly obtained: boolean;
  /** It still waited when the capture ended. */
  readonly isOpen: boolean;
  /** What it was serving, '' when that is not known. */
  readonly request: string;
  readonly lines: readonly KeptLine[];
}

declare module '../../fact-bus.ts' {
  interface Facts {
    lockWait: LockWait;
  }
}

/** Files and semaphores followed at once: the oldest make room. */
const MOST_LOCKS = 1000;
/**
 * A refused try that is repeated within this time is waiting: SQLite's busy handler sleeps 100 ms at most, others poll
 * as often.
 */
const NEXT_TRY = 250_000_000;
/** So many holds of a lock are remembered: a queue of waiters is rarely longer. */
const MOST_HOLDS = 32;
/** Locks that come without contention return at once; under a tracer within this time. */
const NO_WAIT = 1_000_000;

/** What a thread has to do with locks. */
interface Holding {
  /** The lock it took last and still holds, and whether it accepted meanwhile. */
  holds: SharedLock | null;
  acceptedHolding: boolean;
  /** Its refused tries for one. */
  tries: LockTries | null;
}

const holdings = new PerThread<Holding>();
/** The lock that was asked for on a file. */
const fileLocks = new PerDescriptor<SharedLock>();

/** The lock that was asked for on this file; undefined when nobody did. */
export function lockOf(descriptor: Descriptor): SharedLock | undefined {
  return fileLocks.of(descriptor);
}

function holdingOf(thread: Thread): Holding {
  return holdings.of(thread) ?? holdings.set(thread, { holds: null, acceptedHolding: false, tries: null });
}

/** A lock that processes share: on a file, by `flock` or `fcntl`, or a System V semaphore. */
export class SharedLock {
  /** Path of the file, or what else tells it apart. */
  readonly name: string;
  /** Exclusive holds so far, and those during which the holder accepted a connection. */
  taken = 0;
  accepting = 0;
  /** Who has it, as far as the trace shows; null for nobody, or for processes that were not traced. */
  holder: Thread | null = null;
  /** Who took it last, and when. */
  lastHolder: Thread | null = null;
  lastTakenAt: Nanoseconds = UNKNOWN;
  /** When that hold ended, if that was seen. */
  lastReleasedAt: Nanoseconds = UNKNOWN;
  /** First byte of the range that the holder locked: SQLite locks single bytes of one file. */
  firstByte = 0;

  /** When threads of the capture had it, the last times. */
  readonly #holds: { readonly start: Nanoseconds; readonly end: Nanoseconds }[] = [];

  constructor(name: string) {
    this.name = name;
  }

  releasedAt(time: Nanoseconds): void {
    this.holder = null;
    this.lastReleasedAt = time;
    if (this.lastTakenAt === UNKNOWN) return;
    if (this.#holds.length === MOST_HOLDS) this.#holds.shift();
    this.#holds.push({ start: this.lastTakenAt, end: time });
  }

  /** Whether threads of the capture had it for most of that time, as far as their holds are remembered. */
  wasHeldMostly(start: Nanoseconds, end: Nanoseconds): boolean {
    const [oldest] = this.#holds;
    if (this.#holds.length === MOST_HOLDS && oldest !== undefined && oldest.start > start) return true;
    let held = this.holder === null ? 0 : Math.max(0, end - Math.max(start, this.lastTakenAt));
    for (const hold of this.#holds) held += Math.max(0, Math.min(end, hold.end) - Math.max(start, hold.start));
    return held * 2 >= end - start;
  }

  /** It serialises accepts, as Apache and uWSGI do: waiting for it is being idle. */
  get guardsAccepts(): boolean {
    return this.accepting * 2 >= this.taken && this.accepting > 0;
  }
}

/** Refused tries of one thread that follow each other: waiting by asking again. */
export interface LockTries {
  readonly lock: SharedLock;
  readonly wants: LockRequest['wants'];
  readonly since: Nanoseconds;
  readonly line: KeptLine;
  count: number;
  last: Nanoseconds;
}

/** Follows who holds which shared lock, and who waits for it. */
export class SharedLocks extends TrackerBase implements Tracker {
  readonly #byName = new Map<string, SharedLock>();

  /** Files and semaphores of which a lock was asked for. */
  get known(): number {
    return this.#byName.size;
  }

  hears({ name, family }: Syscall): Heard | undefined {
    switch (family) {
      case 'lock':
        return (call, thread) => this.#fileLocked(call, thread);
      case 'fcntl':
        return (call, thread) => {
          if (call.arguments.has('SETLK')) this.#fileLocked(call, thread);
        };
      case 'semaphore':
        return name.startsWith('sem') ? (call, thread) => this.#semaphore(call, thread) : undefined;
      case 'accept':
        return (_call, thread) => this.#acceptTried(thread);
      default:
        return undefined;
    }
  }

  /** `flock`, or `fcntl` with a lock. */
  #fileLocked(call: Call, thread: Thread): void {
    const request = call.arguments.lock();
    if (request !== null) this.#asked(call, thread, this.#ofFile(call, thread), request);
  }

  /** A thread asks for the lock of a file and has no answer yet: which file that is shows in whom it waits for. */
  staying(call: Call, thread: Thread): void {
    const { family } = call.syscall;
    if (family === 'lock' || (family === 'fcntl' && call.arguments.has('SETLK'))) this.#ofFile(call, thread);
  }

  /** The call that asks for a lock had not come back at the end of the capture. */
  leftOpen(call: Call, thread: Thread, { descriptor, line }: LeftIn): void {
    const lock = descriptor === null ? undefined : fileLocks.of(descriptor);
    const { family } = call.syscall;
    if (lock === undefined || (family !== 'lock' && family !== 'fcntl') || call.duration < NO_WAIT) return;
    this.#waited(thread, { lock, since: call.start, count: 1 }, call.end, false, [line], true);
  }

  #semaphore(call: Call, thread: Thread): void {
    const asked = call.arguments.semaphore();
    if (asked === null || asked.change === 0) return;
    const lock = this.#named(`semaphore ${asked.number} of set ${asked.set}`);
    this.#asked(call, thread, lock, { wants: asked.change < 0 ? 'exclusive' : 'release', firstByte: 0, length: 0 });
  }

  /** Closing a file gives its locks back. */
  closed(call: Call, thread: Thread, descriptor: Descriptor): void {
    const lock = fileLocks.of(descriptor);
    if (lock === undefined) return;
    if (holdings.of(thread)?.tries?.lock === lock) this.#gaveUp(thread);
    if (lock.holder?.process === thread.process) release(lock, lock.holder, call.end);
  }

  /** An accept of a thread that holds a lock. */
  #acceptTried(thread: Thread): void {
    const holding = holdings.of(thread);
    if (holding === undefined || holding.holds === null || holding.acceptedHolding) return;
    // What runs on a thread of such a process may have the lock, while the thread accepts for another.
    if (thread.process.takesTurns) return;
    holding.acceptedHolding = true;
    holding.holds.accepting++;
  }

  threadEnded(thread: Thread, time: Nanoseconds): void {
    const holding = holdings.of(thread);
    if (holding === undefined) return;
    if (holding.tries !== null) this.#gaveUp(thread);
    if (holding.holds?.holder === thread) release(holding.holds, thread, time);
  }

  finish(threads: Iterable<Thread>): void {
    for (const thread of threads) if (holdings.of(thread)?.tries != null) this.#gaveUp(thread);
  }

  #asked(call: Call, thread: Thread, lock: SharedLock, request: LockRequest): void {
    if (request.wants === 'release') {
      const { holder } = lock;
      if (call.result === 0 && holder?.process === thread.process && covers(request, lock.firstByte))
        release(lock, holder, call.end);
      return;
    }
    if (call.error === 'EAGAIN' || call.error === 'EACCES') this.#refused(call, thread, lock, request.wants);
    else if (call.result === 0) this.#took(call, thread, lock, request);
  }

  #refused(call: Call, thread: Thread, lock: SharedLock, wants: LockRequest['wants']): void {
    const holding = holdingOf(thread);
    const { tries } = holding;
    if (tries !== null && tries.lock === lock && call.start - tries.last <= NEXT_TRY) {
      tries.count++;
      tries.last = call.end;
      return;
    }
    if (tries !== null) this.#gaveUp(thread);
    holding.tries = { lock, wants, since: call.start, line: keptLine(call), count: 1, last: call.end };
  }

  #took(call: Call, thread: Thread, lock: SharedLock, { wants, firstByte }: LockRequest): void {
    const holding = holdingOf(thread);
    const { tries } = holding;
    if (tries !== null && tries.lock === lock) {
      // SQLite takes a shared lock on another byte before each try.
      if (wants === tries.wants) {
        holding.tries = null;
        if (call.start - tries.last <= NEXT_TRY)
          this.#waited(thread, tries, call.end, true, [tries.line, keptLine(call)]);
      }
    } else if (call.duration >= NO_WAIT) {
      const line = keptLine(call);
      const lines = call.startLine === call.line ? [line] : [entryLine(call), line];
      this.#waited(thread, { lock, since: call.start, count: 1 }, call.end, true, lines);
    }
    if (wants !== 'exclusive') return;
    // Who gave it back comes out of that call later than the next comes out of its wait.
    if (lock.holder !== null && lock.holder !== thread) release(lock, lock.holder, call.end);
    // SQLite takes one byte after the other: held since the first.
    if (lock.holder !== thread) lock.lastTakenAt = call.end;
    lock.taken++;
    lock.holder = thread;
    lock.lastHolder = thread;
    lock.firstByte = firstByte;
    holding.holds = lock;
    holding.acceptedHolding = false;
  }

  /**
   * The thread stopped asking. One refused try is an answer, not waiting: so do processes that only one of them runs a
   * job.
   */
  #gaveUp(thread: Thread): void {
    const holding = holdingOf(thread);
    const { tries } = holding;
    holding.tries = null;
    if (tries !== null && tries.count > 1) this.#waited(thread, tries, tries.last, false, [tries.line]);
  }

  #waited(
    thread: Thread,
    { lock, since, count }: Pick<LockTries, 'lock' | 'since' | 'count'>,
    end: Nanoseconds,
    obtained: boolean,
    lines: readonly KeptLine[],
    isOpen = false,
  ): void {
    if (!this.inWindow(end)) return;
    // A holder that is not in the capture may have had it for most of the wait.
    const holder = lock.lastHolder !== thread && lock.wasHeldMostly(since, end) ? lock.lastHolder : null;
    const { owner } = thread.loop;
    // What a thread of a pool answered last is not what it works for now.
    const request = owner?.inProgress === true ? owner.line : '';
    // The one who gives it back may be seen to do so only after the one who waited has it.
    const released = lock.lastReleasedAt > lock.lastTakenAt ? lock.lastReleasedAt : end;
    const held = holder === null ? UNKNOWN : elapsed(lock.lastTakenAt, released);
    this.facts.tell('lockWait', {
      thread,
      lock,
      start: Math.min(since, end),
      end,
      holder,
      held,
      tries: count,
      obtained,
      isOpen,
      request,
      lines,
    });
  }

  #ofFile(call: Call, thread: Thread): SharedLock {
    const descriptor = thread.process.descriptors.learn(call.fd, call.arguments);
    const known = fileLocks.of(descriptor);
    if (known !== undefined) return known;
    const { label } = descriptor;
    descriptor.isNeeded = true;
    return fileLocks.set(descriptor, this.#named(label === '' ? `fd ${call.fd} of ${thread.process.pid}` : label));
  }

  #named(name: string): SharedLock {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= MOST_LOCKS) for (const oldest of this.#byName.keys()) return this.#replace(oldest, name);
    const made = new SharedLock(name);
    this.#byName.set(name, made);
    return made;
  }

  #replace(oldest: string, name: string): SharedLock {
    this.#byName.delete(oldest);
    return this.#named(name);
  }
}

function covers({ firstByte, length }: LockRequest, byte: number): boolean {
  return firstByte <= byte && (length === 0 || byte < firstByte + length);
}

function release(lock: SharedLock, holder: Thread, time: Nanoseconds): void {
  lock.releasedAt(time);
  const holding = holdings.of(holder);
  if (holding?.holds === lock) holding.holds = null;
}
