import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import type { FactBus } from '../../fact-bus.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import type { Heard, Tracker, TrackerContext } from '../../tracker.ts';
import { Rounds, type RowOfWaits } from './rounds.ts';

/** Waits in a row that returned the same, with nothing done between them. */
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

/** So many `sched_yield` in a row are told, and each time they have doubled. */
const TOLD_YIELDS = 20;

/** `sched_yield` of one thread with nothing done in between: it asks for something again and again. */
class Yields {
  readonly rounds = { count: 0, total: 0, waits: 0, stuck: true, since: UNKNOWN, timeout: 0, worked: 0 };
  #effects = -1;

  /** Says whether a row has become long enough to tell. */
  yielded(call: Call, effects: number): boolean {
    const { rounds: own } = this;
    own.waits++;
    own.worked = effects;
    if (effects !== this.#effects) own.count = 0;
    this.#effects = effects;
    if (own.count === 0) own.since = call.start;
    own.count++;
    if (own.count < TOLD_YIELDS) return false;
    own.total += own.count === TOLD_YIELDS ? TOLD_YIELDS : 1;
    return own.count % TOLD_YIELDS === 0 && ((own.count / TOLD_YIELDS) & (own.count / TOLD_YIELDS - 1)) === 0;
  }
}

/** Finds threads whose waits return the same again and again, whatever they wait with and whether times are told. */
export class RoundsTracker implements Tracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ facts, inWindow }: TrackerContext) {
    this.#facts = facts;
    this.#inWindow = inWindow;
  }

  hears({ family, name }: Syscall): Heard | undefined {
    if (name === 'sched_yield') return (call, thread) => this.#yielded(call, thread);
    // Another worker was faster: that is a herd, and this one has done what it could.
    if (family === 'accept')
      return (call, thread) => {
        if (call.error === 'EAGAIN') rounds.of(thread)?.breaks();
      };
    return family === 'epoll-wait' || family === 'poll' || family === 'select'
      ? (call, thread) => this.#waited(call, thread)
      : undefined;
  }

  #yielded(call: Call, thread: Thread): void {
    const own = yields.of(thread) ?? yields.set(thread, new Yields());
    if (own.yielded(call, thread.loop.effects) && this.#inWindow(call.end))
      this.#facts.tell('repeatedWait', { thread, rounds: own.rounds, record: call });
  }

  #waited(call: Call, thread: Thread): void {
    const own = rounds.of(thread) ?? rounds.set(thread, new Rounds());
    if (own.waited(call, thread.loop.effects) && this.#inWindow(call.end))
      this.#facts.tell('repeatedWait', { thread, rounds: own, record: call });
  }
}
