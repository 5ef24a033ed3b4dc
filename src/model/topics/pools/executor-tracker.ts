import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../../evidence.ts';
import { AnsweredJobs } from '../../machine/answered-jobs.ts';
import type { Request } from '../../machine/connections.ts';
import type { DescriptorKind } from '../../machine/descriptor-kind.ts';
import { describeTarget } from '../../machine/descriptors.ts';
import type { HandDone } from '../../machine/long-work.ts';
import { PerProcess, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import { runtimeOf } from '../../machine/runtime.ts';
import { lastMomentOf, type Thread } from '../../machine/thread.ts';
import { waitedOn } from '../../machine/waited-on.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { LongestCall } from './longest-call.ts';
import type { PoolTurn } from './pool-tracker.ts';
import { Wakes, type WokenWait } from './wakes.ts';

declare module '../../fact-bus.ts' {
  interface Facts {
    handDone: HandDone;
  }
}

/** One byte through a pipe, or a number for an eventfd, wakes a loop up. */
const WAKE_UP = 1;
const ONE_EVENT = 8;
const CARRIES_WAKE_UPS: ReadonlySet<DescriptorKind> = new Set<DescriptorKind>(['pipe', 'event', 'socket', 'unknown']);
/** From here on a wait of Python is none for its interpreter lock, of which slices end after 5 ms. */
const NO_SLICE = 10 * MILLISECOND;
/** So soon after its last job a thread takes one that has waited. */
const AT_ONCE = 50 * MILLISECOND;

/** A job, since when a thread is at it, and the call it was in for longest. */
class Job {
  /** UNKNOWN before the first is seen to begin. */
  since: Nanoseconds;
  readonly longest = new LongestCall();

  constructor(since: Nanoseconds) {
    this.since = since;
  }
}

/** A thread that does jobs for the loop of its process. */
class Hand {
  /** It writes replies itself: the loop only reads the requests (waitress). */
  replies = false;
  /** How often it has told the loop that something is done. */
  dones = 0;
  /** The place of the word that it waited for last; -1 before the first. */
  place = -1;
  /** It waits for jobs in a loop of its own. */
  hasLoop = false;
  /** It wakes the loop up by an eventfd, and nothing says that this is Python. */
  isOfEvents = false;
  job = new Job(UNKNOWN);
  /**
   * When its first wait since it was done with a job had ended: what it waits for from then on is in the next job, be
   * it seen or not who ends these waits. UNKNOWN before the first.
   */
  begunAt: Nanoseconds = UNKNOWN;
  hasBegun = false;
  /** Its last wait for a word, and the job before that, as long as it is not known what it waited for. */
  rest: WokenWait | null = null;
  before = new Job(UNKNOWN);
  restLine: KeptLine = NO_LINE;
  /** When its last long job ended, and since when the next request had waited by then; UNKNOWN for none. */
  endedAt: Nanoseconds = UNKNOWN;
  queuedSince: Nanoseconds = UNKNOWN;
}

/** A job of which the request shows when its reply is written. */
interface Unnamed extends PoolTurn {
  readonly isLong: boolean;
  /** When the thread had ended the long job right before it; UNKNOWN where it had none, or waited for this one. */
  readonly after: Nanoseconds;
}

/** The threads of one process that do so. */
class Executor {
  readonly hands = new Set<Thread>();
  readonly wakes = new Wakes();
  /** Long jobs, and those that a thread began right after a long one. */
  readonly unnamed: AnsweredJobs<Unnamed>;

  constructor(told: (job: Unnamed, request: Request | null) => void) {
    this.unnamed = new AnsweredJobs(told);
  }
}

const hands = new PerThread<Hand>();
const executors = new PerProcess<Executor>();
/** By the place of a word who waited there; null for several threads. */
const waitedAt = new PerProcess<Map<number, Thread | null>>();
const MOST_PLACES = 1_024;
/** Bytes of a condition of glibc, whose waiters use two words of it in turn. */
const BYTES_OF_ONE = 8;

/**
 * Whether this thread does jobs for the loop of its process, which reads the requests and writes the replies: an
 * executor of asyncio, the thread pool of Twisted, the workers of anyio (Starlette, FastAPI), the executors of netty,
 * the worker threads of node.
 */
export function worksForLoop(thread: Thread): boolean {
  const hand = hands.of(thread);
  return hand !== undefined && hand.dones > 0 && !hand.replies && !isOfOtherPool(thread) && mayWork(thread);
}

/**
 * Whether what looked like such a thread is none: it takes jobs from a queue of several, as those of libuv do, or is a
 * thread of a runtime that takes turns at the loop.
 */
export function isOfOtherPool(thread: Thread): boolean {
  const hand = hands.of(thread);
  return hand?.isOfEvents === true && (thread.process.takesTurns || isShared(thread.process, hand.place));
}

/** Several threads of the process have waited there: they take from one queue, as those of libuv do. */
function isShared(process: Process, place: number): boolean {
  return waitedAt.of(process)?.get(place) === null;
}

/**
 * Follows threads to which a loop hands what would block it. Such a thread waits at a word of memory, often one of its
 * own, or in a loop of its own that watches nothing but wake-ups, until the loop wakes it, and ends its job by waking
 * the loop through a pipe, a socket or an eventfd.
 */
export class ExecutorTracker extends TrackerBase implements Tracker {
  hears({ family }: Syscall): Heard | undefined {
    if (family === 'futex') return (call, thread) => woke(call, thread);
    return family === 'write' ? (call, thread) => this.#wrote(call, thread) : undefined;
  }

  #wrote(call: Call, thread: Thread): void {
    const { result } = call;
    if ((result !== WAKE_UP && result !== ONE_EVENT) || !mayWork(thread)) return;
    const { process } = thread;
    const kind = process.descriptors.get(call.fd)?.kind ?? 'unknown';
    if (!CARRIES_WAKE_UPS.has(kind)) return;
    const hand = hands.of(thread) ?? hands.set(thread, new Hand());
    if (hand.replies) return;
    const executor = executors.of(process) ?? executors.set(process, this.#executor());
    if (!isOfPython(process, result)) {
      if (result !== ONE_EVENT) return;
      hand.isOfEvents = true;
      if (isOfOtherPool(thread)) return;
    }
    executor.hands.add(thread);
    hand.dones++;
    settle(hand, executor);
    const { since } = hand.job;
    this.#ends(thread, hand, executor, call.start, false, keptLine(call));
    if (since !== UNKNOWN || !hand.isOfEvents) {
      // Each is UNKNOWN for a thread that was at its first job.
      const start = Math.max(thread.firstTime, Math.min(since, hand.begunAt));
      this.facts.tell('handDone', { thread, start, end: call.start });
    }
    hand.begunAt = call.end;
    hand.hasBegun = false;
    hand.job = new Job(call.end);
  }

  /** What it does between two waits of a loop of its own is a job: it takes no other one meanwhile. */
  hubWaited({ end }: Call, thread: Thread): void {
    if (thread.loop.hub?.kind !== 'epoll' || !mayWork(thread)) return;
    const hand = hands.of(thread) ?? hands.set(thread, new Hand());
    hand.hasLoop = true;
    hand.begunAt = end;
    hand.job = new Job(end);
  }

  /** A call that took a millisecond or more. */
  blocked(call: Call, thread: Thread): void {
    if (!mayWork(thread)) return;
    const hand = hands.of(thread) ?? hands.set(thread, new Hand());
    if (hand.replies || (hand.hasLoop && call.syscall.family === 'epoll-wait')) return;
    if (call.syscall.family === 'futex' && !hand.hasLoop) {
      this.#waited(call, thread, hand);
      return;
    }
    if (call.duration <= hand.job.longest.length) return;
    const { fd, descriptor } = waitedOn(call, thread.process);
    const target = fd < 0 ? call.arguments.path() : describeTarget(fd, descriptor);
    hand.job.longest.took(call.syscall.name, target, call.duration, keptLine(call));
  }

  #waited(call: Call, thread: Thread, hand: Hand): void {
    const use = call.arguments.futex();
    if (use === null || !use.isPrivate || !use.operation.startsWith('WAIT')) return;
    if (!use.isRealtime && call.duration < NO_SLICE) return;
    const executor = executors.of(thread.process);
    settle(hand, executor);
    if (!hand.hasBegun) hand.begunAt = call.end;
    hand.hasBegun ||= call.error === '';
    if (call.error !== '') {
      // Nobody had a job for it.
      if (hand.job.longest.length === 0) hand.job.since = call.end;
      return;
    }
    const { start, end } = call;
    hand.place = placeOf(use.word);
    noteWaitAt(thread.process, hand.place, thread);
    hand.rest = { word: use.word, start, end, waker: null };
    hand.before = hand.job;
    hand.restLine = keptLine(call);
    hand.job = new Job(end);
    executor?.wakes.waited(hand.rest, thread);
  }

  /** The loop begins a reply: the job for that request ended right before. */
  replied({ start }: Call, thread: Thread, request: Request): void {
    const executor = executors.of(thread.process);
    const hand = hands.of(thread);
    if (hand !== undefined) {
      hand.replies = true;
      executor?.hands.delete(thread);
      return;
    }
    executor?.unnamed.replied(request, start);
  }

  #executor(): Executor {
    return new Executor((job, request) => this.#tell(job, request));
  }

  #tell({ isLong, after, ...job }: Unnamed, request: Request | null): void {
    // In which order a pool takes its requests differs: anyio 3 takes the last one first.
    if (request !== null && after !== UNKNOWN && after - request.readAt >= this.longTurn)
      this.facts.tell('poolWait', { thread: job.thread, start: request.readAt, end: job.start });
    if (isLong) this.facts.tell('poolTurn', { ...job, request: request?.line ?? '' });
  }

  merged(process: Process, other: Process): void {
    for (const [place, thread] of waitedAt.of(other) ?? []) noteWaitAt(process, place, thread);
    const gone = executors.of(other);
    if (gone === undefined) return;
    const own = executors.of(process) ?? executors.set(process, this.#executor());
    for (const thread of gone.hands) own.hands.add(thread);
    own.unnamed.add(gone.unnamed);
  }

  threadEnded(thread: Thread): void {
    executors.of(thread.process)?.hands.delete(thread);
  }

  threadLetGo(thread: Thread): void {
    executors.of(thread.process)?.hands.delete(thread);
  }

  /** Jobs that had not ended when the trace did. */
  finish(threads: Iterable<Thread>): void {
    const all = [...threads];
    const end = lastMomentOf(all);
    const found = new Set<Executor>();
    for (const thread of all) {
      const executor = executors.of(thread.process);
      const hand = hands.of(thread);
      if (executor === undefined || hand === undefined) continue;
      found.add(executor);
      if (!thread.ended && worksForLoop(thread)) this.#isLeft(thread, hand, executor, end);
    }
    for (const executor of found) executor.unnamed.finish();
  }

  #isLeft(thread: Thread, hand: Hand, executor: Executor, end: Nanoseconds): void {
    const { leftIn } = thread;
    settle(hand, executor);
    const isInLoop = hand.hasLoop && leftIn?.syscall.family === 'epoll-wait';
    const isWaiting = !hand.hasLoop && leftIn?.syscall.family === 'futex';
    // It waits for work unless it was in the middle of a job.
    const { longest } = hand.job;
    if (isInLoop || (isWaiting && longest.length === 0)) return;
    if (leftIn !== null && !isWaiting)
      longest.took(leftIn.name, leftIn.target || leftIn.path, end - leftIn.since, leftIn.line);
    this.#ends(thread, hand, executor, end, true, longest.line);
  }

  /** A job, or what a thread told the loop in the middle of one, has ended. */
  #ends(thread: Thread, hand: Hand, executor: Executor, end: Nanoseconds, open: boolean, line: KeptLine): void {
    const { job } = hand;
    // Until it is known whose thread it is, nothing tells its waits from work.
    if (job.since === UNKNOWN && hand.isOfEvents) return;
    const start = job.since === UNKNOWN ? thread.firstTime : job.since;
    const isLong = end - start >= this.longTurn;
    if (!isLong && job.longest.length === 0) return;
    if (!this.inWindow(start)) return;
    const { endedAt, queuedSince } = hand;
    hand.endedAt = UNKNOWN;
    if (queuedSince !== UNKNOWN && start - endedAt < AT_ONCE && !hasRead(thread.process, endedAt, start))
      this.facts.tell('poolWait', { thread, start: queuedSince, end: endedAt });
    hand.queuedSince = UNKNOWN;
    const after = endedAt !== UNKNOWN && start - endedAt < AT_ONCE ? endedAt : UNKNOWN;
    // A worker thread of node may tell its loop several things in the course of one job.
    if (!isLong && (after === UNKNOWN || hand.isOfEvents)) return;
    if (isLong) {
      hand.endedAt = end;
      hand.queuedSince = queueOf(thread.process, executor);
    }
    const { call, target, length: callTime } = job.longest;
    executor.unnamed.ended({
      thread,
      start,
      end,
      open,
      request: '',
      call,
      target,
      callTime,
      line: callTime > 0 ? job.longest.line : line,
      isLong,
      after,
    });
  }
}

function placeOf(word: string): number {
  return Math.floor(Number.parseInt(word, 16) / BYTES_OF_ONE);
}

function noteWaitAt(process: Process, place: number, thread: Thread | null): void {
  const places = waitedAt.of(process) ?? waitedAt.set(process, new Map());
  const known = places.get(place);
  if (known === undefined) {
    if (places.size < MOST_PLACES) places.set(place, thread);
  } else if (known !== thread) places.set(place, null);
}

/** It serves no client itself, and is not the thread of the loop. */
function mayWork({ isMain, accepts, loop, servesRequests }: Thread): boolean {
  if (isMain || servesRequests || loop.isShared || accepts.listeners.size > 0) return false;
  const { hub } = loop;
  return hub?.kind !== 'epoll' || (!hub.hasListener && !hub.hasSockets && !hub.servesSeveral);
}

/** Threads of other runtimes wake their loop by an eventfd, those of libuv and of Go too, which are no such pool. */
function isOfPython(process: Process, written: number): boolean {
  const runtime = runtimeOf(process);
  return runtime === 'python' || (runtime === 'unknown' && written === WAKE_UP);
}

function woke(call: Call, thread: Thread): void {
  if (!(call.result > 0)) return;
  const executor = executors.of(thread.process);
  if (executor === undefined) return;
  const use = call.arguments.futex();
  if (use?.operation.startsWith('WAKE')) executor.wakes.woke(use.word, thread, call.start);
}

/**
 * Whether the last wait of a thread was one for a job shows who ended it: other threads of the pool hand on a lock, or
 * whatever else a job needs.
 */
function settle(hand: Hand, executor: Executor | undefined): void {
  const { rest } = hand;
  if (rest === null) return;
  hand.rest = null;
  const { waker } = rest;
  if (executor === undefined || waker === null || !executor.hands.has(waker)) return;
  if (executor.wakes.isQueue(rest.word)) return;
  const { call, target, length, line } = hand.job.longest;
  hand.job = hand.before;
  hand.job.longest.took('futex', '', rest.end - rest.start, hand.restLine);
  hand.job.longest.took(call, target, length, line);
}

/** Since when the next request has waited, of which there are more than threads; UNKNOWN where none does. */
function queueOf(process: Process, { hands: { size } }: Executor): Nanoseconds {
  const waiting = [...process.inProgress.unanswered(process)].map(({ readAt }) => readAt).sort((a, b) => a - b);
  return waiting[size] ?? UNKNOWN;
}

/** A request that waits was read between these times: the thread took that, and it had not waited. */
function hasRead(process: Process, from: Nanoseconds, to: Nanoseconds): boolean {
  for (const { readAt } of process.inProgress.unanswered(process)) if (readAt >= from && readAt <= to) return true;
  return false;
}
