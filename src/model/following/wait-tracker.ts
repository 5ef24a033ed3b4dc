import { EVENT } from '../../trace/call-arguments.ts';
import type { Call } from '../../trace/record.ts';
import { earlier, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import type { FactBus } from '../fact-bus.ts';
import { EpollSet } from '../machine/epoll-set.ts';
import type { WaitSet } from '../machine/loop.ts';
import type { Thread } from '../machine/thread.ts';
import type { AcceptCycles } from './accept-cycles.ts';
import type { FollowerContext } from './follower-context.ts';

/** Waits from here on are told as idle time. */
const IDLE = 20 * MILLISECOND;

/**
 * Follows multiplexer waits: which wait set is a thread's hub, and which waits may have reported its listener.
 * Every method returns whether the call was the thread's hub wait.
 */
export class WaitTracker {
  readonly #facts: FactBus;
  readonly #audience: Audience;
  readonly #cycles: AcceptCycles;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ facts, audience, inWindow }: FollowerContext, cycles: AcceptCycles) {
    this.#facts = facts;
    this.#audience = audience;
    this.#cycles = cycles;
    this.#inWindow = inWindow;
  }

  epoll(call: Call, thread: Thread): boolean {
    const { loop, process } = thread;
    const descriptor = process.descriptors.get(call.fd) ?? process.descriptors.learn(call.fd, call.arguments);
    if (descriptor.epoll === null) {
      descriptor.kind = 'epoll';
      descriptor.epoll = new EpollSet();
    }
    const set = loop.waitSet('epoll', descriptor, call.fd);
    if (set.waits < 3) noteShape(set, call);
    this.#count(set, call);
    const { epoll } = descriptor;
    if (epoll.sockets > 0) set.hasSockets = true;
    if (epoll.listeners.size > 0) {
      if (!set.hasListener) for (const listener of epoll.listeners) thread.accepts.listeners.add(listener);
      this.#confirm(thread, set, true);
    } else if (thread.accepts.wouldBlock && !descriptor.seenOpening && epoll.listeners.size === 0) {
      // The listener was put into the set before the capture began.
      this.#confirm(thread, set, true);
    } else if (loop.hub === null) this.#confirm(thread, set, false);
    const isHub = loop.hub === set;
    if (isHub || !loop.hubIsCertain) this.#cycles.waited(thread, set, call);
    if (isHub) this.#hub(call, thread);
    if (call.result > 0 && call.arguments.has('HUP')) noteHangUps(call, thread, epoll);
    return isHub;
  }

  poll(call: Call, thread: Thread): boolean {
    const numbers = call.arguments.polled();
    // A glance is no wait: pool threads of puma look in this way whether a new client should have their turn.
    return numbers.length === 1 && call.arguments.timeout() === 0 ? false : this.#set(call, thread, numbers);
  }

  select(call: Call, thread: Thread): boolean {
    return this.#set(call, thread, call.arguments.polled());
  }

  /** An accept right after a wait shows what the wait set holds, when its set-up was not traced. */
  acceptFollowed(call: Call, thread: Thread): void {
    const { loop, accepts } = thread;
    if (call.error === 'EAGAIN' || call.error === 'EWOULDBLOCK') accepts.wouldBlock = true;
    if (loop.hubIsCertain) return;
    // The wait for one descriptor, which nobody knew to be a listener, was the wait for this connection.
    if (accepts.waitedFor >= 0 && accepts.waitedFor === call.fd) {
      this.#confirm(thread, loop.waitSet('set', null, -1), true);
      if (!loop.inTurn) loop.beginTurn(call);
      return;
    }
    // strace came while the thread waited, and does not show what for.
    if (accepts.resumedAt !== UNKNOWN) {
      this.#confirm(thread, loop.waitSet('set', null, -1), true);
      loop.idle += Math.max(0, call.start - accepts.resumedAt);
      accepts.resumedAt = UNKNOWN;
      if (!loop.inTurn) loop.beginTurn(call);
      return;
    }
    const set = this.#cycles.lastWait(thread);
    if (set === null || set.hasListener) return;
    this.#confirm(thread, set, true);
  }

  /** `restart_syscall`: a wait that had begun before strace came, or was stopped for a moment, goes on. */
  resumed(call: Call, { accepts, loop }: Thread): void {
    const isWaiting = /^(?:poll|select|epoll_wait)$/.test(call.arguments.resumes());
    if (isWaiting && loop.hub === null) accepts.resumedAt = earlier(accepts.resumedAt, call.start);
  }

  #set(call: Call, thread: Thread, numbers: readonly number[]): boolean {
    const { loop, process, accepts } = thread;
    let hasListener = false;
    let hasSockets = false;
    for (const fd of numbers) {
      const descriptor = process.descriptors.get(fd);
      const kind = descriptor?.kind;
      if (descriptor?.listener != null) {
        hasListener = true;
        if (descriptor.listener.isFollowed) accepts.listeners.add(descriptor.listener);
      } else if (kind === 'connection' || kind === 'socket') hasSockets = true;
    }
    // A poll on a single socket that is no listener is somebody waiting for an answer, never a loop.
    if (!hasListener && numbers.length < 2) {
      accepts.waitedFor = numbers[0] ?? -1;
      return false;
    }
    const set = loop.waitSet('set', null, -1);
    this.#count(set, call);
    if (hasSockets && hasListener) set.hasSockets = true;
    if (hasListener) this.#confirm(thread, set, true);
    else if (loop.hub === null) this.#confirm(thread, set, false);
    const isHub = loop.hub === set;
    if (hasListener || (isHub && !loop.hubIsCertain)) this.#cycles.waited(thread, set, call);
    if (isHub) this.#hub(call, thread);
    return isHub;
  }

  #hub(call: Call, thread: Thread): void {
    if (call.duration >= IDLE) this.idled(thread, call.start, call.end);
    this.#audience.hubWaited(call, thread);
  }

  /** A thread was in its hub wait for so long. */
  idled(thread: Thread, start: Nanoseconds, end: Nanoseconds): void {
    if (this.#inWindow(start) || this.#inWindow(end)) this.#facts.tell('idleWait', { thread, start, end });
  }

  #count(set: WaitSet, call: Call): void {
    set.waits++;
    if (call.duration > 0) set.total += call.duration;
  }

  #confirm(thread: Thread, set: WaitSet, certain: boolean): void {
    if (certain) set.hasListener = true;
    if (thread.loop.confirmHub(set, certain)) this.#facts.tell('hubChanged', thread);
  }
}

/** `maxevents` 1 with an endless timeout, as uWSGI waits. */
function noteShape(set: WaitSet, call: Call): void {
  set.oneAtATime = call.arguments.maxEvents() === 1 && call.arguments.timeout() === Number.POSITIVE_INFINITY;
}

function noteHangUps(call: Call, thread: Thread, epoll: EpollSet): void {
  for (const { events, data } of call.arguments.ready()) {
    if ((events & (EVENT.HUP | EVENT.RDHUP)) === 0) continue;
    const fd = epoll.descriptorOf(data);
    const request = thread.process.descriptors.get(fd)?.connection?.request;
    if (request?.canHangUp) request.hangUp(call);
  }
}
