import type { Call } from '../../../trace/record.ts';
import type { Family, Syscall } from '../../../trace/syscalls.ts';
import { earlier, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../../evidence.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import { PerThread } from '../../machine/owned-state.ts';
import { lastMomentOf, type Thread } from '../../machine/thread.ts';
import type { ThreadView, TurnView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { isForIdleClient } from './longest-call.ts';

/** A worker that serves one connection at a time was held by one, for most of its time without a request. */
export interface ConnectionHeld {
  readonly thread: ThreadView;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** The capture ended before the connection did. */
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

/** From when to when a thread was held by its last connection, and how long it waited for its client. */
class Hold {
  since: Nanoseconds = UNKNOWN;
  /** UNKNOWN while the connection lasts. */
  until: Nanoseconds = UNKNOWN;
  connection: Descriptor | null = null;
  /** After that it waited for a listener, or for its turn to accept. */
  hasWaited = false;
  idle: Nanoseconds = 0;
  longest: Nanoseconds = 0;
  line: KeptLine = NO_LINE;
  /** Of the connection before: the accept that ends its turn is heard of before that turn is told. */
  sinceBefore: Nanoseconds = UNKNOWN;
  idleBefore: Nanoseconds = 0;

  begin(at: Nanoseconds, connection: Descriptor | undefined): void {
    this.end();
    this.since = at;
    this.until = UNKNOWN;
    this.connection = connection ?? null;
    this.hasWaited = false;
    this.idle = 0;
    this.longest = 0;
    this.line = NO_LINE;
  }

  end(): void {
    this.sinceBefore = this.since;
    this.idleBefore = this.idle;
    this.since = UNKNOWN;
  }

  waited(length: Nanoseconds, line: KeptLine): void {
    this.idle += length;
    if (length <= this.longest) return;
    this.longest = length;
    this.line = line;
  }
}

const holds = new PerThread<Hold>();

/**
 * How long, in a turn of this thread, the client of its connection asked nothing. `left` is the call in which the turn
 * was when the capture ended.
 */
export function heldIdly(thread: Thread, { start, end }: TurnView, left: LeftIn | null): Nanoseconds {
  const hold = holds.of(thread);
  if (hold === undefined) return 0;
  if (hold.since >= end && hold.sinceBefore !== UNKNOWN) return hold.sinceBefore < start ? 0 : hold.idleBefore;
  if (hold.since < start) return 0;
  return hold.idle + (left !== null && isForIdleClient(left) ? end - left.since : 0);
}

/** In these a worker waits for its turn to accept, where that is told by a lock. */
const TURNS: ReadonlySet<Family> = new Set<Family>(['futex', 'lock', 'semaphore', 'fcntl', 'accept']);
/** From that part of its time on it is the client that holds a worker, and not the requests. */
export const MOSTLY_IDLE = 0.5;

/** Follows how long connections that stay open hold workers that serve one at a time. */
export class HoldTracker extends TrackerBase implements Tracker {
  hears({ family }: Syscall): Heard | undefined {
    return family === 'accept' ? (call, thread) => this.#accepts(call, thread) : undefined;
  }

  /** Who accepts again has ended the connection before. The next one was there if nothing was waited for since. */
  #accepts(call: Call, thread: Thread): void {
    if (thread.loop.hub?.kind === 'epoll') return;
    const hold = holds.of(thread) ?? holds.set(thread, new Hold());
    const hasOne = call.error === '' && call.result >= 0;
    const wasThere = hasOne && call.duration < MILLISECOND && !hold.hasWaited;
    if (hold.since !== UNKNOWN) this.#ends(thread, hold, earlier(hold.until, call.start), wasThere, false);
    if (hasOne) hold.begin(call.end, thread.process.descriptors.get(call.result));
    else hold.end();
  }

  /** It is free again. */
  closed(call: Call, thread: Thread, descriptor: Descriptor): void {
    const hold = holds.of(thread);
    if (hold?.connection === descriptor && hold.until === UNKNOWN) hold.until = call.start;
  }

  /** A wait for a listener: whoever waits there is held by nobody. */
  hubWaited(call: Call, thread: Thread): void {
    const hold = holds.of(thread);
    if (hold === undefined || hold.since === UNKNOWN || thread.loop.hub?.kind !== 'set') return;
    hold.until = earlier(hold.until, call.start);
    hold.hasWaited ||= !(call.duration < MILLISECOND);
  }

  /** A wait for the client of a connection that has no request. */
  blocked(call: Call, thread: Thread): void {
    const hold = holds.of(thread);
    if (hold === undefined || hold.since === UNKNOWN) return;
    const { family } = call.syscall;
    const isSet = family === 'poll' || family === 'select';
    if (hold.until !== UNKNOWN) {
      hold.hasWaited ||= TURNS.has(family);
      return;
    }
    if (!isSet && family !== 'read') return;
    const fd = isSet ? (call.arguments.polled()[0] ?? -1) : call.fd;
    const connection = thread.process.descriptors.get(fd)?.connection;
    if (connection == null) return;
    // A read has brought the next request by now.
    if (connection.request.inProgress && connection.request.readAt < call.end) return;
    hold.waited(call.duration, keptLine(call));
  }

  /** Connections that held somebody when the capture ended. */
  finish(threads: Iterable<Thread>): void {
    const all = [...threads];
    const end = lastMomentOf(all);
    for (const thread of all) {
      const hold = holds.of(thread);
      if (hold === undefined || hold.since === UNKNOWN || thread.ended) continue;
      const { leftIn } = thread;
      const freeAt = leftIn?.isForListener ? earlier(hold.until, leftIn.since) : hold.until;
      if (freeAt !== UNKNOWN) {
        this.#ends(thread, hold, freeAt, false, false);
        continue;
      }
      if (leftIn !== null && isForIdleClient(leftIn)) hold.waited(end - leftIn.since, leftIn.line);
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
    if (end - start < this.longTurn || idle < MOSTLY_IDLE * (end - start) || !this.inWindow(start)) return;
    this.facts.tell('connectionHeld', { thread, start, end, open, idle, nextWasThere, line });
  }
}
