import type { Call, Exit, Frame, Printed, Signal } from '../trace/record.ts';
import type { Syscall } from '../trace/syscalls.ts';
import type { Nanoseconds } from '../trace/time.ts';
import type { FactBus } from './fact-bus.ts';
import type { Connection, Request } from './machine/connections.ts';
import type { Descriptor } from './machine/descriptors.ts';
import type { LeftIn } from './machine/left-in.ts';
import type { Listener } from './machine/listener.ts';
import type { Process } from './machine/process.ts';
import type { Thread } from './machine/thread.ts';

/** The call was its thread's hub wait. */
export const HUB_WAIT = Symbol('hub wait');

/** Whom a call works for: a request, nobody new (null: whoever ran before), or the loop itself in its hub wait. */
export type WorksFor = Request | null | typeof HUB_WAIT;

/** A call that a tracker wants to hear of, after the machine has followed it, and whom it works for. */
export type Heard = (call: Call, thread: Thread, worksFor: WorksFor) => void;

/** A capture whose first calls have no frames is one without -k. */
export const MAY_HAVE_FRAMES = 256;

/** What every tracker is made with. */
export interface TrackerContext {
  readonly facts: FactBus;
  /** Facts outside the analysed stretch of time are followed and not told. */
  readonly inWindow: (time: Nanoseconds) => boolean;
  /** What a thread does not do for so long counts as a stall: `stall-ms`. */
  readonly longTurn: Nanoseconds;
  /** A client that has no reply for so long may have given up: `client-timeout-ms`. */
  readonly clientTimeout: Nanoseconds;
}

/** Keeps what a tracker is made with. */
export abstract class TrackerBase {
  protected readonly facts: FactBus;
  protected readonly inWindow: (time: Nanoseconds) => boolean;
  protected readonly longTurn: Nanoseconds;
  protected readonly clientTimeout: Nanoseconds;

  constructor({ facts, inWindow, longTurn, clientTimeout }: TrackerContext) {
    this.facts = facts;
    this.inWindow = inWindow;
    this.longTurn = longTurn;
    this.clientTimeout = clientTimeout;
  }
}

/** The class of a tracker: the model makes one of it for each trace. */
export type TrackerType<T extends Tracker = Tracker> = new (context: TrackerContext) => T;

/**
 * Follows one matter and tells facts about it. It declares what it hears by having the method; the model asks no
 * tracker for what it does not declare. Records passed are valid during the call only.
 */
export interface Tracker {
  /** What it does with calls of that kind; asked once for each kind. */
  hears?(syscall: Syscall): Heard | undefined;
  /**
   * A call of a trace that has stacks, or may have them, after all of the above: up to the first frame only the first
   * `MAY_HAVE_FRAMES` calls.
   */
  framesMayFollow?(call: Call, thread: Thread): void;
  /** A call that is no hub wait took a millisecond or more. */
  blocked?(call: Call, thread: Thread): void;
  /**
   * The call before this one of a thread had no duration, and this one came a millisecond or more (`gap`) after the
   * beginning of that: that is how long it took at most.
   */
  untimed?(next: Call, thread: Thread, gap: Nanoseconds): void;
  /** `open`, `socket`, `eventfd`, `epoll_create` made a descriptor. */
  opened?(call: Call, thread: Thread, descriptor: Descriptor): void;
  /** A listener was taken out of an epoll instance, or put back. */
  listenerWatched?(call: Call, thread: Thread, set: Descriptor, listener: Listener, isWatched: boolean): void;
  /** A process closed a descriptor. */
  closed?(call: Call, thread: Thread, descriptor: Descriptor): void;
  /** A read found that the other end has closed. */
  endOfFile?(call: Call, thread: Thread, descriptor: Descriptor): void;
  /** A socket was connected to that address. */
  connected?(call: Call, thread: Thread, descriptor: Descriptor, address: string): void;
  /** Something was sent to another service, through a socket that is no client's. */
  asked?(call: Call, thread: Thread, descriptor: Descriptor): void;
  /** A read from such a socket returned, with or without an answer. */
  answered?(call: Call, thread: Thread, descriptor: Descriptor): void;
  /** Something was sent or received through a datagram socket. */
  sent?(call: Call, thread: Thread, descriptor: Descriptor): void;
  received?(call: Call, thread: Thread, descriptor: Descriptor): void;
  /** One of the first writes on a connection whose client does not speak HTTP/1, as far as was read. */
  wroteFirst?(call: Call, thread: Thread, connection: Connection): void;
  /** A thread sent the first bytes of the reply to a request. */
  replied?(call: Call, thread: Thread, request: Request): void;
  /** An `accept` returned this connection. */
  accepted?(connection: Connection, at: Nanoseconds): void;
  /** The process that accepted this connection has closed it, or the capture ended. */
  connectionEnded?(connection: Connection): void;
  /** The hub wait of a loop returned. The turn before it is still the running one. */
  hubWaited?(call: Call, thread: Thread): void;
  /**
   * A turn is about to end at that moment (`isOpen`: the capture ends in it), then the next one to begin, with the
   * return of the hub wait.
   */
  turnEnding?(thread: Thread, at: Nanoseconds, isOpen: boolean): void;
  turnBeginning?(call: Call, thread: Thread): void;
  /** A process accepts, or waits for its listener, from that moment on: told at every such call. */
  serving?(thread: Thread, at: Nanoseconds): void;
  /** A stack frame of the last call of its thread. */
  frame?(frame: Frame, thread: Thread): void;
  /** A signal arrived at a thread. */
  signalled?(signal: Signal, thread: Thread): void;
  /** The program wrote a line that tells of a failure, below a line of this thread. */
  printed?(printed: Printed, thread: Thread): void;
  /** A line told the end of a thread, or that it goes on under another number. */
  exited?(exit: Exit, thread: Thread): void;
  /** A call that the thread had not left when the capture ended; its arguments can be asked. */
  staying?(call: Call, thread: Thread): void;
  /** The same as one that lasted up to the end of the capture, whose arguments are gone. */
  leftOpen?(call: Call, thread: Thread, left: LeftIn): void;
  /** A thread ended, killed by `signal` unless that is ''. */
  threadEnded?(thread: Thread, time: Nanoseconds, signal: string): void;
  /** There is no room for this thread: nobody keeps it. What it owned goes with it. */
  threadLetGo?(thread: Thread): void;
  /** A process is known to be a fork of that parent. */
  forked?(child: Process, parent: Process): void;
  /** A process runs another program from now on. */
  executed?(process: Process): void;
  /** `other` turned out to be the same process, which is `process` from now on. */
  merged?(process: Process, other: Process): void;
  /** Nothing of a process is alive. */
  processEnded?(process: Process): void;
  /** When `due` is to be called next, in trace time; asked after each time that it was. */
  readonly dueAt?: Nanoseconds;
  due?(now: Nanoseconds, all: () => readonly Process[]): void;
  /** No more records come. */
  finish?(threads: Iterable<Thread>): void;
}
