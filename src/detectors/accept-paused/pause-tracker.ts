import { type KeptLine, keptLine } from '../../model/evidence.ts';
import type { Connection } from '../../model/machine/connections.ts';
import type { Descriptor } from '../../model/machine/descriptors.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { PerDescriptor, PerThread } from '../../model/machine/owned-state.ts';
import { sharedWaitIn } from '../../model/machine/shared-waits.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type Heard, type Tracker, TrackerBase } from '../../model/tracker.ts';
import type { Call } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** Some servers take their listener out around each accept: so short a time is not kept. */
const SHORT: Nanoseconds = 20 * MILLISECOND;
/** A wait of this length after the listener was put back found nobody in its queue. */
const WAITED: Nanoseconds = 2 * MILLISECOND;
/** Whoever is accepted later than this, and is not the first, may have come since. */
const AT_ONCE: Nanoseconds = 20 * MILLISECOND;
/** Of one listener in one epoll instance; later ones are not kept. */
const MOST_PAUSES = 10_000;

/** A time in which an epoll instance did not watch a listener. */
export interface Pause {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  /** UNKNOWN while it lasts. */
  end: Nanoseconds;
  /** How long its thread waited in its hub meanwhile; up to its end the time before. */
  idle: Nanoseconds;
  /** Connections of that listener that were open when it began, as far as the capture shows. */
  readonly connections: number;
  /** The listener was watched all the time, and nobody asked it. */
  readonly isUnasked: boolean;
  /** The oldest request that was in progress when it ended; '' for none. */
  request: string;
  /** Connections that were there when it ended. */
  taken: number;
  readonly line: KeptLine;
  /** Where it ended, or the first of those was taken. */
  endLine: KeptLine | null;
}

/** The pauses of one listener in one epoll instance. */
class Pauses {
  readonly ended: Pause[] = [];
  current: Pause | null = null;
  /** The last one, while what is accepted had been there when it ended. */
  fresh: Pause | null = null;
  idleAtEnd: Nanoseconds = 0;
  /** After each connection its thread asks again, until there is none. */
  asksAgain = false;
}

const pauses = new PerDescriptor<Map<Listener, Pauses>>();
/** When a thread got a connection last. */
const lastTaken = new PerThread<Nanoseconds>();

/** All pauses of a listener in that epoll instance, one that lasts included. */
export function pausesOf(set: Descriptor, listener: Listener): readonly Pause[] {
  const own = pauses.of(set)?.get(listener);
  if (own === undefined) return [];
  // Others wait for an event before each connection: that they ask for none says nothing.
  const ended = own.ended.filter(({ isUnasked, thread }) => !isUnasked || own.asksAgain || isOfGo(thread));
  return own.current === null || own.current.isUnasked ? ended : [...ended, own.current];
}

/** Where a thread waits for its clients; threads that take turns have one epoll instance for all. */
export function setOf({ loop, process }: Thread): Descriptor | null {
  const hub = loop.hub ?? loop.formerHub ?? sharedWaitIn(process)?.speaker.loop.hub;
  return hub?.kind === 'epoll' ? hub.descriptor : null;
}

function isOfGo({ process }: Thread): boolean {
  return process.server === 'Go';
}

/** The oldest request that the process of this thread has read and not answered; '' for none. */
export function oldestOf({ process }: Thread): string {
  let oldest: { readonly startedAt: Nanoseconds; readonly line: string } | null = process.inProgress.oldestAtEnd;
  for (const request of process.inProgress.unanswered(process))
    if (oldest === null || request.startedAt < oldest.startedAt) oldest = request;
  return oldest?.line ?? '';
}

/** Notes from when to when servers do not look at their listeners, and who had come by then. */
export class PauseTracker extends TrackerBase implements Tracker {
  readonly #open = new Map<Listener, number>();
  /** When a connection of it was closed last. */
  readonly #closedAt = new Map<Listener, Nanoseconds>();

  hears({ family }: Syscall): Heard | undefined {
    return family === 'accept' ? (call, thread) => this.#tried(call, thread) : undefined;
  }

  listenerWatched(call: Call, thread: Thread, set: Descriptor, listener: Listener, isWatched: boolean): void {
    if (!listener.isFollowed) return;
    const known = pauses.of(set);
    if (isWatched) {
      const own = known?.get(listener);
      if (own !== undefined) ends(own, thread, call);
      return;
    }
    const own = known?.get(listener) ?? pausesAt(set, listener);
    own.fresh = null;
    if (own.current === null || own.current.isUnasked) this.#begins(own, thread, listener, call.start, call);
  }

  /** An accept looks at the queue, whether or not the listener is watched: eventlet takes it out before each. */
  #tried(call: Call, thread: Thread): void {
    const set = setOf(thread);
    const listener = thread.process.descriptors.get(call.fd)?.listener ?? null;
    const isTaken = call.result >= 0;
    if (listener === null || set === null || !listener.isFollowed) return;
    const mayBeUnasked = thread.process.takesTurns;
    const own = pauses.of(set)?.get(listener) ?? (mayBeUnasked ? pausesAt(set, listener) : undefined);
    const current = own?.current ?? null;
    const isUnwatched = own === undefined ? set.epoll?.lastRemoved === call.fd : current !== null && !current.isUnasked;
    if (own !== undefined && current?.isUnasked) this.#asked(own, thread, listener, call);
    else if (own !== undefined && isUnwatched) ends(own, thread, call);
    if (own !== undefined && own.fresh !== null) {
      if (isTaken && hadCome(own.fresh, call, thread.loop.idle - own.idleAtEnd)) own.fresh.taken++;
      else own.fresh = null;
    }
    if (isTaken) this.#open.set(listener, (this.#open.get(listener) ?? 0) + 1);
    if (isUnwatched) this.#begins(own ?? pausesAt(set, listener), thread, listener, call.end, call);
    else if (isTaken && mayBeUnasked && own !== undefined) {
      this.#begins(own, thread, listener, call.end, call, true);
      lastTaken.set(thread, call.end);
    }
  }

  /** A server at its limit asks again, and finds somebody, when a connection has just ended. */
  #asked(own: Pauses, thread: Thread, listener: Listener, call: Call): void {
    const isTaken = call.result >= 0;
    if (!isTaken && call.start - (lastTaken.of(thread) ?? 0) < SHORT) own.asksAgain = true;
    const isAfterClose = call.start - (this.#closedAt.get(listener) ?? Number.NEGATIVE_INFINITY) < AT_ONCE;
    if (isTaken && isAfterClose) ends(own, thread, call);
    else own.current = null;
  }

  #begins(own: Pauses, thread: Thread, listener: Listener, start: Nanoseconds, call: Call, isUnasked = false): void {
    if (!this.inWindow(start)) return;
    own.current = {
      thread,
      start,
      end: UNKNOWN,
      idle: thread.loop.idle,
      connections: this.#open.get(listener) ?? 0,
      isUnasked,
      request: '',
      taken: 0,
      line: keptLine(call),
      endLine: null,
    };
  }

  connectionEnded({ listener }: Connection): void {
    const open = listener === null ? 0 : (this.#open.get(listener) ?? 0);
    if (listener !== null && open > 0) this.#open.set(listener, open - 1);
  }

  /** Whoever closes its listener does not pause. */
  closed({ end }: Call, thread: Thread, { listener, connection }: Descriptor): void {
    if (connection !== null && connection.listener !== null) this.#closedAt.set(connection.listener, end);
    const set = listener === null ? null : setOf(thread);
    const own = listener === null || set === null ? undefined : pauses.of(set)?.get(listener);
    if (own !== undefined) own.current = null;
  }
}

/** Whether a connection had come before the end of a pause: a loop that works between two accepts lets others come. */
function hadCome({ end, taken }: Pause, { start }: Call, waited: Nanoseconds): boolean {
  return waited < WAITED && (taken === 0 || start - end < AT_ONCE);
}

function pausesAt(set: Descriptor, listener: Listener): Pauses {
  const all = pauses.of(set) ?? pauses.set(set, new Map());
  const made = new Pauses();
  all.set(listener, made);
  return made;
}

function ends(own: Pauses, thread: Thread, call: Call): void {
  const { current } = own;
  if (current === null) return;
  own.current = null;
  if (call.start - current.start < SHORT || own.ended.length === MOST_PAUSES) return;
  current.end = call.start;
  current.idle = idleIn(current);
  current.request = oldestOf(thread);
  current.endLine = keptLine(call);
  own.ended.push(current);
  own.fresh = current;
  own.idleAtEnd = thread.loop.idle;
}

/** How long the thread of a pause that lasts has waited in its hub since. */
export function idleIn({ thread, idle }: Pause): Nanoseconds {
  return thread.loop.isShared || thread.process.takesTurns ? Number.POSITIVE_INFINITY : thread.loop.idle - idle;
}
