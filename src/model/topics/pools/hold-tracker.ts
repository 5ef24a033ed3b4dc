import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../../evidence.ts';
import type { FactBus } from '../../fact-bus.ts';
import { PerThread } from '../../machine/owned-state.ts';
import { lastMomentOf, type Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import type { Heard, Tracker, TrackerContext } from '../../tracker.ts';

/** A worker that serves one connection at a time was held by one, for most of its time without a request. */
export interface ConnectionHeld {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** The trace ended before the connection did. */
  readonly open: boolean;
  /** Time in which its client asked nothing. */
  readonly idle: Nanoseconds;
  /** Another connection was in the queue when this one ended. */
  readonly nextWasThere: boolean;
  /** The longest wait for the client. */
  readonly line: KeptLine;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    connectionHeld: ConnectionHeld;
  }
}

/** Since when a thread is held by a connection, and how long it waited for its client. */
class Hold {
  since: Nanoseconds = UNKNOWN;
  idle: Nanoseconds = 0;
  longest: Nanoseconds = 0;
  line: KeptLine = NO_LINE;

  begin(at: Nanoseconds): void {
    this.since = at;
    this.idle = 0;
    this.longest = 0;
    this.line = NO_LINE;
  }

  waited(length: Nanoseconds, line: KeptLine): void {
    this.idle += length;
    if (length <= this.longest) return;
    this.longest = length;
    this.line = line;
  }
}

const holds = new PerThread<Hold>();

/** From that part of its time on it is the client that holds a worker, and not the requests. */
const MOSTLY_IDLE = 0.5;

/** Follows how long connections that stay open hold workers that serve one at a time. */
export class HoldTracker implements Tracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #least: Nanoseconds;

  constructor({ facts, inWindow, longTurn }: TrackerContext) {
    this.#facts = facts;
    this.#inWindow = inWindow;
    this.#least = longTurn;
  }

  hears({ family }: Syscall): Heard | undefined {
    return family === 'accept' ? (call, thread) => this.#accepts(call, thread) : undefined;
  }

  /** Who accepts again has ended the connection before. */
  #accepts(call: Call, thread: Thread): void {
    if (thread.loop.hub?.kind === 'epoll') return;
    const hold = holds.of(thread) ?? holds.set(thread, new Hold());
    const hasOne = call.error === '' && call.result >= 0;
    if (hold.since !== UNKNOWN) this.#ends(thread, hold, call.start, hasOne && call.duration < MILLISECOND, false);
    if (hasOne) hold.begin(call.end);
    else hold.since = UNKNOWN;
  }

  /** A wait for the client of a connection that has no request. */
  blocked(call: Call, thread: Thread): void {
    const hold = holds.of(thread);
    if (hold === undefined || hold.since === UNKNOWN) return;
    const { family } = call.syscall;
    if (family !== 'poll' && family !== 'select' && family !== 'read') return;
    const fd = family === 'read' ? call.fd : (call.arguments.polled()[0] ?? -1);
    const connection = thread.process.descriptors.get(fd)?.connection;
    if (connection == null) return;
    // A read has brought the next request by now.
    if (connection.request.inProgress && connection.request.readAt < call.end) return;
    hold.waited(call.duration, keptLine(call));
  }

  /** Connections that held somebody when the trace ended. */
  finish(threads: Iterable<Thread>): void {
    const all = [...threads];
    const end = lastMomentOf(all);
    for (const thread of all) {
      const hold = holds.of(thread);
      if (hold === undefined || hold.since === UNKNOWN || thread.ended) continue;
      const { leftIn } = thread;
      if (leftIn?.isForListener) {
        this.#ends(thread, hold, leftIn.since, false, false);
        continue;
      }
      const connection = leftIn?.descriptor?.connection;
      if (leftIn !== null && connection != null && !leftIn.isServing) hold.waited(end - leftIn.since, leftIn.line);
      this.#ends(thread, hold, end, false, true);
    }
  }

  #ends(
    thread: Thread,
    { since: start, idle, line }: Hold,
    end: Nanoseconds,
    nextWasThere: boolean,
    open: boolean,
  ): void {
    if (end - start < this.#least || idle < MOSTLY_IDLE * (end - start) || !this.#inWindow(start)) return;
    this.#facts.tell('connectionHeld', { thread, start, end, open, idle, nextWasThere, line });
  }
}
