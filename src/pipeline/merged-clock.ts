import type { Call, TraceRecord } from '../trace/record.ts';
import { type Nanoseconds, SECOND } from '../trace/time.ts';

/** A shorter leap could as well be two threads that computed for about as long. */
const LEAST_LEAP: Nanoseconds = SECOND;
/** By so much of it, and at most so long, the silences of several threads may differ when the clock made them. */
const ALIKE = 0.001;
const MOST_APART: Nanoseconds = SECOND / 50;

/** What is known of an input whose next record is about to be passed on. */
export interface NextRecord {
  readonly record: TraceRecord | null;
  /** When the record before it became known; minus infinity without one, or without times that compare. */
  readonly before: Nanoseconds;
}

/**
 * The clock of inputs that were written side by side, as the files of `strace -ff`. When it is set forward, or the
 * machine sleeps, each of them is silent for the same time, to the fraction of a thousandth, wherever each was: no two
 * computations are. A call that was open meanwhile says so by its duration, and its input is then silent behind it.
 */
export class MergedClock {
  /** The latest time so far, as the lines say it. */
  #latest: Nanoseconds = Number.NEGATIVE_INFINITY;
  /** When the call began that began last, as the lines say it. */
  #begun: Nanoseconds = Number.NEGATIVE_INFINITY;
  readonly #corrected = new WeakMap<Call, Nanoseconds>();
  readonly #leaps: { readonly from: Nanoseconds; readonly by: Nanoseconds }[] = [];

  /** Whether nothing was heard for so long before that time that the clock may have leapt. */
  isSilent(time: Nanoseconds): boolean {
    const silence = time - this.#latest;
    if (time > this.#latest) this.#latest = time;
    return silence >= LEAST_LEAP && silence < Number.POSITIVE_INFINITY;
  }

  /** Judges such a silence by what all inputs go on with; true when it was a leap, which is taken out from then on. */
  judge(inputs: Iterable<NextRecord>): boolean {
    const silences: Nanoseconds[] = [];
    let from = Number.POSITIVE_INFINITY;
    for (const { record, before } of inputs) {
      if (record === null || !Number.isFinite(before)) continue;
      const start = startOf(record);
      if (Number.isNaN(start)) continue;
      silences.push(start - before);
      from = Math.min(from, start);
    }
    const [first = 0, second = Number.POSITIVE_INFINITY] = silences.sort((a, b) => a - b);
    if (first < LEAST_LEAP || second - first > Math.min(MOST_APART, ALIKE * first)) return false;
    // Somebody went on meanwhile.
    if (from - first < this.#begun) return false;
    this.#leaps.push({ from, by: first });
    return true;
  }

  /** Moves the times of a record back by the leaps before it. */
  correct(record: TraceRecord): void {
    const start = startOf(record);
    if (start > this.#begun) this.#begun = start;
    if (this.#leaps.length === 0) return;
    if (record.kind === 'call')
      Object.assign(record, { start: this.#moved(record.start), end: this.#moved(record.end) });
    else if ('time' in record) Object.assign(record, { time: this.#moved(record.time) });
  }

  /** The same of a call that may be asked for again. */
  correctOnce(call: Call): void {
    if (this.#leaps.length === 0 || this.#corrected.get(call) === call.start) return;
    Object.assign(call, { start: this.#moved(call.start), end: this.#moved(call.end) });
    this.#corrected.set(call, call.start);
  }

  #moved(time: Nanoseconds): Nanoseconds {
    let moved = time;
    for (const { from, by } of this.#leaps) if (time >= from) moved -= by;
    return moved;
  }
}

/** NaN for what belongs to the record before it. */
function startOf(record: TraceRecord): Nanoseconds {
  return record.kind === 'call' ? record.start : 'time' in record ? record.time : Number.NaN;
}
