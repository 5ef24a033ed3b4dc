import type { Call } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Tracker, TrackerBase } from '../../tracker.ts';
import { Spin } from './spin.ts';

/** Some rounds in a row of a hub wait that returned at once, with nothing done between them. */
export interface Spun {
  readonly thread: ThreadView;
  readonly rounds: number;
  /** They reported something each time, which nobody took; else they reported nothing. */
  readonly stuck: boolean;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** User data of what the last one reported; -1 when that is not one event. */
  readonly ready: number;
  /** The last wait. Valid while the fact is told. */
  readonly record: Call;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    spun: Spun;
  }
}

const spins = new PerThread<Spin>();

/** Time in waits of a thread that returned at once while it spun. */
export function spunIn(thread: Thread): Nanoseconds {
  return spins.of(thread)?.waiting ?? 0;
}

/** Finds loops whose waits return at once, round after round, while nothing gets done between them. */
export class SpinTracker extends TrackerBase implements Tracker {
  hubWaited(call: Call, thread: Thread): void {
    const { loop } = thread;
    if (!loop.inTurn) return;
    const spin = spins.of(thread) ?? spins.set(thread, new Spin());
    if (!spin.waited(call, loop.turn) || !this.inWindow(call.end)) return;
    const { rounds, stuck, since } = spin;
    this.facts.tell('spun', {
      thread,
      rounds,
      stuck,
      start: since,
      end: call.end,
      ready: stuck ? call.arguments.readyData : -1,
      record: call,
    });
  }
}
