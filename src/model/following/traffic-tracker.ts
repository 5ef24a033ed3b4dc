import type { LabelledDescriptor } from '../../trace/call-arguments.ts';
import { Memcached } from '../../trace/framing/memcached.ts';
import { isRedisCommand } from '../../trace/framing/redis.ts';
import { asksForJob, queryOf, requestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import { keptLine } from '../evidence.ts';
import type { FactBus } from '../fact-bus.ts';
import type { Completeness } from '../machine/completeness.ts';
import { acceptedConnection, Connection, type Request } from '../machine/connections.ts';
import { Descriptor, isStale } from '../machine/descriptors.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Process } from '../machine/process.ts';
import type { Processes } from '../machine/processes.ts';
import type { Thread } from '../machine/thread.ts';
import type { AcceptCycles } from './accept-cycles.ts';
import { FailedWrites, isBroken } from './failed-writes.ts';
import type { FollowerContext } from './follower-context.ts';
import { isReply, RequestTracker } from './request-tracker.ts';

/** So often it is asked who else uses a number, in a capture: each time all processes are looked at. */
const MOST_LOOKUPS = 4_096;
const WANTING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/** Follows connections and the requests on them. Methods return the request that a call works for, or null. */
export class TrafficTracker {
  readonly #facts: FactBus;
  readonly #processes: Processes;
  readonly #listeners: Listeners;
  readonly #cycles: AcceptCycles;
  readonly #audience: Audience;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #requests: RequestTracker;
  readonly #completeness: Completeness;
  /** The capture holds calls of `close`: without them each number comes again. */
  #showsCloses = false;
  #lookups = 0;
  /** Writes to somebody who left. */
  readonly failures: FailedWrites;

  constructor(context: FollowerContext, cycles: AcceptCycles) {
    this.#facts = context.facts;
    this.#processes = context.processes;
    this.#listeners = context.listeners;
    this.#cycles = cycles;
    this.#audience = context.audience;
    this.#inWindow = context.inWindow;
    this.#requests = new RequestTracker(context);
    this.#completeness = context.completeness;
    this.failures = new FailedWrites(context);
  }

  accept(call: Call, thread: Thread): Request | null {
    const { process, accepts, loop } = thread;
    const descriptor = process.descriptors.get(call.fd) ?? process.descriptors.learn(call.fd, call.arguments);
    const listener = this.#listeners.accepted(descriptor, call.fd);
    accepts.listenerNumbers.add(call.fd);
    const succeeded = call.result >= 0;
    if (WANTING.has(call.error)) loop.turn.futile++;
    if (WANTING.has(call.error) && listener.isFollowed && this.#inWindow(call.end))
      this.#facts.tell('acceptError', { thread, listener, error: call.error, time: call.end, line: keptLine(call) });
    // An accept that the trace shows without any wait of its thread: blocking, or waits were filtered out.
    if (
      listener.isFollowed &&
      loop.waitSets.length === 0 &&
      process.sharedWait === null &&
      this.#cycles.lastWait(thread) === null &&
      this.#inWindow(call.start) &&
      (succeeded || call.error === 'EAGAIN')
    ) {
      this.#facts.tell('bareAccept', {
        thread,
        listener,
        accepted: succeeded,
        start: call.start,
        end: call.end,
        line: keptLine(call),
      });
    }
    this.#cycles.tried(thread, listener, call, succeeded);
    accepts.listener = listener;
    if (listener.isFollowed) {
      accepts.listeners.add(listener);
      accepts.tending.begins(listener, call.start, loop.idle);
    }
    if (!succeeded) return null;
    accepts.tending.of(listener)?.took(call.duration, loop.idle, () => keptLine(call));
    if (this.#inWindow(call.end)) {
      accepts.acceptedTotal++;
      process.accepted++;
      if (listener.isFollowed) this.#facts.tell('accepted', { thread, listener, record: call });
    }
    const made = new Descriptor('connection', '', true);
    made.nonblocking = call.arguments.has('SOCK_NONBLOCK');
    if (made.nonblocking) accepts.nonblocking++;
    const connection = acceptedConnection(made, call.result, listener, thread, call);
    if (!process.isWhole && !servesAlone(thread))
      this.#processes.sockets.add(call.arguments.returnedLabel(), call.result, made, thread, call.end);
    connection.place = this.#cycles.acceptedInCycle(thread) - 1;
    loop.aftermath?.accepted(connection, listener, thread.lane.index);
    listener.lastLane = thread.lane.index;
    listener.lastAt = call.end;
    this.#audience.accepted(connection, call.end);
    if (!process.isWhole) this.#processes.opened(thread, call);
    const before = thread.process.descriptors.get(call.result)?.connection;
    // With several threads the close of one may still be under way when another gets its number.
    if (before && !before.closed && process.threads.length === 1) this.#completeness.numbersAgain++;
    if (before && !before.used && !before.closed && this.#showsCloses) process.servedUnseen++;
    thread.process.descriptors.set(call.result, made);
    return connection.request;
  }

  /** A thread was still in its accept when the trace ended: it accepts from that listener, too. */
  awaited(thread: Thread, { descriptor, fd, since }: LeftIn): void {
    if (descriptor === null) return;
    const listener = this.#listeners.accepted(descriptor, fd);
    if (listener.isFollowed) {
      thread.accepts.listeners.add(listener);
      thread.accepts.tending.begins(listener, since, thread.loop.idle);
    }
    if (thread.lastTime === UNKNOWN) thread.firstTime = since;
  }

  connect(call: Call, thread: Thread): Request | null {
    const descriptor = thread.process.descriptors.learn(call.fd, call.arguments);
    const address = call.arguments.socketAddress();
    if (address !== '') descriptor.peer = address;
    this.#audience.connected(call, thread, descriptor, address);
    if (!thread.isMain && address !== '') thread.process.noteHelperPeer(address);
    descriptor.owner = thread.loop.owner;
    return descriptor.owner;
  }

  /** A read from anything; `descriptor` may be undefined for calls without one. */
  read(call: Call, thread: Thread): Request | null {
    const descriptor = this.#descriptorOf(call, thread);
    if (call.error !== '') thread.loop.turn.futile++;
    if (descriptor === undefined) return null;
    if (call.result >= 0 && isSocket(descriptor)) this.#completeness.socketReads++;
    const isMessage = call.syscall.name === 'recvmsg';
    if (isMessage && call.result > 0) thread.process.hearsMessages = true;
    const passed = isMessage ? call.arguments.passedDescriptors() : null;
    if (passed !== null) this.#receiveDescriptors(call, thread, passed);
    let connection = descriptor.connection ?? this.#passedUnseen(call, thread, descriptor);
    if (connection === null) {
      if (call.result === 0 && descriptor.kind === 'socket') this.#ended(call, thread, descriptor);
      if (descriptor.kind === 'socket') {
        if (call.result > 0 && !descriptor.seenOpening) thread.process.clientele.hears(descriptor);
        this.#audience.answered(call, thread, descriptor);
      } else if (descriptor.kind === 'datagram') this.#audience.received(call, thread, descriptor);
      if (descriptor.kind !== 'socket' || descriptor.seenOpening || !(call.result > 0)) return descriptor.owner;
      connection = this.#adopt(call, thread, descriptor);
      if (connection === null) return descriptor.owner;
    }
    this.#served(connection, thread);
    // What is read after we shut down our side is drained.
    if (call.result > 0) {
      if (!descriptor.writeShut) this.#requests.received(call, thread, connection);
    } else if (call.result === 0 || call.error === 'ECONNRESET') {
      this.#ended(call, thread, descriptor);
      const { request } = connection;
      if (request.complete && request.canHangUp) request.hangUp(call);
    }
    return connection.request;
  }

  write(call: Call, thread: Thread): Request | null {
    const { loop } = thread;
    const descriptor = this.#descriptorOf(call, thread);
    if (descriptor === undefined) {
      // It began before the capture, which so does not tell where it went: that it failed is known.
      if (isBroken(call)) this.failures.failed(call, thread, new Descriptor('unknown', '', false), null);
      return null;
    }
    if (call.result >= 0 && isSocket(descriptor)) {
      this.#completeness.socketWrites++;
      if (descriptor.connection !== null) this.#completeness.clientWrites++;
    }
    let { connection } = descriptor;
    if (call.syscall.name === 'sendmsg' && call.arguments.passedDescriptors() !== null) {
      thread.process.handsDescriptorsOver = true;
      if (connection !== null) this.#requests.hasNone(connection, thread.process);
    }
    if (connection === null && descriptor.kind === 'socket' && !descriptor.seenOpening && isReply(call))
      connection = this.#adopted(call, thread, descriptor);
    if (connection?.isGuess) {
      connection.isGuess = false;
      // The answers of redis look like its commands: this process asks, and was read in the middle of it.
      if (queryOf(call.arguments.payload(64) ?? '')?.protocol === 'Redis') {
        this.#requests.hasNone(connection, thread.process);
        connection.closed = true;
        descriptor.connection = null;
        connection = null;
      }
    }
    if (call.error !== '' && isBroken(call)) this.failures.failed(call, thread, descriptor, connection);
    if (connection !== null) {
      if (!thread.process.isWhole && descriptor.socket === '') descriptor.wroteAt = call.end;
      if (call.result >= 0) this.#requests.sent(call, thread, connection);
      this.#served(connection, thread);
      return connection.request;
    }
    if (!thread.process.isWhole && descriptor.label === '') descriptor.wroteAt = call.end;
    // Without `-y` nothing else tells what a descriptor is that was open before the capture.
    if (descriptor.kind === 'unknown' && call.result > 0 && call.arguments.payload(1) === '*')
      if (asksForJob(call.arguments.payload(64) ?? '')) descriptor.kind = 'socket';
    if (descriptor.kind === 'datagram') this.#audience.sent(call, thread, descriptor);
    else if (descriptor.kind === 'socket' && call.result > 0) {
      if (descriptor.owner !== null && loop.owner !== null && loop.owner !== descriptor.owner)
        descriptor.isReused = true;
      descriptor.owner = loop.owner ?? descriptor.owner;
      descriptor.query = queryOf(call.arguments.payload(256) ?? '') ?? descriptor.query;
      this.#audience.asked(call, thread, descriptor);
    }
    return descriptor.owner;
  }

  closed(call: Call, thread: Thread, descriptor: Descriptor): Request | null {
    this.#showsCloses = true;
    const { connection } = descriptor;
    if (connection === null) {
      if (descriptor.wroteAt !== UNKNOWN) this.#servedForOthers(call.fd, descriptor, thread.process);
      return descriptor.owner;
    }
    if (isLastOpen(connection, thread.process)) {
      if (isLeftUnanswered(connection.request)) this.#completeness.unanswered++;
      this.#end(connection, thread, call.end);
    }
    return connection.request;
  }

  /** What a call reads from or writes to; undefined where it names none. */
  #descriptorOf(call: Call, thread: Thread): Descriptor | undefined {
    const { process } = thread;
    const known = process.descriptors.get(call.fd);
    if (known !== undefined && (process.isWhole || !isStale(known, call.arguments.label()))) return known;
    return call.fd < 0 ? undefined : this.#processes.learn(thread, call.fd, call.arguments.label());
  }

  #ended(call: Call, thread: Thread, descriptor: Descriptor): void {
    this.#audience.endOfFile(call, thread, descriptor);
  }

  #served(connection: Connection, thread: Thread): void {
    const { accepts } = connection.acceptedBy;
    connection.used = true;
    if (thread !== connection.acceptedBy) {
      if (thread.process !== connection.acceptedBy.process) thread.process.clientele.serves(connection);
      else connection.usedWhereAccepted = true;
      if (connection.request.loop !== thread.loop) {
        connection.request.servedBy(thread.loop);
        accepts.handedOver++;
      }
      return;
    }
    if (connection.listener === null) thread.process.clientele.hears(connection.descriptor);
    connection.usedWhereAccepted = true;
    accepts.servedItself++;
    if (accepts.lastFd !== connection.fd) {
      const last = accepts.lastFd < 0 ? undefined : thread.process.descriptors.get(accepts.lastFd)?.connection;
      if (last?.request.inProgress) accepts.interleaved++;
      accepts.lastFd = connection.fd;
    }
  }

  /** A socket of unknown origin on which a request arrives is a client that was accepted before the trace began. */
  #adopt(call: Call, thread: Thread, descriptor: Descriptor): Connection | null {
    const bytes = call.arguments.payload(64);
    if (bytes === null) return null;
    if (requestStart(bytes) !== null) return this.#adopted(call, thread, descriptor);
    const mayAnswer = descriptor.query === null && isRedisCommand(bytes);
    if (!mayAnswer && !Memcached.isSpokenIn(bytes)) return null;
    const connection = this.#adopted(call, thread, descriptor);
    connection.isGuess = mayAnswer;
    return connection;
  }

  #adopted(call: Call, thread: Thread, descriptor: Descriptor): Connection {
    const connection = new Connection(call.fd, descriptor, null, thread, call.start, call.line, '', false);
    descriptor.connection = connection;
    // A reply of HTTP/1 showed what it speaks, if no request did.
    if (call.syscall.family === 'write') connection.framing = null;
    connection.isHttp = call.syscall.family === 'write';
    const { accepts, loop } = thread;
    const { found } = accepts;
    if (found !== null && !found.closed && found.fd !== call.fd && loop.hub !== null) loop.hub.servesSeveral = true;
    accepts.found = connection;
    if (!thread.process.isWhole) this.#processes.sockets.add(descriptor.label, call.fd, descriptor, thread, call.start);
    return connection;
  }

  /**
   * A request on a number of which no call showed the opening and that had no name when the capture began, in a process
   * that reads messages: bpftrace does not show what came with them.
   */
  #passedUnseen(call: Call, thread: Thread, { kind, label, seenOpening }: Descriptor): Connection | null {
    const { process } = thread;
    if (kind !== 'unknown' || label !== '' || seenOpening || !process.hearsMessages || !(call.result > 0)) return null;
    const bytes = call.arguments.payload(64);
    if (bytes === null || requestStart(bytes) === null) return null;
    if (process.parent !== null) process.parent.handsDescriptorsOver = true;
    this.#receiveDescriptors(call, thread, [{ fd: call.fd, label }]);
    return process.descriptors.get(call.fd)?.connection ?? null;
  }

  #receiveDescriptors(call: Call, thread: Thread, passed: readonly LabelledDescriptor[]): void {
    thread.process.receivesDescriptors = true;
    for (const { fd, label } of passed) {
      const descriptor = new Descriptor('connection', label, true);
      descriptor.connection = new Connection(fd, descriptor, null, thread, call.end, call.line, '', false);
      thread.process.descriptors.set(fd, descriptor);
    }
  }

  #end(connection: Connection, thread: Thread, at: Nanoseconds): void {
    const { request } = connection;
    connection.closed = true;
    thread.process.inProgress.done(request);
    this.#audience.connectionEnded(connection);
    if (!connection.used && connection.seenOpening && this.#isServedElsewhere(connection)) {
      connection.acceptedBy.process.servedUnseen++;
      connection.used = true;
    }
    // A process that passes connections on closes its own copies unread.
    if (!connection.used && connection.seenOpening && !thread.process.handsDescriptorsOver && this.#inWindow(at))
      this.#facts.tell('droppedConnection', { connection, time: at });
    if (
      request.hungUpAt === UNKNOWN ||
      connection.failed ||
      request.hungUpLine === null ||
      !this.#inWindow(request.hungUpAt)
    )
      return;
    this.#facts.tell('hangUp', {
      thread,
      request,
      time: request.hungUpAt,
      answered: request.answeredAt !== UNKNOWN,
      mayBeAnswered: request.answeredAt === UNKNOWN && this.#mayBeAnswered(request, thread.process),
      mayExpectNothing: mayExpectNothing(request),
      closedAt: at,
      line: request.hungUpLine,
    });
  }

  /** Somebody else wrote under the number of a connection that nobody of its process used. */
  #isServedElsewhere({ fd, openedAt, acceptedBy: { process } }: Connection): boolean {
    if (process.isWhole || this.#lookups++ >= MOST_LOOKUPS) return false;
    return this.#processes.all().some((other) => {
      const descriptor = mayServe(other) && other !== process ? other.descriptors.get(fd) : undefined;
      return descriptor !== undefined && !descriptor.seenOpening && descriptor.wroteAt >= openedAt;
    });
  }

  /** A thread that accepts nothing closes what it wrote to: another process may have accepted that. */
  #servedForOthers(fd: number, { seenOpening, wroteAt }: Descriptor, process: Process): void {
    if (seenOpening || !mayServe(process) || this.#lookups++ >= MOST_LOOKUPS) return;
    for (const other of this.#processes.all()) {
      const connection = other === process || other.isWhole ? null : (other.descriptors.get(fd)?.connection ?? null);
      if (connection === null || !connection.seenOpening || connection.used || connection.openedAt > wroteAt) continue;
      other.servedUnseen++;
      connection.used = true;
    }
  }

  /** The reply may have been written where the capture does not show it, or by a thread of an unknown process. */
  #mayBeAnswered({ connection, readAt, hungUpAt }: Request, process: Process): boolean {
    // Who answers most of what it reads answers itself.
    const isAnswering = process.answered * 2 >= process.requests;
    if (!isAnswering && (process.usesRing || process.hasUnseenThreads)) return true;
    if (process.isWhole || connection.descriptor.socket !== '') return false;
    return this.#processes.all().some(({ isWhole, descriptors }) => {
      const descriptor = isWhole ? undefined : descriptors.get(connection.fd);
      if (descriptor === undefined || descriptor === connection.descriptor) return false;
      return descriptor.wroteAt >= readAt && descriptor.wroteAt <= hungUpAt;
    });
  }

  /** Connections whose client was seen to leave and that are still open when the trace ends. */
  finish(processes: readonly Process[], at: Nanoseconds): void {
    for (const process of processes) {
      process.inProgress.finish(process);
      for (const [, { connection }] of process.descriptors.entries())
        if (connection !== null && !connection.closed) this.#end(connection, connection.acceptedBy, at);
    }
  }
}

/**
 * Logs, counters and events are sent to somebody who says nothing: to leave after them is no hang-up. What a process
 * got from another one may be any file or pipe between the two, as in a browser.
 */
function mayExpectNothing({ line, connection }: Request): boolean {
  const { listener, framing, isHttp, descriptor } = connection;
  if (line !== '' || framing !== null || isHttp) return false;
  if (listener !== null) return !listener.isAnswered;
  return descriptor.seenOpening;
}

/**
 * Whether the connection ends with the copy that this process closes. Who accepts and forks for it closes a copy while
 * its child serves the client.
 */
function isLastOpen({ acceptedBy, openedAt, usedWhereAccepted }: Connection, process: Process): boolean {
  const accepting = acceptedBy.process;
  if (accepting !== process) return !usedWhereAccepted && process.clientele.from === accepting;
  const wasInherited = accepting.lastForkAt !== UNKNOWN && accepting.lastForkAt >= openedAt;
  return usedWhereAccepted || !wasInherited;
}

/** It may be threads of a process that accepts: nobody knows whose they are, and they accept nothing themselves. */
function mayServe({ isWhole, accepted }: Process): boolean {
  return !isWhole && accepted === 0;
}

function isLeftUnanswered({ line, complete, answeredAt, hungUpAt }: Request): boolean {
  return line !== '' && complete && answeredAt === UNKNOWN && hungUpAt === UNKNOWN;
}

function isSocket({ kind }: Descriptor): boolean {
  return kind === 'connection' || kind === 'socket';
}

/** So many reads and writes of its own connections, none by another thread, show that it shares them with nobody. */
const ALONE = 1_000;

function servesAlone({ accepts, process }: Thread): boolean {
  return accepts.servedItself >= ALONE && accepts.handedOver === 0 && process.threads.length === 1;
}
