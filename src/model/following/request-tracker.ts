import { Memcached } from '../../trace/framing/memcached.ts';
import { Redis } from '../../trace/framing/redis.ts';
import type { RequestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import type { FactBus } from '../fact-bus.ts';
import type { Completeness } from '../machine/completeness.ts';
import type { Connection, Request } from '../machine/connections.ts';
import type { Process } from '../machine/process.ts';
import type { Thread } from '../machine/thread.ts';
import type { FollowerContext } from './follower-context.ts';
import { CONVERSATION, RequestStarts } from './request-starts.ts';

/** How the status line of a reply begins. */
const REPLY = 'HTTP/1.';
const CONTINUE = 'HTTP/1.1 100';
/** A client that logs in with several messages may be turned away after each of them. */
const FIRST_WRITES = 6;
/** A look at more is rare, and asking each read whether it is one costs more than a wrong guess. */
const LONGEST_PEEK = 16;
/** Replies of a process that are looked at for its name, and so many bytes of each. */
const MOST_REPLIES = 4;
const HEAD_BYTES = 512;

/** Whether a write begins with the status line of a reply. */
export function isReply(call: Call): boolean {
  return call.arguments.payload(REPLY.length) === REPLY;
}

/** Follows the requests on connections: what begins one, what names it, what answers it. */
export class RequestTracker {
  readonly #facts: FactBus;
  readonly #audience: Audience;
  readonly #completeness: Completeness;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #starts = new RequestStarts();
  /** Replies from this age on are told. */
  readonly #slow: Nanoseconds;

  constructor({ facts, audience, completeness, inWindow, longTurn }: FollowerContext) {
    this.#facts = facts;
    this.#completeness = completeness;
    this.#audience = audience;
    this.#inWindow = inWindow;
    this.#slow = longTurn;
  }

  /** Bytes of a client were read. */
  received(call: Call, thread: Thread, connection: Connection): void {
    const { request } = connection;
    let isOpen = request.readAt !== UNKNOWN && request.answeredAt === UNKNOWN;
    if (isOpen) request.lastReadAt = call.end;
    if (isOpen && request.complete && !connection.framing) {
      this.#completeness.followed(call);
      return;
    }
    if (isPeek(call)) return;
    const mayStayOpen = isOpen && !request.complete && connection.framing?.start !== undefined;
    if (isOpen && !mayStayOpen) request.complete = true;
    if (isOpen && !connection.framing) return;
    const { count, start } = this.#starts.begun(call, connection);
    // A command that nobody answers is over when the next one comes.
    if (mayStayOpen && count > 0) {
      thread.process.inProgress.done(request);
      isOpen = false;
    }
    const counts = !isOpen || connection.framing?.isMultiplexed === true;
    if (counts && this.#inWindow(call.end)) thread.process.requests += count;
    if (isOpen && start !== null && request.line === '') this.#named(call, thread, request, start);
    else if (!isOpen && count > 0) this.#begins(call, thread, connection, start);
    else if (!isOpen && connection.isHttp && !connection.isUpgraded) connection.restAt = call.end;
  }

  /** Bytes were written to a client. */
  sent(call: Call, thread: Thread, connection: Connection): void {
    if (connection.firstWrites < FIRST_WRITES && !connection.isHttp) {
      connection.firstWrites++;
      this.#audience.wroteFirst(call, thread, connection);
    }
    const { restAt } = connection;
    // The rest of what was sent in one go held a request all the same: there is a reply to it.
    if (restAt !== UNKNOWN && connection.request.answeredAt !== UNKNOWN && isReply(call)) {
      if (this.#inWindow(restAt)) thread.process.requests++;
      this.#begins(call, thread, connection, null);
      connection.request.readAt = restAt;
      connection.request.readyAt = restAt;
      connection.request.lastReadAt = restAt;
    }
    const { request } = connection;
    // `100 Continue` asks for the body.
    if (request.inProgress && !request.complete && call.arguments.payload(CONTINUE.length) === CONTINUE) return;
    if (request.answeredAt === UNKNOWN && request.readAt !== UNKNOWN) this.#answered(call, thread, request);
    if (call.result > 0) request.wroteAt = call.end;
  }

  /** Nothing on it was a request: processes of one server pass descriptors there, or what was read were answers. */
  hasNone(connection: Connection, process: Process): void {
    if (connection.framing === CONVERSATION) return;
    connection.framing = CONVERSATION;
    connection.isUpgraded = true;
    const { request } = connection;
    if (request.readAt === UNKNOWN) return;
    process.inProgress.done(request);
    if (this.#inWindow(request.readAt)) process.requests -= Math.min(process.requests, connection.requests);
    if (request.answeredAt === UNKNOWN) request.readAt = UNKNOWN;
    else process.answered -= Math.min(process.answered, connection.requests);
  }

  #begins(call: Call, thread: Thread, connection: Connection, start: RequestStart | null): void {
    const isFirst = connection.request.readAt === UNKNOWN;
    const request = isFirst ? connection.request : connection.nextRequest(call.start, thread.loop);
    request.readAt = call.end;
    request.lastReadAt = call.end;
    request.waitedAtRead = thread.loop.waited;
    request.readyAt = connection.takenOutAt === UNKNOWN ? call.end : connection.takenOutAt;
    request.readFile = call.file;
    request.readLine = call.line;
    connection.restAt = UNKNOWN;
    connection.takenOutAt = UNKNOWN;
    thread.process.inProgress.add(request, thread.process);
    connection.requests++;
    if (this.#inWindow(call.end)) thread.servesRequests = true;
    if (start !== null) this.#named(call, thread, request, start);
    thread.loop.turn.readRequest(connection, call);
    thread.loop.aftermath?.received(request);
  }

  /** What is asked for is known. */
  #named(call: Call, thread: Thread, request: Request, { line, identity, complete }: RequestStart): void {
    request.line = line;
    request.identity = identity;
    request.complete = complete;
    if (this.#inWindow(call.end)) this.#facts.tell('requestRead', { thread, request, record: call });
  }

  #answered(call: Call, thread: Thread, request: Request): void {
    request.answeredAt = call.end;
    if (request.connection.listener !== null) request.connection.listener.isAnswered = true;
    readSignature(call, thread.process, request.connection);
    thread.process.answered++;
    thread.process.lastAnswerAt = call.start;
    thread.loop.turn.replies++;
    thread.process.inProgress.done(request);
    this.#audience.replied(call, thread, request);
    // Another thread saw the client leave while this one was writing: the client had its reply.
    if (request.hungUpAt !== UNKNOWN && call.start < request.hungUpAt) request.stays();
    if (call.end - request.startedAt < this.#slow) return;
    request.behindAtReply = request.loop.blame(request, call.start).behind;
    if (this.#inWindow(call.end)) this.#facts.tell('slowReply', { thread, request, record: call });
  }
}

/** nginx looks at the first byte before it reads, to tell TLS from what is in clear. */
function isPeek({ result, syscall, arguments: told }: Call): boolean {
  return result <= LONGEST_PEEK && syscall.name.startsWith('recv') && told.has('MSG_PEEK');
}

/**
 * Servers sign their replies: `Server: nginx/1.22.1`; those of redis and memcached are known by what they are asked.
 * Nothing else names those that were up before the capture.
 */
function readSignature(call: Call, process: Process, { framing }: Connection): void {
  if (process.signature !== '' || process.repliesRead >= MOST_REPLIES) return;
  process.repliesRead++;
  if (framing instanceof Redis) process.signature = 'redis';
  if (framing instanceof Memcached) process.signature = 'memcached';
  for (const bytes of call.arguments.payloads(HEAD_BYTES)) {
    const name = /\r\nServer: ([A-Za-z][\w./ -]{0,40})/i.exec(bytes)?.[1];
    if (name !== undefined) process.signature = name;
  }
}
