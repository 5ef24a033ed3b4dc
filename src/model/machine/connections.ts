import { inetText } from '../../trace/call-arguments.ts';
import type { Framing } from '../../trace/framing/framing.ts';
import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import type { Listener } from './listener.ts';
import { OWNS_NOTHING } from './owner.ts';

/** The socket of a connection, as far as its connection asks about it. */
export interface Socket {
  /** Address of the other end; '' when unknown. */
  readonly peer: string;
  /** What tells it from all other sockets; '' where nothing does. */
  readonly socket: string;
  readonly seenOpening: boolean;
  /** We shut down our writing side. */
  readonly writeShut: boolean;
}

/** A stretch of time that a loop spent on one request. */
export interface Span {
  readonly request: Request | null;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** What the life of a request went to: itself, waiting for work, and standing behind others. */
export interface Blame {
  readonly own: Nanoseconds;
  readonly waiting: Nanoseconds;
  readonly behind: Nanoseconds;
  /** The longest single span of others that it stood behind. */
  readonly longest: Span | null;
}

/** Who serves a request, as far as the request and those who judge it ask: as a rule the loop of a thread. */
export interface Serving {
  /** Time that it has waited for work so far. */
  readonly idle: Nanoseconds;
  /** Divides the life of a request up to `at`. */
  blame(request: Request, at: Nanoseconds): Blame;
}

/** One accepted connection. Its peer is decoded when somebody asks. */
export class Connection {
  readonly fd: number;
  readonly descriptor: Socket;
  /** null when the accept was not traced. */
  readonly listener: Listener | null;
  /** When it was accepted, or first seen. */
  readonly openedAt: Nanoseconds;
  readonly openedLine: number;
  /** The accept was traced; else its age is a lower bound. */
  readonly seenOpening: boolean;
  request: Request;
  requests = 0;
  /** A write to it failed: reported once. */
  failed = false;
  closed = false;
  /** How many its thread had accepted before it in the same go. */
  place = 0;
  /** Where requests begin in what its client sends; null where any read may begin one, undefined before the first. */
  framing: Framing | null | undefined = undefined;
  /** Its requests are readable as HTTP/1: bytes that are none are the rest of a body. */
  isHttp = false;
  /** It became a WebSocket, a conversation: its messages are no requests. */
  isUpgraded = false;
  /** It was open before the capture, and what was read first may as well have been an answer to this process. */
  isGuess = false;
  /** When bytes were read, after the last reply, that begin no request and may hold one further on. */
  restAt: Nanoseconds = UNKNOWN;
  /**
   * When a thread took it out of its epoll instance and has not put it back, as one does that hands a connection with
   * something to read to another thread, and nobody has read a request since; UNKNOWN otherwise.
   */
  takenOutAt: Nanoseconds = UNKNOWN;
  /** How often something was written to it so far, up to a bound: the first writes may turn the client away. */
  firstWrites = 0;
  /** It was read or written, and where: by the process that accepted it. */
  used = false;
  usedWhereAccepted = false;
  /** The client's address: `CallArguments.inetAddress`, or the text of another kind of address. */
  readonly #client: number | string;
  #told: string | null = null;
  /** What is kept of it: see `PerConnection`. */
  owned: unknown[] = OWNS_NOTHING;

  constructor(
    fd: number,
    descriptor: Socket,
    listener: Listener | null,
    loop: Serving,
    openedAt: Nanoseconds,
    line: number,
    client: number | string,
    seenOpening: boolean,
  ) {
    this.fd = fd;
    this.descriptor = descriptor;
    this.listener = listener;
    this.openedAt = openedAt;
    this.openedLine = line;
    this.seenOpening = seenOpening;
    this.#client = client;
    this.request = new Request(this, openedAt, loop);
  }

  /**
   * Address of the client, '' when the trace does not tell. Asking changes nothing: what a report says must not depend
   * on who asked before.
   */
  get peer(): string {
    const client = this.#client;
    this.#told ??= typeof client === 'number' ? inetText(client) : client;
    return this.#told || this.descriptor.peer;
  }

  /** Starts the next request of a kept-alive connection. */
  nextRequest(at: Nanoseconds, loop: Serving): Request {
    this.request = new Request(this, at, loop);
    return this.request;
  }
}

/** One request on a connection: from the accept (the first) or its first byte (later ones) to the next. */
export class Request {
  readonly connection: Connection;
  readonly startedAt: Nanoseconds;
  /** `GET /a`; '' before it was read, or when the bytes tell nothing. */
  line = '';
  identity = '';
  readAt: Nanoseconds = UNKNOWN;
  /** When it was there to be read: a thread that watched its connection handed that over then; else as `readAt`. */
  readyAt: Nanoseconds = UNKNOWN;
  readFile = '';
  readLine = 0;
  /** When something of it was read last, the rest of its body too. */
  lastReadAt: Nanoseconds = UNKNOWN;
  /** `Loop.waited` of the thread that read it, at that time. */
  waitedAtRead: Nanoseconds = 0;
  complete = false;
  answeredAt: Nanoseconds = UNKNOWN;
  /** When something of its reply was written last. */
  wroteAt: Nanoseconds = UNKNOWN;
  /** How long it had stood behind others when its reply began; 0 for replies that were not slow. */
  behindAtReply: Nanoseconds = 0;
  /** The client was seen to leave: end of file, reset, or a hang-up event. */
  hungUpAt: Nanoseconds = UNKNOWN;
  hungUpLine: KeptLine | null = null;
  /** Time that its loop spent on it, without the span that is still running. */
  own: Nanoseconds = 0;
  /** The loop that serves it and what that loop's totals were at the start. */
  loop: Serving;
  idleAtStart: Nanoseconds;
  /** Bookkeeping of Loop: time spent on it in the turn `turn`. */
  turn = -1;
  inTurn: Nanoseconds = 0;
  /** What trackers keep of it: see `PerRequest`. */
  owned: unknown[] = OWNS_NOTHING;

  constructor(connection: Connection, startedAt: Nanoseconds, loop: Serving) {
    this.connection = connection;
    this.startedAt = startedAt;
    this.loop = loop;
    this.idleAtStart = loop.idle;
  }

  get inProgress(): boolean {
    return this.readAt !== UNKNOWN && this.answeredAt === UNKNOWN && !this.connection.closed;
  }

  /** Its client may still give up: nothing was answered, and we did not shut down our side first. */
  get canHangUp(): boolean {
    return this.inProgress && this.hungUpAt === UNKNOWN && !this.connection.descriptor.writeShut;
  }

  /** The client was seen to leave while this record was read. */
  hangUp(record: Call): void {
    this.hungUp(record.end, keptLine(record));
  }

  hungUp(at: Nanoseconds, line: KeptLine): void {
    this.hungUpAt = at;
    this.hungUpLine = line;
  }

  /** Its client had not left after all. */
  stays(): void {
    this.hungUpAt = UNKNOWN;
    this.hungUpLine = null;
  }

  /**
   * How long it has waited at that time since it was read; 0 where nobody knows: commands may wait for somebody else,
   * of several at a time nobody knows whose answer it is, and of what is encrypted whether it asks for one.
   */
  waitedUntil(at: Nanoseconds): Nanoseconds {
    const { framing, isUpgraded } = this.connection;
    return isUpgraded || framing?.isMultiplexed || framing?.isEncrypted ? 0 : at - this.lastReadAt;
  }

  /** What to call it: its line, or the connection. */
  get name(): string {
    if (this.line !== '') return this.line;
    const { peer, fd } = this.connection;
    return peer === '' ? `connection on fd ${fd}` : `connection from ${peer}`;
  }

  /** The request moved to another thread (a pool): from now on its time counts there. */
  servedBy(loop: Serving): void {
    this.loop = loop;
    this.idleAtStart = loop.idle;
    this.turn = -1;
  }
}
