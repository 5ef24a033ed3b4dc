import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

interface Loss {
  readonly from: Nanoseconds;
  to: Nanoseconds;
  events: number;
}

/** So many stretches are kept apart; further ones are added to the last. */
const MOST = 1_000;
/** Losses that are no further apart are one stretch. */
const TOGETHER: Nanoseconds = 100_000_000;
/** What was lost belongs to a time shortly before it was told. */
const BEFORE: Nanoseconds = 1_000_000_000;

/** When the tracer lost events. */
export class Losses {
  readonly #stretches: Loss[] = [];
  /** Nobody knows when. */
  #anywhen = 0;
  total = 0;

  /** `time` is UNKNOWN where nobody knows. */
  add(time: Nanoseconds, events: number): void {
    this.total += events;
    if (time === UNKNOWN) {
      this.#anywhen += events;
      return;
    }
    const last = this.#stretches.at(-1);
    if (last !== undefined && (this.#stretches.length === MOST || (time >= last.from && time - last.to <= TOGETHER))) {
      last.to = Math.max(last.to, time);
      last.events += events;
    } else this.#stretches.push({ from: time, to: time, events });
  }

  /** How many events were lost around a stretch of time, or may have been. */
  between(from: Nanoseconds, to: Nanoseconds): number {
    let events = this.#anywhen;
    for (const loss of this.#stretches) if (loss.to >= from && loss.from - BEFORE <= to) events += loss.events;
    return events;
  }
}
