import type { Call } from '../trace/record.ts';
import type { Nanoseconds } from '../trace/time.ts';
import type { KeptLine } from './evidence.ts';
import type { Connection, Span } from './machine/connections.ts';
import type { Descriptor } from './machine/descriptors.ts';
import type { LeftIn } from './machine/left-in.ts';
import type { Listener } from './machine/listener.ts';
import type { RequestView, ThreadView, TurnView } from './machine/views.ts';

/**
 * One wake-up of an acceptor on its listener, up to its next wait.
 * `productive`: it accepted; EAGAINs after that are `drained`. `wasted`: it was woken for the listener and got nothing.
 * `timeout`, `cold` and `other-descriptor` tried without having been woken for the listener. `error`: accept failed for
 * another reason.
 */
export interface AcceptCycle {
  readonly kind: 'productive' | 'wasted' | 'timeout' | 'cold' | 'other-descriptor' | 'error';
  readonly thread: ThreadView;
  readonly listener: Listener;
  /** When its wait returned, or the accept began where there was no wait. */
  readonly start: Nanoseconds;
  /** Entry of the next wait. */
  readonly end: Nanoseconds;
  readonly accepted: number;
  readonly drained: number;
  /** There was a wait before it: a wake-up in the sense of a herd. */
  readonly woken: boolean;
  readonly calls: number;
  readonly line: KeptLine;
}

/** An accept of a capture that shows no waits at all (`-e trace=accept4`). */
export interface BareAccept {
  readonly thread: ThreadView;
  readonly listener: Listener;
  readonly accepted: boolean;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly line: KeptLine;
}

/** What a thread took from its queue after a time in which it did not look at it (`stall-ms` or longer). */
export interface QueueTaken {
  readonly thread: ThreadView;
  readonly listener: Listener;
  /** When it had looked last, and when it looked again. */
  readonly since: Nanoseconds;
  readonly start: Nanoseconds;
  /** When it took the last one. */
  readonly end: Nanoseconds;
  /** At least 1. */
  readonly accepted: number;
  /** The first accept. */
  readonly line: KeptLine;
}

/**
 * A connection was accepted that may have waited in the queue for long (`stall-ms` or more): between the last look that
 * found the queue empty, or the first look at it, and the accept.
 */
export interface QueueWait {
  readonly listener: Listener;
  readonly since: Nanoseconds;
  readonly end: Nanoseconds;
}

/** An accept that failed for want of something: EMFILE, ENFILE, ENOBUFS, ENOMEM. */
export interface AcceptError {
  readonly thread: ThreadView;
  readonly listener: Listener;
  readonly error: string;
  readonly time: Nanoseconds;
  readonly line: KeptLine;
}

export interface Accepted {
  readonly thread: ThreadView;
  readonly listener: Listener;
  /** Valid while the fact is told. */
  readonly record: Call;
}

/** A thread waited for work in its hub for a while (20 ms or more). */
export interface IdleWait {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** The first bytes of a reply that came `stall-ms` or more after its request, or after its connection was accepted. */
export interface SlowReply {
  readonly thread: ThreadView;
  readonly request: RequestView;
  /** Valid while the fact is told. */
  readonly record: Call;
}

/** A turn longer than the shortest that any detector asks for. */
export interface LongTurn {
  readonly thread: ThreadView;
  readonly turn: TurnView;
  readonly length: Nanoseconds;
  /** It had not ended when the trace did: `length` is a lower bound. */
  readonly open: boolean;
  /** The call it was in when the capture ended, if it was in one. */
  readonly stuckIn: LeftIn | null;
}

/** A failed write to a connection, upstream, pipe or log. */
export interface FailedWrite {
  readonly thread: ThreadView;
  readonly fd: number;
  readonly descriptor: Descriptor;
  readonly connection: Connection | null;
  readonly request: RequestView | null;
  readonly error: string;
  readonly time: Nanoseconds;
  readonly own: Nanoseconds;
  readonly waiting: Nanoseconds;
  readonly behind: Nanoseconds;
  readonly longest: Span | null;
  readonly lines: readonly KeptLine[];
  /** Its reply had begun well before: the client ended a stream or a download. */
  readonly wasCut: boolean;
  /** `SIGPIPE` when that signal followed; set later. */
  signal: string;
  /** The process is known to ignore it. */
  signalIgnored: boolean;
  /** The process died of it. */
  fatal: boolean;
}

/** A client that was seen to leave before the reply began. */
export interface HangUp {
  readonly thread: ThreadView;
  readonly request: RequestView;
  readonly time: Nanoseconds;
  /** The server answered all the same. */
  readonly answered: boolean;
  /** A thread that the capture does not show, or not as one of this process, may have answered before. */
  readonly mayBeAnswered: boolean;
  /** It may be a message that asks for nothing: it cannot be read, and no listener tells that such are answered. */
  readonly mayExpectNothing: boolean;
  readonly closedAt: Nanoseconds;
  readonly line: KeptLine;
}

/** A connection that was accepted and closed without having been read or written. */
export interface DroppedConnection {
  readonly connection: Connection;
  readonly time: Nanoseconds;
}

/** A slice of waiting for the interpreter lock on a loop thread. */
export interface InterpreterWait {
  readonly thread: ThreadView;
  /** Valid while the fact is told. */
  readonly record: Call;
}

/** A request was read, and the bytes tell what it asks for. */
export interface RequestRead {
  readonly thread: ThreadView;
  readonly request: RequestView;
  /** Valid while the fact is told. */
  readonly record: Call;
}

declare module './fact-bus.ts' {
  interface Facts {
    acceptCycle: AcceptCycle;
    bareAccept: BareAccept;
    queueTaken: QueueTaken;
    queueWait: QueueWait;
    acceptError: AcceptError;
    droppedConnection: DroppedConnection;
    accepted: Accepted;
    idleWait: IdleWait;
    slowReply: SlowReply;
    longTurn: LongTurn;
    interpreterWait: InterpreterWait;
    /**
     * Long turns of this thread that were told before are void: they were measured on something that is not the loop's
     * wait.
     */
    hubChanged: ThreadView;
    /**
     * There is no room for this thread, which was silent for long or has ended: nobody keeps it, what was counted of it
     * stays in sums.
     */
    threadLetGo: ThreadView;
    failedWrite: FailedWrite;
    hangUp: HangUp;
    requestRead: RequestRead;
  }
}
