import { EVENT } from '../../trace/call-arguments.ts';
import type { Call } from '../../trace/record.ts';
import { earlier, MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import type { FactBus } from '../fact-bus.ts';
import { type Descriptor, isStale } from '../machine/descriptors.ts';
import { EpollSet } from '../machine/epoll-set.ts';
import { UNNAMED, UNTOLD, type WaitSet, WITH_LISTENER, WITHOUT_LISTENER } from '../machine/loop.ts';
import type { Memberships } from '../machine/memberships.ts';
import { lookAt, sharedWaitOf } from '../machine/shared-waits.ts';
import type { Thread } from '../machine/thread.ts';
import type { AcceptCycles } from './accept-cycles.ts';
import type { FollowerContext } from './follower-context.ts';
import { takesOne } from './turn-notes.ts';
import { contentsOf, isHubSet, isUntoldHub } from './wait-contents.ts';

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
  readonly #memberships: Memberships;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #longTurn: Nanoseconds;

  constructor({ facts, audience, processes, inWindow, longTurn }: FollowerContext, cycles: AcceptCycles) {
    this.#memberships = processes.memberships;
    this.#longTurn = longTurn;
    this.#facts = facts;
    this.#audience = audience;
    this.#cycles = cycles;
    this.#inWindow = inWindow;
  }

  epoll(call: Call, thread: Thread): boolean {
    if (call.fd < 0) return this.#unnamed(call, thread);
    const { loop, process } = thread;
    const descriptor = process.descriptors.get(call.fd) ?? process.descriptors.learn(call.fd, call.arguments);
    loop.nameHub(descriptor, call.fd);
    const epoll = epollOf(descriptor);
    const set = loop.waitSet('epoll', descriptor, call.fd);
    if (set.waits < 3) noteShape(set, call);
    this.#count(set, call);
    if (epoll.sockets > 0) set.hasSockets = true;
    if (epoll.listeners.size > 0) {
      if (!set.hasListener)
        for (const listener of epoll.listeners) {
          thread.accepts.listeners.add(listener);
          thread.accepts.tending.begins(listener, call.start, loop.idle);
        }
      this.#confirm(thread, set, true);
    } else if (thread.accepts.wouldBlock && !descriptor.seenOpening && epoll.listeners.size === 0) {
      // The listener was put into the set before the capture began.
      this.#confirm(thread, set, true);
    } else if (loop.hub === null && !thread.accepts.isSurelyWait) this.#confirm(thread, set, false);
    const isHub = loop.hub === set;
    if (isHub && !loop.isShared) this.#looks(thread, descriptor);
    if (loop.isShared) {
      if (isHub && call.duration >= 0) sharedWaitOf(thread)?.looked(call.start, call.end);
    } else if (epoll.isListenerUnwatched || cannotReport(thread, descriptor)) this.#cycles.waitedWithout(thread, call);
    else if (isHub || !loop.hubIsCertain) this.#cycles.waited(thread, set, call);
    if (isHub) this.#hub(call, thread);
    if (call.result > 0 && call.arguments.has('HUP')) noteHangUps(call, thread, epoll);
    return isHub;
  }

  /** A wait whose beginning is not in the trace: which set it was for shows at the thread's next one. */
  #unnamed(call: Call, thread: Thread): boolean {
    const { loop } = thread;
    const set = loop.hub?.kind === 'epoll' ? loop.hub : loop.waitSet('epoll', null, UNNAMED);
    this.#count(set, call);
    if (loop.hub === null) this.#confirm(thread, set, false);
    if (loop.hub !== set) return false;
    if (!loop.isShared) this.#cycles.waited(thread, set, call);
    else if (call.duration >= 0) sharedWaitOf(thread)?.looked(call.start, call.end);
    this.#hub(call, thread);
    return true;
  }

  /** An `epoll_wait` that has not come back when the capture ends is a wait as well. */
  stays(call: Call, thread: Thread): void {
    const { loop, process } = thread;
    const descriptor = process.descriptors.get(call.fd);
    if (call.syscall.family !== 'epoll-wait' || descriptor === undefined) return;
    epollOf(descriptor);
    loop.nameHub(descriptor, call.fd);
    const set = loop.waitSet('epoll', descriptor, call.fd);
    if (loop.hub === null && !thread.accepts.isSurelyWait) this.#confirm(thread, set, false);
    if (loop.hub === set && !loop.isShared) this.#looks(thread, descriptor);
  }

  #looks(thread: Thread, descriptor: Descriptor): void {
    for (const each of lookAt(descriptor, thread, this.#longTurn)) this.#facts.tell('hubChanged', each);
  }

  poll(call: Call, thread: Thread): boolean {
    const numbers = call.arguments.polled();
    // A glance is no wait: pool threads of puma look in this way whether a new client should have their turn.
    const isWait = numbers.length === 1 && call.arguments.timeout() === 0 ? false : this.#set(call, thread, numbers);
    if (call.error !== '') noteInterruption(call, thread, isWait);
    return isWait;
  }

  select(call: Call, thread: Thread): boolean {
    const isWait = this.#set(call, thread, call.arguments.polled());
    if (call.error !== '') noteInterruption(call, thread, isWait);
    return isWait;
  }

  /** An accept right after a wait shows what the wait set holds, when its set-up was not traced. */
  acceptFollowed(call: Call, thread: Thread): void {
    const { loop, accepts } = thread;
    if (call.error === 'EAGAIN' || call.error === 'EWOULDBLOCK') {
      if (ranOut(call, thread)) return;
      accepts.wouldBlock = true;
      const listener = thread.process.descriptors.get(call.fd)?.listener;
      if (listener?.grade === 'same-socket') listener.isNonBlocking = true;
      // Its accepts do not wait, however long the tracer made one: another thread may watch the listener, as in Erlang.
      if (loop.hub === null && accepts.isWait && call.duration < IDLE) {
        accepts.isWait = false;
        accepts.isSurelyWait = false;
        loop.waitsElsewhere();
      }
    }
    if (loop.hubIsCertain) return;
    // The wait for one descriptor, which nobody knew to be a listener, was the wait for this connection.
    if (accepts.waitedFor >= 0 && accepts.waitedFor === call.fd) {
      // An accept with a time limit, as Python has it, asks once more for what an epoll instance has just reported.
      const reporter = this.#cycles.setThatReported(thread, call.fd);
      // Where the capture began between the two, the next wait tells.
      if (!thread.process.isWhole && accepts.acceptedTotal <= 1 && this.#cycles.lastWait(thread) === null) return;
      this.#confirm(thread, reporter ?? loop.waitSet('set', null, WITH_LISTENER), true);
      if (!loop.inTurn) loop.beginTurn(call);
      return;
    }
    const { untoldUntil } = accepts;
    if (loop.hub === null && untoldUntil !== UNKNOWN && call.start - untoldUntil < MILLISECOND) {
      this.#confirm(thread, loop.waitSet('set', null, UNTOLD), true);
      // The turn that runs holds that wait.
      loop.beginTurn(call);
      return;
    }
    // strace came while the thread waited, and does not show what for.
    const { resumedAt } = accepts;
    accepts.resumedAt = UNKNOWN;
    // Who read or wrote in between had waited for that: php-fpm for the answer of another service.
    if (resumedAt !== UNKNOWN && thread.lastSyscall?.family === 'restart') {
      this.#confirm(thread, loop.waitSet('set', null, WITH_LISTENER), true);
      loop.idle += Math.max(0, call.start - resumedAt);
      if (!loop.inTurn) loop.beginTurn(call);
      return;
    }
    const set = this.#cycles.lastWait(thread);
    if (set === null || set.hasListener) return;
    if (set.kind === 'set') {
      if (!set.members.includes(call.fd)) return;
      // The listener was in it, as is known now.
      set.fd = WITH_LISTENER;
    } else if (set.descriptor !== null && isWithout(set.descriptor, call.fd)) return;
    this.#confirm(thread, set, true);
  }

  /**
   * Where a thread waits in nothing else for connections, and accept waits until there is one, that is its wait for
   * work. Returns whether it is.
   */
  acceptWaited(call: Call, thread: Thread): boolean {
    const { loop, accepts } = thread;
    if (loop.hub !== null || accepts.wouldBlock || this.#cycles.lastWait(thread) !== null) return false;
    accepts.isSurelyWait ||= call.result >= 0 && (call.duration >= MILLISECOND || accepts.isWait);
    accepts.isWait = true;
    if (call.duration >= IDLE) this.idled(thread, call.start, call.end);
    return true;
  }

  /**
   * `restart_syscall`: a wait that had begun before strace came, or was stopped for a moment, goes on. Returns whether
   * that is known to be the wait of the loop.
   */
  resumed(call: Call, thread: Thread): boolean {
    const { accepts, loop } = thread;
    if (loop.isInterrupted) {
      noteInterruption(call, thread, true);
      return true;
    }
    const isWaiting = /^(?:poll|select|epoll_wait)$/.test(call.arguments.resumes());
    if (isWaiting && loop.hub === null) accepts.resumedAt = earlier(accepts.resumedAt, call.start);
    return false;
  }

  #set(call: Call, thread: Thread, numbers: readonly number[]): boolean {
    if (!thread.process.isWhole) this.#learnNames(call, thread, numbers);
    const { loop, process, accepts } = thread;
    // perf prints the address of a set alone. That something was ready shows that it was not empty.
    if (numbers.length === 0 && (call.result > 0 || loop.hub?.fd === UNTOLD)) return this.#untold(call, thread);
    const contents = contentsOf(numbers, call.arguments, process);
    const { hasListener, sockets, events, epoll } = contents;
    const others = numbers.length - events;
    const reporter = hasListener && others === 1 ? this.#cycles.setThatReported(thread, numbers[0] ?? -1) : null;
    if (reporter !== null) {
      // Asked once more, before an accept.
      this.#confirm(thread, reporter, true);
      return false;
    }
    if (hasListener) {
      for (const fd of numbers) {
        const listener = process.descriptors.get(fd)?.listener;
        if (listener?.isFollowed && !accepts.listeners.has(listener)) {
          accepts.listeners.add(listener);
          accepts.tending.begins(listener, call.start, loop.idle);
        }
      }
    } else if (epoll >= 0 && sockets === 0) return this.#through(call, thread, epoll);
    // A poll on a single socket that is no listener is somebody waiting for an answer, never a loop. So it is where the
    // runtime adds an event of its own to each wait, as Ruby does.
    else if (others < 2) {
      if (others === 1 && call.arguments.timeout() !== 0) noteClientWait(numbers, thread);
      accepts.waitedFor = numbers.find((fd) => process.descriptors.get(fd)?.kind !== 'event') ?? numbers[0] ?? -1;
      return false;
    }
    const set = loop.waitSet('set', null, hasListener ? WITH_LISTENER : WITHOUT_LISTENER);
    set.members = numbers;
    this.#count(set, call);
    if (sockets > 0 && hasListener) set.hasSockets = true;
    if (hasListener) this.#confirm(thread, set, true);
    else if (loop.hub === null && !accepts.isSurelyWait) this.#confirm(thread, set, false);
    const isHub = isHubSet(thread, contents, others);
    if (hasListener || (isHub && !loop.hubIsCertain)) this.#cycles.waited(thread, set, call);
    if (isHub) this.#hub(call, thread);
    return isHub;
  }

  /** A set that the capture does not tell: the one before an accept has the listener, and so has that call's next. */
  #untold(call: Call, thread: Thread): boolean {
    const { loop, accepts } = thread;
    const set = loop.waitSet('set', null, UNTOLD);
    if (loop.hub !== set) {
      accepts.untoldWait = call.syscall;
      accepts.untoldUntil = call.end;
      return false;
    }
    if (!isUntoldHub(thread, call.syscall, [])) return false;
    this.#count(set, call);
    this.#cycles.waited(thread, set, call);
    this.#hub(call, thread);
    return true;
  }

  /** What is waited for may tell whose thread this is, before it is read. */
  #learnNames(call: Call, thread: Thread, numbers: readonly number[]): void {
    for (const fd of numbers) {
      const known = thread.process.descriptors.get(fd);
      // What was seen to be opened here needs no name.
      if (known?.seenOpening === true) continue;
      const label = call.arguments.polledLabel(fd);
      if (label !== '' && (known === undefined || isStale(known, label))) this.#memberships.learn(thread, fd, label);
    }
  }

  /** A poll for an epoll instance is a wait for what that watches: so EventMachine, glib and others wait. */
  #through(call: Call, thread: Thread, fd: number): boolean {
    const { loop, process } = thread;
    const descriptor = process.descriptors.get(fd);
    if (descriptor === undefined) return false;
    const set = loop.waitSet('epoll', descriptor, fd);
    this.#count(set, call);
    if (epollOf(descriptor).sockets > 0) set.hasSockets = true;
    if (loop.hub === null) this.#confirm(thread, set, false);
    const isHub = loop.hub === set;
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

function epollOf(descriptor: Descriptor): EpollSet {
  if (descriptor.epoll !== null) return descriptor.epoll;
  descriptor.kind = 'epoll';
  descriptor.epoll = new EpollSet();
  return descriptor.epoll;
}

/** `maxevents` 1 with an endless timeout, as uWSGI waits. */
function noteShape(set: WaitSet, call: Call): void {
  set.oneAtATime = takesOne(call);
}

/** The instance was made before our eyes, and this descriptor is not in it. */
function isWithout({ seenOpening, epoll }: Descriptor, fd: number): boolean {
  return seenOpening && epoll !== null && epoll.listeners.size === 0 && !epoll.members.has(fd);
}

/**
 * The thread waits for connections in accept, and this is an instance of its own for something else: Apache waits so
 * for what a CGI script prints.
 */
function cannotReport({ accepts, loop }: Thread, descriptor: Descriptor): boolean {
  if (loop.hub !== null || !accepts.isWait) return false;
  for (const fd of accepts.listenerNumbers) if (!isWithout(descriptor, fd)) return false;
  return true;
}

function noteHangUps(call: Call, thread: Thread, epoll: EpollSet): void {
  for (const { events, data } of call.arguments.ready()) {
    if ((events & (EVENT.HUP | EVENT.RDHUP)) === 0) continue;
    const fd = epoll.descriptorOf(data);
    const request = thread.process.descriptors.get(fd)?.connection?.request;
    if (request?.canHangUp) request.hangUp(call);
  }
}

function noteClientWait(numbers: readonly number[], { process, accepts }: Thread): void {
  if (numbers.some((fd) => process.descriptors.get(fd)?.connection != null)) accepts.clientWaits++;
}

/** A signal interrupts a poll with a time limit (ERESTART_RESTARTBLOCK): `restart_syscall` goes on with it. */
function noteInterruption({ error }: Call, { loop }: Thread, isHubWait: boolean): void {
  loop.isInterrupted = isHubWait && error === 'ERESTART_RESTARTBLOCK';
}

/**
 * An accept that waits ends so as well, where its socket has a time to receive (`SO_RCVTIMEO`, five seconds in
 * varnish): one that does not wait takes no such time, and its thread waits in something else.
 */
function ranOut({ duration }: Call, { loop, accepts }: Thread): boolean {
  if (loop.hub !== null || accepts.wouldBlock) return false;
  return duration >= SECOND || (duration >= IDLE && accepts.isSurelyWait);
}
