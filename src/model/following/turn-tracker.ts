import { EVENT } from '../../trace/call-arguments.ts';
import type { Call } from '../../trace/record.ts';
import { type Family, type Syscall, syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import { entryLine } from '../evidence.ts';
import type { FactBus } from '../fact-bus.ts';
import { Aftermath } from '../machine/aftermath.ts';
import type { Request } from '../machine/connections.ts';
import { isEnding } from '../machine/ending.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Loop } from '../machine/loop.ts';
import type { SharedWait } from '../machine/shared-wait.ts';
import { sharedWaitOf } from '../machine/shared-waits.ts';
import type { Thread } from '../machine/thread.ts';
import { threadsOf } from '../machine/threads-of.ts';
import { LADDER_RUNG } from '../machine/turn.ts';
import { HUB_WAIT, type WorksFor } from '../tracker.ts';
import { tellFirstStay, wasFoundBefore, wasFoundIn } from './first-stays.ts';
import type { FollowerContext } from './follower-context.ts';
import { leftIn, noteCall, noteGap, noteSilence } from './turn-notes.ts';
import { recognizeListeners } from './wait-contents.ts';
import type { WaitTracker } from './wait-tracker.ts';

/**
 * How much of a gap after the first use of a socket `-yy` may have caused, at most (measured: 16 to 25 ms a look-up).
 */
const ADDRESS_LOOKUP = 50 * MILLISECOND;

/** Charges time to the turns of a loop: calls, gaps between them, and whom they were for. */
export class TurnTracker {
  readonly #facts: FactBus;
  readonly #listeners: Listeners;
  readonly #audience: Audience;
  readonly #waits: WaitTracker;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #longTurn: Nanoseconds;

  constructor({ facts, listeners, audience, inWindow, longTurn }: FollowerContext, waits: WaitTracker) {
    this.#facts = facts;
    this.#listeners = listeners;
    this.#audience = audience;
    this.#inWindow = inWindow;
    this.#longTurn = longTurn;
    this.#waits = waits;
  }

  /** How long the thread had been silent before this call, as far as that is no wait; begins a turn that it shows. */
  gapBefore({ start }: Call, thread: Thread): Nanoseconds {
    const { loop, lastTime } = thread;
    const untimed = loop.inTurn && loop.waitIsUntimed;
    if (untimed) waitEndedBy(thread, start);
    return untimed || lastTime === UNKNOWN || start < lastTime ? 0 : start - lastTime;
  }

  /** Charges a call, and the gap before it, to whom it works for. */
  charge(call: Call, thread: Thread, owner: WorksFor, gap: Nanoseconds): void {
    if (thread.firstStay?.isUntold === true) tellFirstStay(call, thread, thread.firstStay);
    if (gap >= this.#longTurn && !thread.lastTimed && thread.lastTime === thread.firstTime)
      wasFoundBefore(call, thread);
    if (owner === HUB_WAIT) {
      this.#hubWait(call, thread, gap);
      return;
    }
    const { loop, lastTime } = thread;
    const { start, duration } = call;
    if (loop.spanStart === UNKNOWN) loop.spanStart = lastTime === UNKNOWN ? start : lastTime;
    if (owner !== null && owner !== loop.owner && !(loop.owner?.inProgress && isOver(owner))) {
      // Its life begins when accept returns, not when that was called.
      const isAccepted = owner.startedAt === call.end;
      const isFresh = isAccepted || owner.readAt === call.end;
      loop.attribute(owner, isFresh, owner.answeredAt === call.end, lastTime, isAccepted ? call.end : start);
    }
    if (lastTime === UNKNOWN && duration >= this.#longTurn) wasFoundIn(call, thread);
    if (duration >= LADDER_RUNG) {
      if (loop.isShared ? isPark(call) : isKeptAlive(call, thread)) {
        this.#parked(call, thread, gap);
        return;
      }
      this.#blocked(call, thread);
    }
    if (!loop.inTurn) return;
    const { turn } = loop;
    turn.calls++;
    if (duration > 0) turn.inCalls += duration;
    if (gap < MILLISECOND) return;
    if (gap > turn.longestGap) noteGap(call, thread, gap);
    if (this.#listeners.byAddress && usedNewSocket(thread.lastSyscall)) turn.tracer += Math.min(gap, ADDRESS_LOOKUP);
  }

  #hubWait(call: Call, thread: Thread, gap: Nanoseconds): void {
    const { loop } = thread;
    if (loop.hub?.hasListener) this.#audience.serving(thread, call.start);
    // Who waits for its turn to accept waits for work.
    const since = loop.lockedUntil !== UNKNOWN && loop.lockedUntil === thread.lastTime ? loop.lockedSince : call.start;
    if (loop.inTurn) {
      if (since !== call.start) loop.turn.leaveOut(since, loop.lockedUntil - since);
      else if (gap > loop.turn.longestGap) noteGap(call, thread, gap);
      if (since - loop.turn.start >= this.#longTurn) loop.turn.endLine = entryLine(call);
      this.end(thread, since, false);
    }
    if (call.duration > 0) loop.idle += call.end - since;
    if (call.syscall.family === 'accept') this.#waitedInAccept(call, thread);
    this.#audience.turnBeginning(call, thread);
    loop.beginTurn(call);
    if (!loop.isShared && call.duration >= LADDER_RUNG) {
      loop.lookedFrom = call.start;
      loop.lookedTo = call.end;
    }
    if (call.syscall.family === 'accept' && call.result >= 0)
      loop.owner = thread.process.descriptors.get(call.result)?.connection?.request ?? null;
    const shared = sharedWaitOf(thread);
    if (shared?.hasOpen) this.#judge(shared, false);
    // Whoever is served right after a wait that did not wait had been waiting during the turn before.
    if (loop.aftermath?.endsWith(call.start, call.duration)) loop.aftermath = null;
  }

  #waitedInAccept(call: Call, thread: Thread): void {
    if (call.duration < LADDER_RUNG) return;
    thread.loop.acceptBlocked += call.duration;
    this.#audience.blocked(call, thread);
  }

  /** A thread had nothing to do, though that was no hub wait: no turn goes on through it. */
  #parked(call: Call, thread: Thread, gap: Nanoseconds): void {
    const { loop } = thread;
    loop.blockedElsewhere += call.duration;
    if (call.syscall.family === 'futex') loop.futexBlocked += call.duration;
    else loop.idle += call.duration;
    this.#audience.blocked(call, thread);
    if (loop.inTurn) {
      if (gap > loop.turn.longestGap) noteGap(call, thread, gap);
      this.end(thread, call.start, false);
    }
    this.#audience.turnBeginning(call, thread);
    loop.beginTurn(call);
    // Whoever is served right after a wait that did not wait had been waiting during the turn before.
    if (loop.aftermath?.endsWith(call.start, call.duration)) loop.aftermath = null;
  }

  /** A call took a millisecond or more and is no hub wait. */
  #blocked(call: Call, thread: Thread): void {
    const { loop } = thread;
    loop.blockedElsewhere += call.duration;
    if (isLock(call) || isThreadsTurn(call, loop)) {
      // Woken too early, it waits again at once.
      if (!(loop.lockedUntil === thread.lastTime)) loop.lockedSince = call.start;
      loop.lockedUntil = call.end;
    }
    if (call.syscall.family === 'accept') loop.acceptBlocked += call.duration;
    else if (call.syscall.family === 'futex') {
      loop.futexBlocked += call.duration;
      // With a hub, the wait that follows counts it.
      const isLockPi = call.arguments.futex()?.operation.includes('LOCK_PI') === true;
      if (isLockPi && loop.hub === null) loop.acceptBlocked += call.duration;
    }
    this.#audience.blocked(call, thread);
    if (!loop.inTurn) return;
    const kind = noteCall(call, thread);
    if (kind !== 'gil') return;
    loop.interpreterWord = call.arguments.futex()?.word ?? '';
    if (this.#inWindow(call.end)) this.#facts.tell('interpreterWait', { thread, record: call });
  }

  /** A wait for the interpreter lock that had not ended when the trace did lasted at least up to there. */
  leftOpen(call: Call, thread: Thread, { futex }: LeftIn): void {
    const { inTurn, interpreterWord } = thread.loop;
    if (!inTurn || interpreterWord === '' || futex?.word !== interpreterWord || !this.#inWindow(call.end)) return;
    this.#facts.tell('interpreterWait', { thread, record: call });
  }

  /** The running turn ends, or the trace does in it (`open`). */
  end(thread: Thread, at: Nanoseconds, open: boolean): void {
    const { loop } = thread;
    this.#audience.turnEnding(thread, at, open);
    const turn = loop.endTurn(at);
    if (turn === null) return;
    // Coarse stamps, or none, may show less than the calls in it tell.
    const length = Math.max(at - turn.start, turn.inCalls);
    if (length < this.#longTurn || !this.#inWindow(turn.start)) return;
    const waiting = thread.process.inProgress.noteWaiting(turn, at, thread.process);
    loop.keepTurn();
    const shared = sharedWaitOf(thread);
    if (shared !== null) {
      shared.absent({ thread, turn, start: turn.start, end: at, open });
      return;
    }
    loop.aftermath = new Aftermath(turn, waiting);
    this.#facts.tell('longTurn', { thread, turn, length, open, stuckIn: open ? thread.leftIn : null });
  }

  /** Tells for how long no thread waited while one was at work, as turns of the thread that stands for all. */
  #judge(shared: SharedWait, isLast: boolean): void {
    for (const { absence, start, end } of shared.judged(isLast)) {
      const { turn, thread, open } = absence;
      turn.start = start;
      turn.end = end;
      const stuckIn = open ? thread.leftIn : null;
      this.#facts.tell('longTurn', { thread: shared.speaker, turn, length: end - start, open, stuckIn });
    }
  }

  /** It is stopped: a wait of which the trace does not tell how long it lasted had ended by then. */
  stopped(thread: Thread, at: Nanoseconds): void {
    if (thread.loop.inTurn && thread.loop.waitIsUntimed) waitEndedBy(thread, at);
  }

  /** A call that the thread had not left when the capture ended. */
  stays(call: Call, thread: Thread): void {
    const { loop, lastTime } = thread;
    this.#waits.stays(call, thread);
    for (const listener of recognizeListeners(call, thread, this.#listeners)) thread.accepts.listeners.add(listener);
    if (loop.inTurn && loop.waitIsUntimed) waitEndedBy(thread, call.start);
    else if (loop.inTurn && lastTime !== UNKNOWN && call.start - lastTime > loop.turn.longestGap)
      noteGap(call, thread, call.start - lastTime);
    thread.leftIn = leftIn(call, thread);
  }

  /**
   * A thread that ends by itself is shutting down after its last answer, not stalled; one that is killed in a long turn
   * was in it to the end.
   */
  threadEnded(thread: Thread, time: Nanoseconds, signal: string): void {
    sharedWaitOf(thread)?.threads.delete(thread);
    thread.loop.dropFirstTurn();
    const { loop, process } = thread;
    if (!loop.inTurn || loop.waitIsUntimed || isEnding(thread, time)) return;
    if (signal === '') {
      const answeredAt = process.lastAnswerAt;
      if (loop.turn.replies > 0 && answeredAt > loop.turn.start && threadsOf(process).length === 1)
        this.end(thread, answeredAt, false);
      return;
    }
    // What follows the signal that killed it is its end.
    const last = process.lastSignal === signal ? Math.max(loop.turn.start, process.lastSignalAt) : time;
    noteSilence(thread, last);
    this.end(thread, last, true);
  }

  /** The capture ends at `at` while the thread lives. */
  finish(thread: Thread, at: Nanoseconds): void {
    const { loop, leftIn: left } = thread;
    if (left?.isHubWait) {
      if (loop.inTurn) this.end(thread, left.since, false);
      loop.idle += Math.max(0, at - left.since);
      sharedWaitOf(thread)?.looked(left.since, at);
      this.#waits.idled(thread, left.since, at);
    } else if (loop.turn.beganBefore) loop.dropFirstTurn();
    else if (loop.inTurn && loop.waitIsUntimed) waitEndedBy(thread, at);
    else if (loop.inTurn && loop.isShared && left?.syscall.family === 'futex') this.end(thread, left.since, false);
    else if (loop.inTurn && waitsSince(thread) < at) this.end(thread, waitsSince(thread), false);
    else if (loop.inTurn) {
      if (left === null) noteSilence(thread, at);
      this.end(thread, at, true);
    }
  }

  /** The capture ends at `at`, and every thread is finished: what threads did together is told. */
  finishShared(threads: Iterable<Thread>, at: Nanoseconds): void {
    const all = new Set<SharedWait>();
    for (const thread of threads) {
      const shared = sharedWaitOf(thread);
      if (shared !== null) all.add(shared);
    }
    for (const shared of all) {
      shared.finish(at);
      this.#judge(shared, true);
    }
  }
}

const WAITS_OF_LOOPS: ReadonlySet<Family> = new Set<Family>(['accept', 'epoll-wait', 'poll', 'select']);
/** Looks are a second apart: who was seen in a wait that soon after its last line may have gone there at once. */
const BETWEEN_LOOKS = 1_200 * MILLISECOND;

/**
 * When the thread went back to its wait, where no line says what it is in, and whoever looked from outside saw it wait
 * for nobody that it had asked; Infinity where that is not so.
 */
function waitsSince({ leftIn: left, seen, lastTime }: Thread): Nanoseconds {
  if (left !== null || seen === null || seen.held !== '' || (seen.peer !== '' && !seen.isOfClient))
    return Number.POSITIVE_INFINITY;
  if (!WAITS_OF_LOOPS.has(syscall(seen.call).family)) return Number.POSITIVE_INFINITY;
  return seen.since - lastTime <= BETWEEN_LOOKS ? lastTime : seen.since;
}

/** The first record after a wait of unknown length: it had ended by then. */
function waitEndedBy(thread: Thread, at: Nanoseconds): void {
  const { loop } = thread;
  sharedWaitOf(thread)?.looked(loop.waitedSince, at);
  loop.beginTurnAt(at);
}

/**
 * A thread that takes one client after the other with a blocking accept waits for the next request of a client that has
 * its answer.
 */
function isKeptAlive(call: Call, { accepts, loop, process }: Thread): boolean {
  const { family } = call.syscall;
  const isPoll = family === 'poll' || family === 'select';
  if (!accepts.isWait || loop.hub !== null || (family !== 'read' && !isPoll)) return false;
  const fd = isPoll ? (call.arguments.polled()[0] ?? -1) : call.fd;
  const connection = fd < 0 ? undefined : process.descriptors.get(fd)?.connection;
  if (connection == null) return false;
  const { request, requests } = connection;
  // The read brought the next request, or none.
  if (request.answeredAt === UNKNOWN) return !isPoll && requests > 1 && request.readAt === call.end;
  // Who takes its answer slowly is not done.
  return !call.arguments.ready().some(({ events }) => (events & EVENT.OUT) !== 0);
}

/** A lock between processes, such as those that have their workers accept one after the other. */
function isLock({ syscall: { family }, arguments: told }: Call): boolean {
  if (family !== 'futex') return family === 'lock' || family === 'fcntl' || family === 'semaphore';
  const use = told.futex();
  // A word that processes share: uWSGI's thunder lock is one.
  return use !== null && (use.operation.includes('LOCK_PI') || (use.operation === 'WAIT' && !use.isPrivate));
}

/**
 * Threads that wait for one client at a time, each in an epoll set of its own, take turns by a mutex (uWSGI threads).
 */
function isThreadsTurn({ syscall: { family }, arguments: told, error }: Call, { hub }: Loop): boolean {
  if (family !== 'futex' || hub?.oneAtATime !== true || error !== '') return false;
  const use = told.futex();
  return use?.isPrivate === true && use.operation === 'WAIT' && use.value === CONTENDED;
}

/** What glibc writes into a mutex that somebody waits for. */
const CONTENDED = 2;

/** A futex wait for another thread; a lock that the kernel hands over is none. */
function isPark({ syscall, arguments: told }: Call): boolean {
  return syscall.family === 'futex' && told.futex()?.operation.startsWith('WAIT') === true;
}

function usedNewSocket(syscall: Syscall | null): boolean {
  return (
    syscall !== null && (syscall.family === 'accept' || syscall.family === 'socket' || syscall.family === 'connect')
  );
}

/**
 * Nothing more is to be done for the request. Whoever looks whether the connection to another service that it left
 * behind is still open works for the next one.
 */
function isOver(request: Request): boolean {
  return request.connection.closed || request.connection.request !== request;
}
