import type { ReadyEvent } from '../../trace/call-arguments.ts';
import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../evidence.ts';
import type { FactBus } from '../fact-bus.ts';
import type { AcceptCycle } from '../facts.ts';
import type { Completeness } from '../machine/completeness.ts';
import type { Listener } from '../machine/listener.ts';
import type { WaitSet } from '../machine/loop.ts';
import { PerThread } from '../machine/owned-state.ts';
import type { Thread } from '../machine/thread.ts';
import { BacklogDrain } from './backlog-drain.ts';
import type { FollowerContext } from './follower-context.ts';

/** An accept that does not wait takes less, also where the tracer looks up the names of descriptors. */
const WAITED = 10 * MILLISECOND;

const NONE: readonly ReadyEvent[] = [];

/** The last wait of a thread that may have reported its listener. */
class Wake {
  seen = false;
  set: WaitSet | null = null;
  woke = false;
  /** It waited, or ran out: nothing was queued when it began. */
  foundNone = false;
  /** How many events it told of. */
  count = 0;
  ready: readonly ReadyEvent[] = NONE;
  /** User data of the only event, -1 when `ready` tells. */
  readyData = -1;
  /** UNKNOWN when the trace does not tell how long it waited. */
  end: Nanoseconds = 0;
  /** An accept followed. */
  heeded = false;
}

/** What a thread did with its listener since its last wait. */
class OpenCycle {
  readonly wake = new Wake();
  readonly drain = new BacklogDrain();
  open = false;
  listener: Listener | null = null;
  start: Nanoseconds = 0;
  accepted = 0;
  empty = 0;
  drained = 0;
  calls = 0;
  line: KeptLine | null = null;
}

const cycles = new PerThread<OpenCycle>();

function cycleOf(thread: Thread): OpenCycle {
  return cycles.of(thread) ?? cycles.set(thread, new OpenCycle());
}

/** Groups waits and accepts into cycles and tells each one when its thread waits again. */
export class AcceptCycles {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #completeness: Completeness;

  /** A thread that does not look at its listener for this long leaves connections waiting. */
  readonly #unattended: Nanoseconds;

  constructor({ facts, inWindow, longTurn, completeness }: FollowerContext) {
    this.#completeness = completeness;
    this.#facts = facts;
    this.#inWindow = inWindow;
    this.#unattended = longTurn;
  }

  /** A wait that may have held the listener returned. */
  waited(thread: Thread, set: WaitSet, call: Call): void {
    const state = cycleOf(thread);
    if (state.open) this.close(thread, call.start);
    const { wake, drain } = state;
    if (wake.woke && wake.seen && !wake.heeded && !thread.loop.isShared && namesListener(wake, thread))
      this.#completeness.clientsUnheeded++;
    wake.heeded = false;
    const foundNone = call.result === 0 || call.duration >= MILLISECOND;
    if (drain.isOpen && (foundNone || drain.taken === 0)) this.#endDrain(thread);
    if (call.start - drain.lookedAt >= this.#unattended && !foundNone) this.#beginDrain(thread, call);
    drain.lookedAt = call.duration < 0 ? Number.NaN : call.end;
    wake.seen = true;
    wake.set = set;
    wake.woke = call.result > 0;
    wake.foundNone = foundNone;
    wake.count = call.result;
    wake.end = call.duration < 0 ? UNKNOWN : call.end;
    wake.readyData = wake.woke ? call.arguments.readyData : -1;
    wake.ready = !wake.woke || wake.readyData >= 0 ? NONE : call.arguments.ready();
  }

  /** A wait of the set that holds the listener as a rule returned, while nobody watched the listener: no look at it. */
  waitedWithout(thread: Thread, call: Call): void {
    const state = cycleOf(thread);
    if (state.open) this.close(thread, call.start);
    if (state.drain.isOpen) this.#endDrain(thread);
    state.wake.seen = false;
  }

  /** An accept call returned (or failed). */
  tried(thread: Thread, listener: Listener, call: Call, succeeded: boolean): void {
    const state = cycleOf(thread);
    const { wake } = state;
    wake.heeded = true;
    // Whichever thread is free looks for all of them: what this one waited for says nothing.
    if (thread.loop.isShared) wake.seen = false;
    if (state.open && state.listener !== listener) this.close(thread, call.start);
    if (!state.open) {
      state.open = true;
      state.listener = listener;
      thread.accepts.listener = listener;
      state.start = wake.seen && wake.end !== UNKNOWN ? wake.end : call.start;
      state.accepted = 0;
      state.empty = 0;
      state.drained = 0;
      state.calls = 0;
      state.line = null;
    }
    state.calls++;
    if (!thread.loop.isShared) {
      this.#looked(thread, state, listener, call, succeeded);
      this.#queued(thread, wake, listener, call, succeeded);
    }
    if (succeeded) state.accepted++;
    else if (call.error === 'EAGAIN' || call.error === 'EWOULDBLOCK') {
      if (state.accepted > 0) state.drained++;
      else {
        state.empty++;
        state.line ??= keptLine(call);
      }
    }
    if (!wake.seen) this.close(thread, call.end);
  }

  /** The thread looked at the queue of its listener: it may take what has waited there. */
  #looked(thread: Thread, state: OpenCycle, listener: Listener, call: Call, succeeded: boolean): void {
    const { drain, wake } = state;
    // Where a wait comes first the socket does not block: a long accept is then the tracer's doing.
    const wasQueued = succeeded && (wake.seen || call.duration < MILLISECOND);
    if (call.start - drain.lookedAt >= this.#unattended && wasQueued) this.#beginDrain(thread, call);
    drain.lookedAt = call.end;
    if (drain.isOpen && !(wasQueued && drain.takes(listener, call))) this.#endDrain(thread);
  }

  /** When the queue was last seen empty, and how long a connection may have been in it. */
  #queued(thread: Thread, wake: Wake, listener: Listener, call: Call, succeeded: boolean): void {
    if (listener.emptyAt === UNKNOWN) listener.emptyAt = thread.firstTime;
    if (!succeeded) {
      if (call.error === 'EAGAIN' || call.error === 'EWOULDBLOCK') isEmpty(listener, call.start);
      return;
    }
    if (wake.seen) {
      if (wake.foundNone && wake.end !== UNKNOWN) isEmpty(listener, wake.end);
    } else if (call.duration >= WAITED) isEmpty(listener, call.end);
    const since = listener.emptyAt;
    if (call.end - since >= this.#unattended && listener.isFollowed && this.#inWindow(call.end))
      this.#facts.tell('queueWait', { listener, since, end: call.end });
  }

  #beginDrain(thread: Thread, call: Call): void {
    const { drain } = cycleOf(thread);
    if (drain.isOpen) this.#endDrain(thread);
    drain.begin(call.start);
  }

  #endDrain(thread: Thread): void {
    const { drain } = cycleOf(thread);
    drain.isOpen = false;
    const { listener, line, since, start, end, taken } = drain;
    if (listener?.isFollowed && line !== null && taken > 0 && this.#inWindow(start))
      this.#facts.tell('queueTaken', { thread, listener, since, start, end, accepted: taken, line });
  }

  /** The thread ends, or the trace. */
  finish(thread: Thread, at: Nanoseconds): void {
    this.close(thread, at);
    if (cycles.of(thread)?.drain.isOpen) this.#endDrain(thread);
  }

  /** The last wait of the thread that may have reported its listener; null when there was none. */
  lastWait(thread: Thread): WaitSet | null {
    const set = cycles.of(thread)?.wake.set ?? null;
    // An instance that was closed is no wait any more.
    return set === thread.loop.formerHub ? null : set;
  }

  /** The epoll instance whose last wait told the thread that `fd` is ready; null when that is not so. */
  setThatReported(thread: Thread, fd: number): WaitSet | null {
    const wake = cycles.of(thread)?.wake;
    if (wake?.set?.kind !== 'epoll' || !wake.woke) return null;
    const epoll = wake.set.descriptor?.epoll;
    const ready = wake.readyData >= 0 ? [wake.readyData] : wake.ready.map(({ data }) => data);
    return ready.some((u32) => (epoll?.descriptorOf(u32) ?? u32) === fd) ? wake.set : null;
  }

  /** Whether the last wait of the thread told all that was ready, by numbers of descriptors. */
  tellsWhatIsReady(thread: Thread): boolean {
    const wake = cycles.of(thread)?.wake;
    if (wake === undefined || !wake.seen || wake.set !== thread.loop.hub || !wake.woke) return false;
    const epoll = wake.set?.descriptor?.epoll;
    const ready = wake.readyData >= 0 ? [wake.readyData] : wake.ready.map(({ data }) => data);
    const { descriptors } = thread.process;
    return (
      ready.length === wake.count &&
      ready.every((u32) => descriptors.get(epoll?.descriptorOf(u32) ?? u32) !== undefined)
    );
  }

  /** How many connections the thread has accepted in the cycle that is open, or was the last. */
  acceptedInCycle(thread: Thread): number {
    return cycles.of(thread)?.accepted ?? 0;
  }

  /** Tells the open cycle of a thread, which ends at `end`. */
  close(thread: Thread, end: Nanoseconds): void {
    const state = cycles.of(thread);
    if (state === undefined || !state.open || state.listener === null) return;
    const { listener } = state;
    state.open = false;
    if (!listener.isFollowed || !this.#inWindow(state.start)) return;
    const kind = kindOf(state, thread);
    if (kind === 'wasted') thread.accepts.wastedTotal++;
    this.#facts.tell('acceptCycle', {
      kind,
      thread,
      listener,
      start: state.start,
      end,
      accepted: state.accepted,
      drained: state.drained,
      woken: state.wake.seen,
      calls: state.calls,
      line: state.line ?? NO_LINE,
    });
  }
}

/** Calls are told as they end, and those of several threads began in another order. */
function isEmpty(listener: Listener, at: Nanoseconds): void {
  if (at > listener.emptyAt) listener.emptyAt = at;
}

function kindOf(state: OpenCycle, thread: Thread): AcceptCycle['kind'] {
  const { wake } = state;
  if (state.accepted > 0) return 'productive';
  if (state.empty === 0) return 'error';
  if (!wake.seen) return 'cold';
  if (!wake.woke) return 'timeout';
  return reportedListener(state, thread) ? 'wasted' : 'other-descriptor';
}

/** Whether the wait told by its number that a listener of the thread has a client. */
function namesListener({ set, ready, readyData }: Wake, { accepts }: Thread): boolean {
  const epoll = set?.descriptor?.epoll;
  const isListener = (data: number): boolean => accepts.listenerNumbers.has(epoll?.descriptorOf(data) ?? data);
  return readyData >= 0 ? isListener(readyData) : ready.some(({ data }) => isListener(data));
}

/**
 * Whether the wait reported the listener. User data that is no descriptor number (nginx keeps pointers there) counts as
 * yes.
 */
function reportedListener({ wake }: OpenCycle, { accepts }: Thread): boolean {
  if (wake.set?.kind === 'epoll') {
    const ready = wake.readyData >= 0 ? [wake.readyData] : wake.ready.map(({ data }) => data);
    const epoll = wake.set.descriptor?.epoll;
    if (ready.length === 0) return true;
    for (const u32 of ready) {
      const fd = epoll?.descriptorOf(u32) ?? u32;
      if (accepts.listenerNumbers.has(fd) && (epoll?.members.get(fd)?.u32 ?? fd) === u32) return true;
    }
    // Small numbers that name other descriptors are believed; anything else is an opaque value.
    return !ready.every((data) => data < 65_536);
  }
  return wake.ready.length === 0 || wake.ready.some(({ data }) => accepts.listenerNumbers.has(data));
}
