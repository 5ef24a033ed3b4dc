import type { Call, Scheduling } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { Listener } from '../machine/listener.ts';
import type { Thread } from '../machine/thread.ts';
import type { ThreadView } from '../machine/views.ts';
import { type Tracker, TrackerBase } from '../tracker.ts';

/**
 * A thread was woken inside its wait and found nothing ready: somebody else had taken it. Only the scheduler shows
 * that.
 */
export interface SilentWakeUps {
  readonly thread: ThreadView;
  readonly listener: Listener;
  readonly count: number;
  readonly time: Nanoseconds;
}

declare module '../fact-bus.ts' {
  interface Facts {
    silentWakeUps: SilentWakeUps;
  }
}

/** Charges to turns what the scheduler did, and finds wake-ups that no system call shows. */
export class SchedulerTracker extends TrackerBase implements Tracker {
  /** The capture tells what the scheduler did. */
  active = false;

  /** Comes before the call that it belongs to. */
  note(record: Scheduling, thread: Thread): void {
    this.active = true;
    const { turn } = thread.loop;
    // The call before was no hub wait, or its hub wait has taken it.
    turn.queued += record.queuedBefore + (thread.scheduling?.queued ?? 0);
    turn.blockedOutside += record.blockedBefore;
    thread.scheduling = record;
  }

  /** The call was the loop's own wait: its time off the processor is no part of a turn. */
  turnBeginning(call: Call, thread: Thread): void {
    if (!this.active) return;
    const at = call.end;
    const { scheduling, accepts } = thread;
    thread.scheduling = null;
    if (scheduling === null || scheduling.wakeUps < 2 || accepts.listeners.size === 0 || !this.inWindow(at)) return;
    // All but the last wake-up found nothing ready any more and went back to sleep inside the call. What only this
    // thread waits for does not go away: somebody else took it.
    for (const listener of accepts.listeners) {
      accepts.wastedTotal += scheduling.wakeUps - 1;
      this.facts.tell('silentWakeUps', { thread, listener, count: scheduling.wakeUps - 1, time: at });
      return;
    }
  }
}
