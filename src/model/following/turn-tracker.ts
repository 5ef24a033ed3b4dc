import type { Call } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import type { FactBus } from '../fact-bus.ts';
import { waitsForItsTurn } from '../machine/accept-mutexes.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Loop } from '../machine/loop.ts';
import type { SharedWait } from '../machine/shared-wait.ts';
import type { Thread } from '../machine/thread.ts';
import { LADDER_RUNG } from '../machine/turn.ts';
import { HUB_WAIT, type WorksFor } from '../tracker.ts';
import type { FollowerContext } from './follower-context.ts';
import { leftIn, noteCall, noteGap, noteSilence } from './turn-notes.ts';
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
  gapBefore({ start }: Call, { loop, lastTime }: Thread): Nanoseconds {
    const untimed = loop.inTurn && loop.waitIsUntimed;
    if (untimed) waitEndedBy(loop, start);
    return untimed || lastTime === UNKNOWN || start < lastTime ? 0 : start - lastTime;
  }

  /** Charges a call, and the gap before it, to whom it works for. */
  charge(call: Call, thread: Thread, owner: WorksFor, gap: Nanoseconds): void {
    if (owner === HUB_WAIT) {
      this.#hubWait(call, thread, gap);
      return;
    }
    const { loop, lastTime } = thread;
    const { start, duration } = call;
    if (loop.spanStart === UNKNOWN) loop.spanStart = lastTime === UNKNOWN ? start : lastTime;
    if (owner !== null && owner !== loop.owner) {
      // Its life begins when accept returns, not when that was called.
      const isAccepted = owner.startedAt === call.end;
      loop.attribute(owner, isAccepted || owner.readAt === call.end, lastTime, isAccepted ? call.end : start);
    }
    if (duration >= LADDER_RUNG) {
      if (loop.shared !== null && isPark(call)) {
        this.#parked(call, thread, gap);
        return;
      }
      if (waitsForItsTurn(call, thread)) this.#waitedForItsTurn(call, thread);
      else this.#blocked(call, thread);
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
    if (loop.inTurn) {
      if (gap > loop.turn.longestGap) noteGap(call, thread, gap);
      this.end(thread, call.start, false);
    }
    if (call.duration > 0) loop.idle += call.duration;
    this.#audience.turnBeginning(call, thread);
    loop.beginTurn(call);
    if (loop.shared?.hasOpen) this.#judge(loop.shared, false);
    // Whoever is served right after a wait that did not wait had been waiting during the turn before.
    if (loop.aftermath !== null && (call.duration > MILLISECOND || loop.turn.number > loop.aftermath.number + 2))
      loop.aftermath = null;
  }

  /** The thread waited for the lock around the accept: it had nothing to do, and its turn is over. */
  #waitedForItsTurn(call: Call, thread: Thread): void {
    const { loop } = thread;
    if (loop.inTurn) this.end(thread, call.start, false);
    if (loop.hub === null) loop.acceptBlocked += call.duration;
    else loop.idle += call.duration;
    this.#waits.tookTurn(call, thread);
  }

  /** A thread that shares its wait with others had nothing to do: no turn goes on through that. */
  #parked(call: Call, thread: Thread, gap: Nanoseconds): void {
    const { loop } = thread;
    loop.blockedElsewhere += call.duration;
    loop.futexBlocked += call.duration;
    this.#audience.blocked(call, thread);
    if (loop.inTurn) {
      if (gap > loop.turn.longestGap) noteGap(call, thread, gap);
      this.end(thread, call.start, false);
    }
    this.#audience.turnBeginning(call, thread);
    loop.beginTurn(call);
  }

  /** A call took a millisecond or more and is no hub wait. */
  #blocked(call: Call, thread: Thread): void {
    const { loop } = thread;
    loop.blockedElsewhere += call.duration;
    if (call.syscall.family === 'accept') loop.acceptBlocked += call.duration;
    else if (call.syscall.family === 'futex') {
      loop.futexBlocked += call.duration;
      if (call.arguments.futex()?.operation.includes('LOCK_PI') === true) loop.acceptBlocked += call.duration;
    }
    this.#audience.blocked(call, thread);
    if (!loop.inTurn) return;
    const kind = noteCall(call, thread);
    if (kind === 'gil' && this.#inWindow(call.end)) this.#facts.tell('interpreterWait', { thread, record: call });
  }

  /** The running turn ends, or the trace does in it (`open`). */
  end(thread: Thread, at: Nanoseconds, open: boolean): void {
    const { loop } = thread;
    this.#audience.turnEnding(thread);
    const turn = loop.endTurn(at);
    if (turn === null) return;
    // Coarse stamps, or none, may show less than the calls in it tell.
    const length = Math.max(at - turn.start, turn.inCalls);
    if (length < this.#longTurn || !this.#inWindow(turn.start)) return;
    thread.process.inProgress.noteWaiting(turn, at, thread.process);
    loop.keepTurn();
    if (loop.shared !== null) {
      loop.shared.absent({ thread, turn, start: turn.start, end: at, open });
      return;
    }
    loop.aftermath = turn;
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

  /** A call that the thread had not left when the trace ended. */
  stays(call: Call, thread: Thread): void {
    const { loop, lastTime } = thread;
    this.#waits.stays(call, thread);
    if (loop.inTurn && loop.waitIsUntimed) waitEndedBy(loop, call.start);
    else if (loop.inTurn && lastTime !== UNKNOWN && call.start - lastTime > loop.turn.longestGap)
      noteGap(call, thread, call.start - lastTime);
    thread.leftIn = leftIn(call, thread);
  }

  /**
   * A thread that ends by itself is shutting down, not stalled; one that is killed in a long turn was in it to the end.
   */
  threadEnded(thread: Thread, time: Nanoseconds, signal: string): void {
    thread.loop.shared?.threads.delete(thread);
    if (!thread.loop.inTurn || thread.loop.waitIsUntimed || signal === '') return;
    noteSilence(thread, time);
    this.end(thread, time, true);
  }

  /** The trace ends at `at` while the thread lives. */
  finish(thread: Thread, at: Nanoseconds): void {
    const { loop, leftIn: left } = thread;
    if (left?.isHubWait) {
      if (loop.inTurn) this.end(thread, left.since, false);
      loop.idle += Math.max(0, at - left.since);
      loop.shared?.looked(left.since, at);
      this.#waits.idled(thread, left.since, at);
    } else if (loop.inTurn && loop.waitIsUntimed) waitEndedBy(loop, at);
    else if (loop.inTurn && loop.shared !== null && left?.syscall.family === 'futex')
      this.end(thread, left.since, false);
    else if (loop.inTurn) {
      if (left === null) noteSilence(thread, at);
      this.end(thread, at, true);
    }
  }

  /** The trace ends at `at`, and every thread is finished: what threads did together is told. */
  finishShared(threads: Iterable<Thread>, at: Nanoseconds): void {
    const all = new Set<SharedWait>();
    for (const { loop } of threads) if (loop.shared !== null) all.add(loop.shared);
    for (const shared of all) {
      shared.finish(at);
      this.#judge(shared, true);
    }
  }
}

/** The first record after a wait of unknown length: it had ended by then. */
function waitEndedBy(loop: Loop, at: Nanoseconds): void {
  loop.shared?.looked(loop.waitedSince, at);
  loop.beginTurnAt(at);
}

/** A futex wait for another thread; a lock that the kernel hands over is none. */
function isPark({ syscall, arguments: told }: Call): boolean {
  return syscall.family === 'futex' && told.futex()?.operation.startsWith('WAIT') === true;
}

function usedNewSocket(syscall: Syscall | null): boolean {
  return (
    syscall !== null && (syscall.family === 'accept' || syscall.family === 'socket' || syscall.family === 'connect')
  );
}
