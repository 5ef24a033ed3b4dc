import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import type { FactBus } from '../../fact-bus.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import type { Heard, Tracker, TrackerContext } from '../../tracker.ts';
import { Rounds } from './rounds.ts';

/** Waits in a row that returned the same, with nothing done between them. */
export interface RepeatedWait {
  readonly thread: ThreadView;
  readonly rounds: Readonly<Rounds>;
  /** The last wait. Valid while the fact is told. */
  readonly record: Call;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    repeatedWait: RepeatedWait;
  }
}

const rounds = new PerThread<Rounds>();

/** Finds threads whose waits return the same again and again, whatever they wait with and whether times are told. */
export class RoundsTracker implements Tracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ facts, inWindow }: TrackerContext) {
    this.#facts = facts;
    this.#inWindow = inWindow;
  }

  hears({ family }: Syscall): Heard | undefined {
    // Another worker was faster: that is a herd, and this one has done what it could.
    if (family === 'accept')
      return (call, thread) => {
        if (call.error === 'EAGAIN') rounds.of(thread)?.breaks();
      };
    return family === 'epoll-wait' || family === 'poll' || family === 'select'
      ? (call, thread) => this.#waited(call, thread)
      : undefined;
  }

  #waited(call: Call, thread: Thread): void {
    const own = rounds.of(thread) ?? rounds.set(thread, new Rounds());
    if (own.waited(call, thread.loop.effects) && this.#inWindow(call.end))
      this.#facts.tell('repeatedWait', { thread, rounds: own, record: call });
  }
}
