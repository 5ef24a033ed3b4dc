import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Completeness } from '../machine/completeness.ts';
import { type Descriptor, socketOf } from '../machine/descriptors.ts';
import type { Silence } from '../machine/silence.ts';
import type { Thread } from '../machine/thread.ts';
import { threadsOf } from '../machine/threads-of.ts';
import type { AcceptCycles } from './accept-cycles.ts';

/** Shorter ones are no stall. */
const LEAST_SILENCE = 100 * MILLISECOND;
/** So far behind a silence is looked for what does not follow from what was before: time, calls of the thread. */
const LATEST = SECOND;
const MOST_LOOKS = 200;
/** How the line of a call ends whose thread had not come back when another one had a line. */
const FIRST_HALF = /<unfinished \.\.\.>$/;

/**
 * Finds the times of which all lines are missing, as where strace was killed and began anew, where a log was cut, or
 * where a pipe lost a block. A thread that computes has no lines either; but what it does afterwards follows from what
 * it did before.
 */
export class Holes {
  readonly #completeness: Completeness;
  readonly #cycles: AcceptCycles;
  /** The last long time in which no call of anybody came back. */
  #quietFrom: Nanoseconds = UNKNOWN;
  #quietTo: Nanoseconds = UNKNOWN;
  #isElided = false;

  constructor(completeness: Completeness, cycles: AcceptCycles) {
    this.#completeness = completeness;
    this.#cycles = cycles;
  }

  /** Lines were taken out behind the last one. */
  elided(): void {
    this.#isElided = true;
  }

  /** A call came back, of whichever thread; `before` is when one did last. */
  cameBack(before: Nanoseconds, end: Nanoseconds): void {
    const isElided = this.#isElided;
    this.#isElided = false;
    if (end - before < LEAST_SILENCE || before === UNKNOWN) return;
    if (isElided) this.#completeness.hides({ start: before, end });
    this.#quietFrom = before;
    this.#quietTo = end;
  }

  /** Looks at a call before it is followed: the machine is as the call before left it. */
  look(call: Call, thread: Thread): void {
    const { lastTime } = thread;
    if (lastTime !== UNKNOWN && call.end - lastTime >= LEAST_SILENCE) this.#ended(call, thread);
    const { silence } = thread;
    if (silence === null) return;
    if (call.start - silence.end > LATEST || silence.looks >= MOST_LOOKS) thread.silence = null;
    else if (this.#doesNotFollow(call, thread, silence)) this.#note(thread, silence);
    else silence.looks++;
  }

  /** The call is the first behind a long time without one, or took long itself. */
  #ended(call: Call, thread: Thread): void {
    const { lastTime, lastTimed, stop } = thread;
    const { start, end, partial } = call;
    if (partial) this.#note(thread, { start: lastTime, end });
    // The call before may have gone on for long, and who is stopped does nothing.
    else if (start - lastTime < LEAST_SILENCE || !lastTimed || stop !== null) return;
    else if (FIRST_HALF.test(call.previousText)) this.#note(thread, { start: lastTime, end: start });
    else thread.silence = { start: lastTime, end: start, turn: thread.loop.turn.start, looks: 0 };
  }

  #note(thread: Thread, silence: Pick<Silence, 'start' | 'end'>): void {
    thread.silence = null;
    // While it waited in a call whose other half is missing, others went on.
    const start = Math.max(silence.start, this.#quietFrom);
    const end = Math.min(silence.end, this.#quietTo);
    if (end - start >= LEAST_SILENCE) this.#completeness.hides({ start, end });
  }

  #doesNotFollow(call: Call, thread: Thread, silence: Silence): boolean {
    const { process } = thread;
    // What one thread does not know another one may have done.
    if (process.servedUnseen > 0 || (thread.accepts.handedOver > 0 && threadsOf(process).length > 1)) return false;
    const { syscall, fd, result } = call;
    if (syscall.family === 'accept' && result >= 0)
      return isOpenBefore(process.descriptors.get(result), silence) || this.#isUnreported(fd, thread, silence, true);
    const known = process.descriptors.get(fd);
    if (known === undefined) return false;
    if (known.socket !== '' && syscall.family !== 'close') {
      if (isAnother(socketOf(call.arguments.label()), known.socket)) return true;
    }
    const { connection } = known;
    if (syscall.family !== 'read' || result <= 0 || connection === null) return false;
    const { request } = connection;
    const { turn } = thread.loop;
    // It sent more, and has no reply to what it had asked right before the silence.
    if (request.complete && request.inProgress && request.readAt <= silence.start && request.readAt >= silence.turn)
      return true;
    // It had its reply before, and no wait of the loop told that it sent more.
    const wasDone = request.answeredAt !== UNKNOWN && request.wroteAt < turn.start && request.hungUpAt === UNKNOWN;
    return wasDone && this.#isUnreported(fd, thread, silence, false);
  }

  /** No wait of the loop told that something had come on that socket; `atOnce`: the silence follows that wait. */
  #isUnreported(fd: number, thread: Thread, silence: Silence, atOnce: boolean): boolean {
    const { hub, isShared, inTurn, turn } = thread.loop;
    if (hub?.kind !== 'epoll' || isShared || !inTurn) return false;
    if (atOnce ? turn.start !== silence.start || silence.looks > 0 : turn.start > silence.start) return false;
    return this.#cycles.tellsWhatIsReady(thread) && this.#cycles.setThatReported(thread, fd) === null;
  }
}

/**
 * Both name a socket, and not the same. `-yy` prints `TCP:[341812]` until a connect is done, and both addresses from
 * then on: a name of one kind says nothing of one of the other.
 */
function isAnother(socket: string, known: string): boolean {
  return socket !== '' && socket !== known && socket.includes('->') === known.includes('->');
}

/** Its number was given to a connection again that is not known to have ended. */
function isOpenBefore(known: Descriptor | undefined, silence: Silence): boolean {
  const connection = known?.connection;
  return connection != null && !connection.closed && connection.openedAt < silence.start;
}
