import { waitsForWork } from '../../../trace/payload.ts';
import type { Call } from '../../../trace/record.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import type { HandDone } from '../../machine/long-work.ts';
import { PerProcess, PerRequest, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Tracker, TrackerContext } from '../../tracker.ts';
import { ConnectionUses, servesAlone } from './connection-uses.ts';
import type { Peer } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import { UnownedWaits } from './unowned-waits.ts';
import { type UntoldWait, Upstream, upstreams } from './upstream.ts';
import { isNeeded, isWaiting, lengthOf, linesOf, ownerOf } from './waits.ts';

/** Questions that may be open at a time; further ones are not asked about at the end of the capture. */
const MOST_OPEN = 10_000;
/** What a connect that does not wait says, and one that is repeated. */
const UNDER_WAY: ReadonlySet<string> = new Set(['EINPROGRESS', 'EALREADY', 'EISCONN', 'EINTR']);
const STANDARD_ERROR = 2;

/** Services that send work by themselves. */
const SENDS_WORK: ReadonlySet<string> = new Set(['AMQP', 'Kafka', 'ZooKeeper']);

/** A reply that comes so late had waited for something; what that was it asked so soon. */
const GIVES_UP = 500 * MILLISECOND;
const ASKS_SOON = 100 * MILLISECOND;

/** Lines are kept of waits from here on. */
const LONG_ENOUGH = 100 * MILLISECOND;

/** The question that a thread asked last. */
const lastAsked = new PerThread<Upstream>();
/** Processes that ask a broker for jobs. */
const takesJobs = new PerProcess<true>();

/** What was asked last for a request. */
const askedFor = new PerRequest<Upstream>();
/** Of more requests at a time nobody looks for the one that a question is for. */
const MOST_LOOKED_AT = 64;

/**
 * Whose question it is by its first line, of a loop that passes requests on: of those that have this line, and for
 * which nothing is asked yet, the one that was read first; null for none. A loop that reads several requests in a turn,
 * or lets them wait in a queue (haproxy with `maxconn`), works for the last one that it read when it asks for another.
 */
function askerOf(thread: Thread, upstream: Upstream): Request | null {
  const query = upstream.descriptor?.query ?? null;
  if (query === null || (query.protocol !== 'HTTP' && query.protocol !== 'FastCGI')) return null;
  if (servesAlone(thread)) return null;
  let first: Request | null = null;
  let seen = 0;
  for (const each of thread.process.inProgress.unanswered(thread.process)) {
    if (++seen > MOST_LOOKED_AT) return null;
    if (each.line !== query.text || (first !== null && each.readAt >= first.readAt)) continue;
    if (askedFor.of(each)?.request !== each) first = each;
  }
  return first;
}

/** A standard stream that was a socket before the capture leads to who started the helper, and gives it orders. */
function isStartersSocket({ fd }: Call, { seenOpening }: Descriptor): boolean {
  return fd >= 0 && fd <= STANDARD_ERROR && !seenOpening;
}

/** The connect waited until its time limit ran out (SO_SNDTIMEO), which Linux tells with the same error. */
function isTimeLimit({ duration }: Call, { nonblocking }: Descriptor): boolean {
  return nonblocking === false && duration >= LONG_ENOUGH;
}

/** Which thread is the main one may not be known before the wait is told. */
function addWait(
  peer: Peer,
  request: Request | null,
  { thread, length, start, end, isOpen, isInCall, isUnasked, query }: Omit<UntoldWait, 'lines'>,
  lines: () => readonly KeptLine[],
): void {
  const { process, isMain, loop } = thread;
  // A loop that takes jobs of a broker waits for what they ask, as celery does with greenlets.
  const isOfJob = request === null && takesJobs.of(process) === true && loop.hub !== null;
  const isMainWork = isMain && !isUnasked && (isOfJob || isInCall) && !SENDS_WORK.has(peer.protocol);
  peer.add({ process, request, length, start, end, isOpen, isMainWork, query }, lines);
}

/**
 * Follows questions to other services: from the send, or the connect, to the first answer, and who waited meanwhile: a
 * thread inside a call, or a request while its loop went on. It hears only of sockets that no client uses, and of calls
 * of a millisecond and more.
 */
export class DependencyTracker implements Tracker {
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #peers = new PeerTable();
  readonly #open = new Set<Upstream>();
  readonly #uses = new ConnectionUses();
  readonly #unowned = new UnownedWaits();
  /** Sockets with a wait of which nothing has told yet what it was for. */
  readonly #untold = new Set<Upstream>();
  #end: Nanoseconds = UNKNOWN;

  constructor({ inWindow, facts }: TrackerContext) {
    this.#inWindow = inWindow;
    facts.subscribe(
      {
        slowReply: ({ thread, request, record }) => this.#unowned.answered(thread, request, record.start),
        failedWrite: ({ thread, request, time }) => this.#unowned.answered(thread, request, time),
        handDone: (job) => this.#handDone(job),
      },
      () => undefined,
    );
  }

  /** Those with waits or failures, the longest time first. */
  peers(): Peer[] {
    return this.#peers.all();
  }

  /** How many peers were counted together, at least. */
  get further(): number {
    return this.#peers.further;
  }

  /** Whom requests wait for at this moment, and since when; of several the first that was asked. */
  waitingNow(): ReadonlyMap<Request, { readonly peer: string; readonly since: Nanoseconds }> {
    const waiting = new Map<Request, { readonly peer: string; readonly since: Nanoseconds }>();
    for (const { request, peer, askedAt, isUnasked, isWaitedFor } of this.#open) {
      if (request === null || isUnasked || !isWaitedFor) continue;
      const known = waiting.get(request);
      if (known === undefined || askedAt < known.since) waiting.set(request, { peer: peer.name, since: askedAt });
    }
    return waiting;
  }

  connected(call: Call, thread: Thread, descriptor: Descriptor, address: string): void {
    if (address === '') return;
    let upstream = upstreams.of(descriptor);
    if (upstream === undefined || upstream.peer.name !== address)
      upstream = upstreams.set(descriptor, new Upstream(this.#peers.of(address, true), descriptor));
    if (call.inFlight) return;
    this.#uses.connected(call, thread, upstream.peer, descriptor);
    const { error, duration } = call;
    if (error === 'EINPROGRESS' && !isTimeLimit(call, descriptor)) {
      this.#begin(upstream, call, thread);
      upstream.isConnecting = true;
      return;
    }
    if (error === 'EALREADY' || error === 'EISCONN') return;
    if (upstream.isWaitedFor && upstream.isConnecting) {
      // Asked again after a wait, as Ruby does.
      this.#over(upstream, call, thread);
      if (error === '') return;
    }
    if (duration >= MILLISECOND) {
      this.#begin(upstream, call, thread);
      upstream.blocked = duration;
      upstream.blockedLine = keptLine(call);
      this.#over(upstream, call, thread);
    }
    // Libraries ask whether a local daemon runs (nscd), and go on without it.
    const isOver = !UNDER_WAY.has(error) || error === 'EINPROGRESS';
    if (error !== '' && error !== 'ENOENT' && isOver && !error.startsWith('ERESTART'))
      this.#failed(upstream, call, thread);
  }

  asked(call: Call, thread: Thread, descriptor: Descriptor): void {
    const isForWork = descriptor.query !== null && waitsForWork(descriptor.query.text);
    if (isForWork) takesJobs.set(thread.process, true);
    if (isStartersSocket(call, descriptor)) return;
    const upstream = upstreams.of(descriptor) ?? this.#peers.learned(descriptor);
    if (upstream === undefined) return;
    if (descriptor.query !== null) upstream.peer.protocol = descriptor.query.protocol;
    if (isForWork) upstream.peer.givesWork = true;
    if (upstream.untold !== null) this.#told(upstream, isForWork);
    const asker = askerOf(thread, upstream);
    if (asker !== null && upstream.isConnecting) upstream.request = asker;
    if (upstream.isWaitedFor && (upstream.isConnecting || upstream.isUnasked)) this.#over(upstream, call, thread);
    if (!upstream.isWaitedFor) this.#begin(upstream, call, thread, asker ?? ownerOf(thread, upstream));
    this.#uses.asked(call, thread, upstream, descriptor);
    if (call.duration < MILLISECOND) return;
    upstream.blocked += call.duration;
    upstream.blockedLine = keptLine(call);
  }

  sent(call: Call, thread: Thread, descriptor: Descriptor): void {
    if (!(call.result > 0) || isStartersSocket(call, descriptor)) return;
    const address = descriptor.peer || call.arguments.socketAddress();
    if (address === '' || address === 'unix:/dev/log') return;
    const upstream =
      upstreams.of(descriptor) ?? upstreams.set(descriptor, new Upstream(this.#peers.of(address, true), descriptor));
    if (!upstream.isWaitedFor) this.#begin(upstream, call, thread);
  }

  received(call: Call, thread: Thread, descriptor: Descriptor): void {
    this.answered(call, thread, descriptor);
  }

  answered(call: Call, thread: Thread, descriptor: Descriptor): void {
    const { duration, error } = call;
    const isLong = duration >= MILLISECOND;
    this.#uses.answered(call, thread, descriptor);
    const upstream = upstreams.of(descriptor) ?? (isLong ? this.#peers.learned(descriptor) : undefined);
    if (upstream === undefined) return;
    // A socket that does not wait says so at once; one that waits says so when its time limit ran out.
    const waits = descriptor.nonblocking !== true && !call.arguments.has('MSG_DONTWAIT');
    if (isLong) this.#blockedIn(upstream, call, thread, error === 'EAGAIN' && waits);
    if (!upstream.isWaitedFor) return;
    if (error === 'EAGAIN') upstream.sawNothing = true;
    else if (error === '') upstream.wasRead = true;
    if (error !== 'EAGAIN' && !(error === 'EINTR' || error.startsWith('ERESTART'))) {
      // The other end closed it, or broke it off, while somebody waited.
      if (error !== '' || (call.result === 0 && !upstream.isUnasked)) this.#failed(upstream, call, thread);
      this.#over(upstream, call, thread);
    }
  }

  /** A late reply, although the service that the request asked on a new connection has said nothing: it gave up. */
  replied(call: Call, thread: Thread, request: Request): void {
    this.#unowned.replied(thread, request, call.start);
    const use = this.#uses.replied(thread, request);
    if (use !== null && this.#inWindow(call.end))
      use.peer.used(request, thread.process, use, () => linesOf(use.line, keptLine(call)));
    if (call.start - request.readAt < GIVES_UP) return;
    const upstream = this.#givenUp(thread, request);
    if (upstream === null) return;
    if (this.#inWindow(call.end)) {
      upstream.peer.failed(thread.process, call.end);
      upstream.peer.givenUp++;
      this.#add(upstream, lengthOf(upstream, call, thread), call.start, thread, false, call, request);
    }
    this.#forget(upstream);
  }

  #handDone({ thread: view, start, end }: HandDone): void {
    const thread = view as Thread;
    const use = this.#uses.done(thread, start);
    this.#unowned.handDone(thread, start, end, use, this.#inWindow(end));
  }

  /** The first unanswered question that this thread asked soon after it had read the request; null without any. */
  #givenUp(thread: Thread, request: Request): Upstream | null {
    let first: Upstream | null = null;
    for (const upstream of this.#open) {
      const { askedAt, descriptor, wasRead, isUnasked } = upstream;
      if (askedAt < request.readAt || askedAt > request.readAt + ASKS_SOON) continue;
      if (upstream.thread !== thread || wasRead || isUnasked || descriptor?.seenOpening !== true) continue;
      if (upstream.request !== null && upstream.request !== request) continue;
      if (first === null || askedAt < first.askedAt) first = upstream;
    }
    return first;
  }

  blocked(call: Call, thread: Thread): void {
    const { family } = call.syscall;
    if (family !== 'futex') this.#uses.blocked(call, thread);
    if (family !== 'poll' && family !== 'select' && family !== 'epoll-wait') return;
    const upstream = family === 'epoll-wait' ? lastAsked.of(thread) : this.#peers.polled(call, thread);
    if (upstream === undefined || (family === 'epoll-wait' && !upstream.isWaitedFor)) return;
    // A poll that only looks has no limit that could run out, however long the machine takes for it.
    const hasLimit = family !== 'epoll-wait' && call.arguments.timeout() !== 0;
    this.#blockedIn(upstream, call, thread, call.result === 0 && hasLimit);
  }

  merged(process: Process, other: Process): void {
    this.#unowned.merged(process, other);
    this.#peers.merged(process, other);
    this.#uses.merged(process, other);
  }

  closed(call: Call, thread: Thread, descriptor: Descriptor): void {
    this.#uses.closed(call, thread, descriptor);
    const upstream = upstreams.of(descriptor);
    if (upstream === undefined || !upstream.isWaitedFor) return;
    // Nobody had waited: what was sent needs no answer.
    if (!isNeeded(upstream) || upstream.isUnasked) {
      this.#forget(upstream);
      return;
    }
    this.#failed(upstream, call, thread);
    this.#over(upstream, call, thread);
  }

  leftOpen(call: Call, thread: Thread, { descriptor, request }: LeftIn): void {
    if (call.end > this.#end) this.#end = call.end;
    const { family } = call.syscall;
    if (family !== 'read' && family !== 'write' && family !== 'connect' && family !== 'poll' && family !== 'select')
      return;
    const upstream = descriptor === null ? undefined : (upstreams.of(descriptor) ?? this.#peers.learned(descriptor));
    if (upstream === undefined) return;
    if (!upstream.isWaitedFor) {
      upstream.begin(call.start, thread, request?.inProgress === true ? request : ownerOf(thread, upstream), NO_LINE);
      upstream.isUnasked = family !== 'connect' && family !== 'write' && !upstream.mayHaveBeenAsked;
    }
    upstream.isStuck = true;
    upstream.blocked += call.duration;
    upstream.blockedLine = keptLine(call);
    this.#open.add(upstream);
  }

  threadEnded(thread: Thread, time: Nanoseconds, signal: string): void {
    const upstream = lastAsked.of(thread);
    if (upstream === undefined || !upstream.isWaitedFor || upstream.thread !== thread) return;
    if (signal !== '' && isNeeded(upstream) && this.#inWindow(time)) {
      upstream.peer.failed(thread.process, time);
      this.#add(upstream, elapsed(upstream.askedAt, time), time, thread, false, NO_LINE);
    }
    this.#forget(upstream);
  }

  finish(threads: Iterable<Thread>): void {
    for (const { lastTime } of threads) if (lastTime > this.#end) this.#end = lastTime;
    this.#unowned.finish();
    for (const upstream of this.#untold) this.#told(upstream, upstream.peer.givesWork);
    for (const upstream of this.#open) {
      const { thread, askedAt, isStuck, blocked, turn, line, peer } = upstream;
      if (thread === null || askedAt === UNKNOWN || !isNeeded(upstream) || !this.#inWindow(this.#end)) continue;
      if (thread.ended && !isStuck) continue;
      // It waits since before the capture, as others do that are seen to wait for work there.
      if (peer.givesWork && upstream.request === null && line === NO_LINE) continue;
      const isOfLoop = thread.loop.turn.number !== turn || upstream.sawNothing || thread.leftIn?.isHubWait === true;
      const isOpen = isStuck || isOfLoop || upstream.request !== null;
      const length = isStuck || !isOfLoop ? blocked : elapsed(askedAt, this.#end);
      if (length > 0) this.#add(upstream, length, this.#end, thread, isOpen, NO_LINE);
    }
    this.#open.clear();
  }

  /** A call waited for it, and its time limit may have run out. */
  #blockedIn(upstream: Upstream, call: Call, thread: Thread, ranOut: boolean): void {
    if (!upstream.isWaitedFor) {
      upstream.begin(call.start, thread, ownerOf(thread, upstream), NO_LINE);
      upstream.isUnasked = !upstream.mayHaveBeenAsked;
      this.#note(upstream);
    }
    upstream.blocked += call.duration;
    upstream.blockedLine = keptLine(call);
    if (!ranOut || !this.#inWindow(call.end)) return;
    upstream.peer.ranOut++;
    upstream.peer.ranOutFor += call.duration;
    this.#failed(upstream, call, thread);
  }

  #begin(upstream: Upstream, call: Call, thread: Thread, request = ownerOf(thread, upstream)): void {
    if (upstream.isWaitedFor) this.#forget(upstream);
    upstream.begin(call.start, thread, request, keptLine(call));
    if (request !== null) askedFor.set(request, upstream);
    upstream.peer.isAsked = true;
    lastAsked.set(thread, upstream);
    this.#note(upstream);
  }

  #note(upstream: Upstream): void {
    if (this.#open.size < MOST_OPEN) this.#open.add(upstream);
  }

  #forget(upstream: Upstream): void {
    this.#open.delete(upstream);
    upstream.end();
  }

  /** What was waited for has come, or nobody waits any longer. */
  #over(upstream: Upstream, call: Call, thread: Thread): void {
    if (this.#inWindow(call.end)) {
      const length = lengthOf(upstream, call, thread);
      const { peer, askedAt } = upstream;
      peer.unseen = Math.max(peer.unseen, elapsed(askedAt, call.end) - length);
      this.#add(upstream, length, call.end, upstream.thread ?? thread, false, call);
    }
    this.#forget(upstream);
  }

  #add(
    upstream: Upstream,
    length: Nanoseconds,
    end: Nanoseconds,
    thread: Thread,
    isOpen: boolean,
    last: Parameters<typeof keptLine>[0],
    waiting?: Request,
  ): void {
    const { peer, askedAt, isUnasked, blocked, line, blockedLine, descriptor, request } = upstream;
    const query = descriptor?.query?.text ?? '';
    const owner = waiting ?? (isWaiting(request, askedAt) ? request : null);
    // Who asks for the next job and gets none has nothing to do: no service is slow there.
    if (owner === null && waitsForWork(query)) return;
    // A thread of a pool waits inside a call for a request that another thread may have read.
    if (owner === null && !isOpen)
      this.#unowned.add(thread, {
        peer,
        length,
        start: askedAt,
        turn: thread.loop.turn.number,
        query,
        // What was short is no proof of anything.
        lines: length < LONG_ENOUGH ? [] : linesOf(line, blockedLine, keptLine(last)),
      });
    const isInCall = blocked > 0 && blocked * 2 >= length;
    const wait = { thread, length, start: askedAt, end, isOpen, isInCall, isUnasked, query };
    if (owner === null && !isOpen && !isUnasked && query === '' && line === NO_LINE) {
      if (this.#untold.size < MOST_OPEN) this.#untold.add(upstream);
      upstream.untold = { ...wait, lines: linesOf(blockedLine, keptLine(last)) };
    } else addWait(peer, owner, wait, () => linesOf(line, blockedLine, keptLine(last)));
  }

  /** A question, or the end of the capture, tells what somebody waited for there before any question was seen. */
  #told(upstream: Upstream, isForWork: boolean): void {
    const { untold, peer } = upstream;
    this.#untold.delete(upstream);
    upstream.untold = null;
    if (untold !== null && !isForWork) addWait(peer, null, untold, () => untold.lines);
  }

  #failed({ peer }: Upstream, call: Call, { process }: Thread): void {
    if (this.#inWindow(call.end)) peer.failed(process, call.end);
  }
}
