import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { keptLine } from '../../evidence.ts';
import { isInterpreterLockWait } from '../../machine/block-class.ts';
import type { DescriptorKind } from '../../machine/descriptor-kind.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import type { LongWork } from '../../machine/long-work.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import { lastMomentOf, type Thread } from '../../machine/thread.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { hasTakenOne, mayHaveTaken, namesQueue, takesFromQueue } from './broker.ts';
import { feeds, hasWorkers, hears, masterOf } from './masters.ts';
import { isNameless, notesMessage, notesRead, Pipes } from './pipes.ts';
import { isForWork, isTaker, placeOf, wordQueue, workOfNew, workOfParent } from './takers.ts';
import { type QueueKind, Work, works } from './work.ts';

/**
 * A thread that takes jobs from a queue was at one, or at several without a pause, for `stall-ms` or longer; `call` is
 * the one that took most of it.
 */
export interface JobTurn extends LongWork {
  /** Another job was there already: the thread took it without a wait. */
  readonly nextWasThere: boolean;
}

/** A thread took a job from its broker, to have others do it. */
export interface JobArrival {
  readonly process: Process;
  readonly at: Nanoseconds;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    jobTurn: JobTurn;
    jobArrival: JobArrival;
  }
}

/** From where a thread takes jobs, and how many it took. */
export interface JobQueue {
  readonly kind: QueueKind;
  readonly queue: string;
  readonly taken: number;
}

/** From where this thread takes jobs, as far as was seen; null when from nowhere. */
export function queueOf(thread: Thread): JobQueue | null {
  const work = isTaker(thread) ? works.of(thread) : undefined;
  if (work === undefined || work.source < 0) return null;
  // What was taken for a queue turned out to be how several report to this one.
  return work.kind === 'pipe' && masterOf(thread) === 'nobody' ? null : work;
}

/**
 * What a broker sends so soon was there already, and what a master hands over so soon after a job. A broker is reached
 * through a network, and by a worker that the tracer holds up: an answer that waits for nothing takes milliseconds.
 */
const AT_ONCE = 10 * MILLISECOND;
const HANDED_OVER = 50 * MILLISECOND;
/** What an eventfd is written, and what such a descriptor is where a loop has a pipe, or nothing names it. */
const ONE_EVENT = 8;
const MAY_BE_EVENT: ReadonlySet<DescriptorKind> = new Set<DescriptorKind>(['event', 'pipe', 'unknown']);
/** What reads a pipe. `pread64` cannot. */
const PIPE_READS: ReadonlySet<string> = new Set(['read', 'readv']);
/** Through the standard streams come data and commands for a program: what a shell or its caller connects. */
const STANDARD_ERROR = 2;
/** One byte through a pipe wakes somebody up, or is a token: it says nothing of a job. */
const WAKE_UP = 1;
/** The part of a turn that one call must take where nothing else says that it was a job. */
const DOMINANT = 0.6;

/** What glibc writes into a lock that another thread waits for. */
const CONTENDED = 2;

/** The first array that a thread was answered: a job that it had asked for before the capture, if it asks again. */
interface FirstAnswer {
  readonly fd: number;
  readonly queue: string;
  readonly at: Nanoseconds;
}

const firstAnswers = new PerThread<FirstAnswer>();

/**
 * Follows threads that take one job after the other: children that read jobs from a pipe of their master, workers that
 * ask a broker for the next one and wait, threads of a pool that wait at one word of memory.
 */
export class JobTracker extends TrackerBase implements Tracker {
  readonly #pipes = new Pipes();

  hears({ family }: Syscall): Heard | undefined {
    if (family === 'read') return (call, thread) => this.#read(call, thread);
    return family === 'write' ? (call, thread) => this.#wrote(call, thread) : undefined;
  }

  /** Something was written to a pipe, or the thread said that a job is done, as libuv's do to their loop. */
  #wrote(call: Call, thread: Thread): void {
    if (!(call.result > 0)) return;
    const descriptor = thread.process.descriptors.get(call.fd);
    if (descriptor?.kind === 'pipe') this.#pipes.of(descriptor)?.wrote(thread.process);
    else if (descriptor !== undefined && isNameless(descriptor)) notesMessage(call, thread, descriptor);
    // Through a file or a socket goes something else.
    if (call.result !== ONE_EVENT || !MAY_BE_EVENT.has(descriptor?.kind ?? 'unknown')) return;
    const work = works.of(thread);
    if (work?.kind === 'word') work.dones++;
  }

  /** A read ends the job before it when it is for the next one. */
  #read(call: Call, thread: Thread): void {
    if (!PIPE_READS.has(call.syscall.name) || !isTaker(thread)) return;
    const nameless = call.result > 0 ? thread.process.descriptors.get(call.fd) : undefined;
    if (nameless !== undefined && isNameless(nameless)) notesRead(call, thread, nameless);
    const known = works.of(thread);
    if (known?.kind === 'pipe' && known.source === call.fd) {
      const asked = known.askedAtPipe(call.start);
      this.#ends(thread, known, asked, call.end - asked < HANDED_OVER && call.result > 0);
      if (call.result > 0) known.begin(call.end);
      else known.since = UNKNOWN;
      return;
    }
    const isFirst = known === undefined || (known.kind === 'word' && known.source < 0);
    if (!isFirst || !(call.result > WAKE_UP) || (call.duration < MILLISECOND && !this.#isHandedOver(call, thread)))
      return;
    this.#mayTake(thread, call.fd)?.begin(call.end);
  }

  /** Where the next job is there each time, nobody waits for one. */
  #isHandedOver({ fd }: Call, { process }: Thread): boolean {
    const descriptor = process.descriptors.get(fd);
    const pipe = descriptor?.kind === 'pipe' ? this.#pipes.of(descriptor) : null;
    return pipe !== null && feeds(pipe, process);
  }

  /** Who reads here may take jobs: from a pipe, or from what nothing names, where its parent has several workers. */
  #mayTake(thread: Thread, fd: number): Work | null {
    const { process } = thread;
    if (fd <= STANDARD_ERROR) return null;
    const descriptor = process.descriptors.get(fd);
    const isUnnamed = descriptor === undefined || (descriptor.kind === 'unknown' && descriptor.label === '');
    if (!(isUnnamed ? hasWorkers(process.parent) : descriptor.kind === 'pipe')) return null;
    const work = works.set(thread, new Work('pipe', fd, ''));
    work.isUnnamed = isUnnamed;
    if (descriptor !== undefined) work.pipe = this.#pipes.of(descriptor);
    return work;
  }

  /** The pipe was that of a helper program that has ended. */
  closed(call: Call, thread: Thread): void {
    const work = works.of(thread);
    if (work?.kind === 'pipe' && work.source === call.fd) works.clear(thread);
  }

  /** The next job is asked for. */
  asked(call: Call, thread: Thread, descriptor: Descriptor): void {
    const queue = takesFromQueue(call);
    if (queue === null) return;
    const known = works.of(thread);
    const work = known?.kind === 'broker' ? known : works.set(thread, new Work('broker', call.fd, queue));
    work.askedAt = call.end;
    work.source = call.fd;
    work.queue = `${queue} ${descriptor.peer}`;
    // A lock that it waited for meanwhile, or a pipe that it read, is no queue of its jobs.
    const first = known?.kind === 'broker' ? undefined : firstAnswers.of(thread);
    if (first !== undefined && first.fd === call.fd && namesQueue(call, first.queue)) work.begin(first.at);
    // Whether the next job was there already shows when it comes.
    if (work.since !== UNKNOWN) work.overAt = call.start;
  }

  answered(call: Call, thread: Thread): void {
    const work = works.of(thread);
    if (call.result > 0) hears(thread.process, false);
    if (work?.kind !== 'broker' && firstAnswers.of(thread) === undefined && call.arguments.payload(1) === '*')
      firstAnswers.set(thread, { fd: call.fd, queue: mayHaveTaken(call), at: call.end });
    if (work?.kind !== 'broker' || work.source !== call.fd || work.askedAt === UNKNOWN || !(call.result > 0)) return;
    const hasOne = hasTakenOne(call);
    if (hasOne) hears(thread.process, true);
    if (!isTaker(thread)) {
      if (hasOne && this.inWindow(call.end)) this.facts.tell('jobArrival', { process: thread.process, at: call.end });
    } else {
      if (work.overAt !== UNKNOWN) this.#ends(thread, work, work.overAt, hasOne && call.end - work.askedAt < AT_ONCE);
      if (hasOne) work.begin(call.end);
      else work.since = UNKNOWN;
    }
    work.askedAt = UNKNOWN;
    work.overAt = UNKNOWN;
  }

  /** A call that took a millisecond or more. */
  blocked(call: Call, thread: Thread): void {
    if (!isTaker(thread)) return;
    const { family, takesDescriptor, name } = call.syscall;
    if (family === 'futex') {
      this.#waited(call, thread);
      return;
    }
    const work = works.of(thread) ?? workOfNew(thread) ?? workOfParent(thread);
    if (work === undefined || work.overAt !== UNKNOWN) return;
    const isSet = family === 'poll' || family === 'select';
    const fd = isSet ? (call.arguments.polled()[0] ?? -1) : takesDescriptor ? call.fd : -1;
    if (family === 'wait-child' || (work.kind !== 'word' && fd === work.source && works.of(thread) === work)) return;
    const target = fd < 0 ? call.arguments.path() : describeTarget(fd, thread.process.descriptors.get(fd));
    work.wasIn(name, target, call.duration, keptLine(call));
  }

  /** A wait for a private word: threads that wait for the same one have nothing to do. */
  #waited(call: Call, thread: Thread): void {
    const use = call.arguments.futex();
    if (use === null || !use.operation.startsWith('WAIT') || isInterpreterLockWait(call)) return;
    if (!use.isPrivate) {
      const own = works.of(thread);
      if (own?.kind === 'pipe') own.queued(call);
      return;
    }
    // A lock that somebody has: in the middle of a job.
    if (use.operation === 'WAIT' && use.value === CONTENDED) return;
    const known = works.of(thread);
    if (known !== undefined && known.kind !== 'word') return;
    const source = placeOf(use.word);
    const work = known ?? works.set(thread, new Work('word', source, ''));
    if (work.source !== source) {
      // Where it waits for less it does so in the middle of a job.
      if (call.duration < work.waited) return;
      work.source = source;
      work.waited = 0;
    }
    work.waited += call.duration;
    work.queue = wordQueue(thread.process, source);
    this.#ends(thread, work, call.start, work.dones > 1);
    work.begin(call.end);
  }

  /** Jobs that had not ended when the trace did. */
  finish(threads: Iterable<Thread>): void {
    const all = [...threads];
    const end = lastMomentOf(all);
    for (const thread of all) {
      if (thread.ended || !isTaker(thread)) continue;
      const { leftIn } = thread;
      const work = works.of(thread);
      if (work === undefined) {
        // It waits for a job since before the capture.
        if (leftIn?.descriptor != null && PIPE_READS.has(leftIn.syscall.name)) this.#mayTake(thread, leftIn.fd);
      } else if (work.since !== UNKNOWN) this.#isLeftAt(work, thread, end);
    }
  }

  #isLeftAt(work: Work, thread: Thread, end: Nanoseconds): void {
    const { leftIn } = thread;
    if (work.overAt !== UNKNOWN) this.#ends(thread, work, work.overAt, false);
    else if (leftIn !== null && isForWork(work, leftIn))
      this.#ends(thread, work, work.askedAtPipe(leftIn.since), work.dones > 1);
    else {
      if (leftIn !== null && leftIn.syscall.family !== 'wait-child')
        work.wasIn(leftIn.name, leftIn.target || leftIn.path, end - leftIn.since, leftIn.line);
      this.#ends(thread, work, end, work.dones > 0, true);
    }
  }

  #ends(thread: Thread, work: Work, end: Nanoseconds, nextWasThere: boolean, open = false): void {
    const { since: start } = work;
    if (start === UNKNOWN || end - start < this.longTurn || !this.inWindow(start)) return;
    const { call, target, total: callTime, line } = work.place;
    if (work.kind === 'word' && callTime < DOMINANT * (end - start) && work.dones === 0) return;
    this.facts.tell('jobTurn', { thread, start, end, open, request: '', call, target, callTime, line, nextWasThere });
  }
}
