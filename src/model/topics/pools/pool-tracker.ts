import type { Call } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import type { LongWork } from '../../machine/long-work.ts';
import { PerThread } from '../../machine/owned-state.ts';
import { lastMomentOf, type Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Tracker, TrackerBase } from '../../tracker.ts';
import { isForIdleClient, LongestCall } from './longest-call.ts';

/**
 * A thread that accepts nothing itself was busy with one request for `stall-ms` or longer; `call` is the longest in it.
 */
export type PoolTurn = LongWork;

/** A request waited `stall-ms` or longer for this thread, which took it right after its last one. */
export interface PoolWait {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/**
 * A client that asked nothing kept a thread of a pool waiting for `stall-ms` or longer: the thread belongs to its
 * connection.
 */
export interface PoolHeld {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** The capture ended before the wait did. */
  readonly open: boolean;
  readonly line: KeptLine;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    poolTurn: PoolTurn;
    poolWait: PoolWait;
    poolHeld: PoolHeld;
  }
}

/** A thread takes the next request of a queue right after its last one. */
const AT_ONCE = 50 * MILLISECOND;

/** A thread that takes turns at an epoll instance is busy with a request for as long as it is in a call for it. */
const BLOCKED = 0.6;

/** What a thread of a pool did since its last reply. */
class Work {
  /** When it replied last; UNKNOWN before the first. */
  repliedAt: Nanoseconds = UNKNOWN;
  longest = new LongestCall();

  begin(at: Nanoseconds): void {
    this.repliedAt = at;
    this.longest = new LongestCall();
  }
}

const works = new PerThread<Work>();

/** Follows how long threads of pools are busy with a request: those that serve clients and do not accept them. */
export class PoolTracker extends TrackerBase implements Tracker {
  blocked(call: Call, thread: Thread): void {
    if (!isOfPool(thread) || call.syscall.family === 'futex') return;
    // It may look at another set than most of its siblings do.
    if (thread.loop.isShared && call.syscall.family === 'epoll-wait') return;
    const { family, takesDescriptor, name } = call.syscall;
    const work = works.of(thread) ?? works.set(thread, new Work());
    if (call.duration <= work.longest.length && call.duration < this.longTurn) return;
    const isSet = family === 'poll' || family === 'select';
    const fd = isSet ? (call.arguments.polled()[0] ?? -1) : takesDescriptor ? call.fd : -1;
    const descriptor = fd < 0 ? undefined : thread.process.descriptors.get(fd);
    if (isWaitForWork(descriptor, call)) {
      if (descriptor?.connection != null && call.duration >= this.longTurn)
        this.#tellHeld(thread, call.start, call.end, false, keptLine(call));
      return;
    }
    if (call.duration <= work.longest.length) return;
    work.longest.took(name, fd < 0 ? '' : describeTarget(fd, descriptor), call.duration, keptLine(call));
  }

  replied(call: Call, thread: Thread, request: Request): void {
    if (!isOfPool(thread)) return;
    const work = works.of(thread) ?? works.set(thread, new Work());
    this.#tell(thread, work, request, call.end, false, keptLine(call));
    work.begin(call.end);
  }

  /** Requests that were not answered when the capture ended. */
  finish(threads: Iterable<Thread>): void {
    const all = [...threads];
    const end = lastMomentOf(all);
    for (const thread of all) {
      if (thread.ended || !thread.servesRequests || !isOfPool(thread)) continue;
      const { leftIn, loop } = thread;
      const { owner } = loop;
      if (leftIn !== null && isForIdleClient(leftIn) && end - leftIn.since >= this.longTurn)
        this.#tellHeld(thread, leftIn.since, end, true, leftIn.line);
      if (owner === null || !owner.inProgress || owner.loop !== loop) continue;
      const work = works.of(thread) ?? works.set(thread, new Work());
      if (leftIn !== null && leftIn.syscall.family !== 'futex')
        work.longest.took(leftIn.name, leftIn.target, end - leftIn.since, leftIn.line);
      this.#tell(thread, work, owner, end, true, NO_LINE);
    }
  }

  #tellHeld(thread: Thread, start: Nanoseconds, end: Nanoseconds, open: boolean, line: KeptLine): void {
    if (!thread.loop.isShared && this.inWindow(start)) this.facts.tell('poolHeld', { thread, start, end, open, line });
  }

  #tell(thread: Thread, work: Work, request: Request, end: Nanoseconds, open: boolean, line: KeptLine): void {
    const { readAt, readyAt, startedAt } = request;
    const { repliedAt, longest } = work;
    const start = Math.max(readAt, repliedAt, thread.firstTime);
    if (!this.inWindow(start)) return;
    // Another thread had read it, or taken its client in, when this one was still busy; then this one took it at once.
    const since = request.connection.requests > 1 ? readyAt : startedAt;
    if (repliedAt !== UNKNOWN && repliedAt - since >= this.longTurn && readAt - repliedAt < AT_ONCE)
      this.facts.tell('poolWait', { thread, start: since, end: start });
    if (end - start < this.longTurn) return;
    // What runs on the threads of such a runtime may wait without any of them, as it does in Go.
    if (thread.loop.isShared && longest.length < BLOCKED * (end - start)) return;
    this.facts.tell('poolTurn', {
      thread,
      start,
      end,
      open,
      request: request.name,
      call: longest.call,
      target: longest.target,
      callTime: longest.length,
      line: longest.length > 0 ? longest.line : line,
    });
  }
}

/** It answered a request, or read one, and is of a pool. */
export function servesInPool(thread: Thread): boolean {
  const hasReplied = (works.of(thread)?.repliedAt ?? UNKNOWN) !== UNKNOWN;
  return (hasReplied || thread.servesRequests) && isOfPool(thread);
}

/** It serves clients and neither accepts them nor waits for several of them, unless it takes turns at that. */
function isOfPool({ accepts, loop }: Thread): boolean {
  if (accepts.listeners.size > 0 || accepts.isWait) return false;
  return loop.isShared || loop.hub?.kind !== 'epoll';
}

/** A thread that has nothing to do waits for its client, or for a word from another thread. */
function isWaitForWork(descriptor: Descriptor | undefined, { end }: Call): boolean {
  if (descriptor === undefined) return false;
  const { kind, connection } = descriptor;
  if (connection === null) return kind === 'event' || kind === 'pipe';
  return !connection.request.inProgress || connection.request.readAt === end;
}
