import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { Rounds, type RowOfWaits, TOLD_ROUNDS } from './rounds.ts';

/** Waits, yields or reads in a row that returned the same, with nothing done between them. */
export interface RepeatedWait {
  readonly thread: ThreadView;
  readonly rounds: RowOfWaits;
  /** The last wait. Valid while the fact is told. */
  readonly record: Call;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    repeatedWait: RepeatedWait;
  }
}

const rounds = new PerThread<Rounds>();
const yields = new PerThread<Yields>();
const ends = new PerThread<ReadsAtEnd>();

/** So many `sched_yield` in a row are told, and each time they have doubled. */
const TOLD_YIELDS = 20;
/** Who yields again after so long did something else: the schedulers of Erlang look for work once a millisecond. */
const APART: Nanoseconds = MILLISECOND / 2;

/** How often a thread called `sched_yield`. */
export function yieldsOf(thread: Thread): number {
  return yields.of(thread)?.rounds.waits ?? 0;
}

/** `sched_yield` of one thread with nothing done in between: it asks for something again and again. */
class Yields {
  readonly rounds = { count: 0, total: 0, waits: 0, stuck: true, since: UNKNOWN, timeout: 0, worked: 0, spent: 0 };
  #effects = -1;
  /** When the last one ended; UNKNOWN where the trace does not tell. */
  #last: Nanoseconds = UNKNOWN;

  /** Says whether a row has become long enough to tell. */
  yielded(call: Call, effects: number): boolean {
    const { rounds: own } = this;
    own.waits++;
    own.worked = effects;
    const isApart = this.#last !== UNKNOWN && call.start - this.#last >= APART;
    if (effects !== this.#effects || isApart) own.count = 0;
    else if (this.#last !== UNKNOWN) own.spent += call.end - this.#last;
    this.#effects = effects;
    this.#last = call.duration < 0 ? UNKNOWN : call.end;
    if (own.count === 0) own.since = call.start;
    own.count++;
    if (own.count < TOLD_YIELDS) return false;
    own.total += own.count === TOLD_YIELDS ? TOLD_YIELDS : 1;
    return own.count % TOLD_YIELDS === 0 && ((own.count / TOLD_YIELDS) & (own.count / TOLD_YIELDS - 1)) === 0;
  }
}

/** Who asks again after so long made a pause. */
const PAUSE: Nanoseconds = 10 * MILLISECOND;

/**
 * Reads of one descriptor that find its end again and again, without a pause and without anything done between them,
 * but for one call a round that wakes somebody.
 */
class ReadsAtEnd {
  readonly rounds = { count: 0, total: 0, waits: 0, stuck: true, since: UNKNOWN, timeout: 0, worked: 0 };
  #fd = -1;
  #effects = 0;
  #last: Nanoseconds = UNKNOWN;
  #wakes = 0;

  /** The last call may be the first of a row. */
  get isInRow(): boolean {
    return this.#fd >= 0;
  }

  /** It waited for a time: who asks now and then whether there is more does not spin. */
  pauses(): void {
    this.#fd = -1;
  }

  /** Says whether a row has become long enough to tell. */
  read({ fd, start, end }: Call, effects: number): boolean {
    const { rounds: own } = this;
    const done = effects - this.#effects;
    const isNext = fd === this.#fd && done <= 1 && start - this.#last < PAUSE;
    own.waits++;
    own.count = isNext ? own.count + 1 : 1;
    if (own.count === 1) own.since = start;
    else this.#wakes += done;
    own.worked = effects - this.#wakes;
    this.#fd = fd;
    this.#effects = effects;
    this.#last = end;
    if (own.count < TOLD_ROUNDS) return false;
    own.total += own.count === TOLD_ROUNDS ? TOLD_ROUNDS : 1;
    return own.count === TOLD_ROUNDS || (own.count & (own.count - 1)) === 0;
  }
}

/** Calls that read from where the last one ended: what was read once is not read again. */
const READS: ReadonlySet<string> = new Set(['read', 'readv', 'recv', 'recvfrom', 'recvmsg']);

/** Finds threads whose waits return the same again and again, whatever they wait with and whether times are told. */
export class RoundsTracker extends TrackerBase implements Tracker {
  hears({ family, name }: Syscall): Heard | undefined {
    if (name === 'sched_yield') return (call, thread) => this.#yielded(call, thread);
    // Another worker was faster: that is a herd, and this one has done what it could.
    if (family === 'accept')
      return (call, thread) => {
        if (call.error === 'EAGAIN') rounds.of(thread)?.breaks();
      };
    if (family === 'write')
      return (call, thread) => {
        if (call.error === 'EPIPE' || call.error === 'ECONNRESET') rounds.of(thread)?.failsToWrite(call.fd);
      };
    if (READS.has(name)) {
      const mayPeek = name.startsWith('recv');
      return (call, thread) => {
        // Whoever only looks takes nothing.
        if (call.result === 0 && !(mayPeek && call.arguments.has('MSG_PEEK'))) this.#readAtEnd(call, thread);
      };
    }
    if (family === 'sleep') return (_, thread) => ends.of(thread)?.pauses();
    return family === 'epoll-wait' || family === 'poll' || family === 'select'
      ? (call, thread) => this.#waited(call, thread)
      : undefined;
  }

  #yielded(call: Call, thread: Thread): void {
    const own = yields.of(thread) ?? yields.set(thread, new Yields());
    if (own.yielded(call, thread.loop.effects) && this.inWindow(call.end))
      this.facts.tell('repeatedWait', { thread, rounds: own.rounds, record: call });
  }

  #readAtEnd(call: Call, thread: Thread): void {
    if (!(call.fd >= 0)) return;
    const own = ends.of(thread) ?? ends.set(thread, new ReadsAtEnd());
    if (own.read(call, thread.loop.effects) && this.inWindow(call.end))
      this.facts.tell('repeatedWait', { thread, rounds: own.rounds, record: call });
  }

  #waited(call: Call, thread: Thread): void {
    const atEnd = ends.of(thread);
    if (atEnd?.isInRow && call.result === 0 && call.arguments.timeout() !== 0) atEnd.pauses();
    const own = rounds.of(thread) ?? rounds.set(thread, new Rounds());
    if (own.waited(call, thread.loop.effects) && this.inWindow(call.end))
      this.facts.tell('repeatedWait', { thread, rounds: own, record: call });
  }
}
