import { asksForJob, queryOf } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import { keptLine } from '../evidence.ts';
import type { FactBus } from '../fact-bus.ts';
import { acceptedBy, acceptedConnection } from '../machine/accepted-by.ts';
import { clienteleOf } from '../machine/clientele.ts';
import type { Completeness } from '../machine/completeness.ts';
import type { Connection, Request } from '../machine/connections.ts';
import { Descriptor, isStale, mayBeStale } from '../machine/descriptors.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { WaitSet } from '../machine/loop.ts';
import type { Memberships } from '../machine/memberships.ts';
import type { Thread } from '../machine/thread.ts';
import { threadsOf } from '../machine/threads-of.ts';
import type { AcceptCycles } from './accept-cycles.ts';
import { ConnectionEnds } from './connection-ends.ts';
import { heardDatagram, sentDatagram } from './datagram-clients.ts';
import { FailedWrites, isBroken } from './failed-writes.ts';
import type { FollowerContext } from './follower-context.ts';
import { bringsStatement, FoundConnections, passedUnseen, receiveDescriptors } from './found-connections.ts';
import { isReply, RequestTracker } from './request-tracker.ts';

const WANTING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

/** Follows connections and the requests on them. Methods return the request that a call works for, or null. */
export class TrafficTracker {
  readonly #facts: FactBus;
  readonly #memberships: Memberships;
  readonly #listeners: Listeners;
  readonly #cycles: AcceptCycles;
  readonly #audience: Audience;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #requests: RequestTracker;
  readonly #completeness: Completeness;
  /** The capture holds calls of `close`: without them each number comes again. */
  #showsCloses = false;
  /** Writes to somebody who left. */
  readonly failures: FailedWrites;
  /** What becomes of connections. */
  readonly ends: ConnectionEnds;
  readonly #found: FoundConnections;

  constructor(context: FollowerContext, cycles: AcceptCycles) {
    this.#facts = context.facts;
    this.#memberships = context.processes.memberships;
    this.#listeners = context.listeners;
    this.#cycles = cycles;
    this.#audience = context.audience;
    this.#inWindow = context.inWindow;
    this.#requests = new RequestTracker(context);
    this.#completeness = context.completeness;
    this.failures = new FailedWrites(context);
    this.ends = new ConnectionEnds(context);
    this.#found = new FoundConnections(this.#memberships);
  }

  accept(call: Call, thread: Thread): Request | null {
    const { process, accepts, loop } = thread;
    const descriptor = process.descriptors.get(call.fd) ?? process.descriptors.learn(call.fd, call.arguments);
    const listener = this.#listeners.accepted(descriptor, call.fd, thread.lane.comm);
    accepts.listenerNumbers.add(call.fd);
    const succeeded = call.result >= 0;
    if (WANTING.has(call.error)) loop.turn.futile++;
    if (WANTING.has(call.error) && listener.isFollowed && this.#inWindow(call.end))
      this.#facts.tell('acceptError', { thread, listener, error: call.error, time: call.end, line: keptLine(call) });
    // An accept that the trace shows without any wait of its thread: blocking, or waits were filtered out.
    if (
      listener.isFollowed &&
      loop.waitSets.length === 0 &&
      !process.takesTurns &&
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
    accepts.tending.of(listener)?.took(call, loop.idle);
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
      this.#memberships.sockets.add(call.arguments.returnedLabel(), call.result, made, thread, call.end);
    connection.place = this.#cycles.acceptedInCycle(thread) - 1;
    loop.aftermath?.accepted(connection, listener, thread.lane.index);
    if (listener.lastLane >= 0 && listener.lastLane !== thread.lane.index) listener.isShared = true;
    listener.lastLane = thread.lane.index;
    listener.lastAt = call.end;
    this.#audience.accepted(connection, call.end);
    if (!process.isWhole) this.#memberships.opened(thread, call);
    const before = thread.process.descriptors.get(call.result)?.connection;
    // With several threads the close of one may still be under way when another gets its number.
    if (before && !before.closed && threadsOf(process).length === 1) this.#completeness.numbersAgain++;
    if (before && !before.used && !before.closed && this.#showsCloses) process.servedUnseen++;
    thread.process.descriptors.set(call.result, made);
    return connection.request;
  }

  /** A thread was still in its accept when the capture ended: it accepts from that listener, too. */
  awaited(thread: Thread, { descriptor, fd, since }: LeftIn): void {
    if (descriptor === null) return;
    const listener = this.#listeners.accepted(descriptor, fd, thread.lane.comm);
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
    if (descriptor.kind === 'unknown' && call.result > 0 && bringsStatement(call, descriptor))
      descriptor.kind = 'socket';
    const completeness = this.#completeness;
    if (isSocket(descriptor)) {
      completeness.readsTried++;
      if (call.result >= 0) completeness.socketReads++;
    }
    if (!completeness.showsText && call.result > 0 && isSocket(descriptor))
      completeness.showsText = (call.arguments.payload(1) ?? '') !== '';
    const isMessage = call.syscall.name === 'recvmsg';
    if (isMessage && call.result > 0) thread.process.hearsMessages = true;
    const passed = isMessage ? call.arguments.passedDescriptors() : null;
    if (passed !== null) receiveDescriptors(call, thread, passed);
    let connection = descriptor.connection ?? passedUnseen(call, thread, descriptor);
    if (connection === null) {
      // `-y` tells of a socket that was there before the capture only that it is one.
      if (!descriptor.seenOpening && descriptor.peer === '' && namesSender(call, descriptor))
        descriptor.kind = 'datagram';
      if (call.result === 0 && descriptor.kind === 'socket') this.#audience.endOfFile(call, thread, descriptor);
      if (descriptor.kind === 'socket') {
        if (call.result > 0 && !descriptor.seenOpening) clienteleOf(thread.process).hears(descriptor);
        this.#audience.answered(call, thread, descriptor);
      } else if (descriptor.kind === 'datagram') {
        heardDatagram(call, thread);
        this.#audience.received(call, thread, descriptor);
      }
      if (descriptor.kind !== 'socket' || descriptor.seenOpening || !(call.result > 0)) return descriptor.owner;
      connection = this.#found.adoptIfRequest(call, thread, descriptor);
      if (connection === null) return descriptor.owner;
    }
    this.#served(connection, thread);
    // What is read after we shut down our side is drained.
    if (call.result > 0) {
      if (!descriptor.writeShut) this.#requests.received(call, thread, connection);
    } else if (call.result === 0 || call.error === 'ECONNRESET') {
      this.#audience.endOfFile(call, thread, descriptor);
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
    if (isSocket(descriptor)) {
      if (call.result >= 0) this.#completeness.socketWrites++;
      // One that failed is in the capture as well.
      if (descriptor.connection !== null) this.#completeness.clientWrites++;
    }
    let { connection } = descriptor;
    if (call.syscall.name === 'sendmsg' && call.arguments.passedDescriptors() !== null) {
      thread.process.handsDescriptorsOver = true;
      if (connection !== null) this.#requests.hasNone(connection, thread.process);
    }
    if (connection === null && descriptor.kind === 'socket' && !descriptor.seenOpening && isReply(call))
      connection = this.#found.adopt(call, thread, descriptor);
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
      if (call.result > 0) noteClientsInHub(connection, thread);
      return connection.request;
    }
    if (!thread.process.isWhole && descriptor.label === '') descriptor.wroteAt = call.end;
    // Without `-y` nothing else tells what a descriptor is that was open before the capture.
    if (descriptor.kind === 'unknown' && call.result > 0 && call.arguments.payload(1) === '*')
      if (asksForJob(call.arguments.payload(64) ?? '')) descriptor.kind = 'socket';
    if (descriptor.kind === 'datagram') {
      sentDatagram(call, thread);
      this.#audience.sent(call, thread, descriptor);
    } else if (descriptor.kind === 'socket' && call.result > 0) {
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
    return this.ends.closed(call, thread, descriptor);
  }

  /** What a call reads from or writes to; undefined where it names none. */
  #descriptorOf(call: Call, thread: Thread): Descriptor | undefined {
    const { process } = thread;
    const known = process.descriptors.get(call.fd);
    if (known !== undefined) {
      if (process.isWhole || !mayBeStale(known) || !isStale(known, call.arguments.label())) return known;
    }
    return call.fd < 0 ? undefined : this.#memberships.learn(thread, call.fd, call.arguments.label());
  }

  #served(connection: Connection, thread: Thread): void {
    const acceptor = acceptedBy(connection);
    const { accepts } = acceptor;
    connection.used = true;
    if (thread !== acceptor) {
      if (thread.process !== acceptor.process) clienteleOf(thread.process).serves(connection);
      else connection.usedWhereAccepted = true;
      if (connection.request.loop !== thread.loop) {
        connection.request.servedBy(thread.loop);
        accepts.handedOver++;
      }
      return;
    }
    if (connection.listener === null) clienteleOf(thread.process).hears(connection.descriptor);
    connection.usedWhereAccepted = true;
    accepts.servedItself++;
    if (accepts.lastFd !== connection.fd) {
      const last = accepts.lastFd < 0 ? null : thread.process.descriptors.get(accepts.lastFd)?.connection;
      // Another thread of the process may have accepted one of that number since.
      if (last?.request.inProgress && acceptedBy(last) === thread) accepts.interleaved++;
      accepts.lastFd = connection.fd;
    }
  }
}

/** Who answers several clients that wait in its own hub is their loop, whoever accepts them: so are those of netty. */
function noteClientsInHub(connection: Connection, { accepts, loop: { hub } }: Thread): void {
  const { answered } = accepts;
  if (hub === null || hub.servesSeveral || answered === connection) return;
  accepts.answered = connection;
  if (answered === null || answered.closed) return;
  hub.servesSeveral = isIn(hub, answered.fd) && isIn(hub, connection.fd);
}

function isIn({ kind, descriptor, members }: WaitSet, fd: number): boolean {
  return kind === 'epoll' ? descriptor?.epoll?.members.has(fd) === true : members.includes(fd);
}

function isSocket({ kind }: Descriptor): boolean {
  return kind === 'connection' || kind === 'socket';
}

/** Who reads from a stream is not told who sent it. */
function namesSender(call: Call, { kind, listener }: Descriptor): boolean {
  if ((kind !== 'socket' && kind !== 'unknown') || listener !== null || !(call.result > 0)) return false;
  if (!call.syscall.name.startsWith('recv')) return false;
  const from = call.arguments.socketAddress();
  return from !== '' && !from.startsWith('unix:');
}

/** So many reads and writes of its own connections, none by another thread, show that it shares them with nobody. */
const ALONE = 1_000;

function servesAlone({ accepts, process }: Thread): boolean {
  return accepts.servedItself >= ALONE && accepts.handedOver === 0 && threadsOf(process).length === 1;
}
