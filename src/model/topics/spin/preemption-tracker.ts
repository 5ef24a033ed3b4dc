import type { Signal } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../../trace/time.ts';
import { PerProcess, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { type Tracker, TrackerBase } from '../../tracker.ts';

/** Go takes the processor from a goroutine that has run for 10 ms; the tracer and the clock blur that a little. */
const SLICE: Nanoseconds = 9 * MILLISECOND;
/** Fewer in a stretch may be one goroutine that lost its processor to another process. */
const FEW = 3;

/** Times in which goroutines of a process computed for a whole slice, one after the other. */
export interface Computing {
  /** Slices that ended with the signal, and how long they were together. */
  readonly slices: number;
  readonly total: Nanoseconds;
}

class Stretches {
  slices = 0;
  total: Nanoseconds = 0;
  readonly #open = { slices: 0, total: 0, end: UNKNOWN };

  /** A slice that ended at `at`. Slices of one stretch are less than a second apart. */
  add(length: Nanoseconds, at: Nanoseconds, least: Nanoseconds): void {
    const open = this.#open;
    if (open.end !== UNKNOWN && at - open.end >= SECOND) {
      open.slices = 0;
      open.total = 0;
    }
    const wasLong = open.slices >= FEW && open.total >= least;
    open.slices++;
    open.total += length;
    open.end = at;
    if (wasLong) {
      this.slices++;
      this.total += length;
    } else if (open.slices >= FEW && open.total >= least) {
      this.slices += open.slices;
      this.total += open.total;
    }
  }

  absorb({ slices, total }: Stretches): void {
    this.slices += slices;
    this.total += total;
  }
}

const stretches = new PerProcess<Stretches>();
/** When the last such signal came to a thread. */
const signalled = new PerThread<Nanoseconds>();

/** For how long goroutines of a process computed without a break; null where they did not, as far as one can tell. */
export function computingOf(process: Process): Computing | null {
  const found = stretches.of(process);
  return found === undefined || found.slices === 0 ? null : found;
}

/**
 * Follows where Go takes the processor from goroutines (SIGURG to a thread of its own that has made no call for 10 ms).
 * Its garbage collector sends the signal as well, to threads that have run for any time.
 */
export class PreemptionTracker extends TrackerBase implements Tracker {
  signalled({ signal, info, time }: Signal, thread: Thread): void {
    if (signal !== 'SIGURG' || !info.includes('SI_TKILL')) return;
    const since = Math.max(thread.lastTime, signalled.of(thread) ?? UNKNOWN);
    signalled.set(thread, time);
    if (since === UNKNOWN || time - since < SLICE || !this.inWindow(time)) return;
    const { process } = thread;
    const own = stretches.of(process) ?? stretches.set(process, new Stretches());
    own.add(time - since, time, this.longTurn);
  }

  merged(process: Process, other: Process): void {
    const found = stretches.of(other);
    if (found === undefined) return;
    const own = stretches.of(process) ?? stretches.set(process, new Stretches());
    own.absorb(found);
  }
}
