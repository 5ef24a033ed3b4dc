import type { Nanoseconds } from '../trace/time.ts';
import { metric, type ValuesOf } from './metric.ts';
import { millisecondsAt } from './words.ts';

const MOST = 20;

const fields = {
  pid: metric.pid('The process that stood still.'),
  startMs: metric.momentMs('From then on.'),
  endMs: metric.momentMs('Until then.'),
};

/** When processes stood still, as findings carry it: what came of it is looked for in that time. */
export const longestWaitsShape = metric.list(metric.record(fields), `The longest waits, at most ${MOST}.`);

interface Wait {
  readonly pid: number;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** The longest of many waits. */
export class LongestWaits {
  #waits: Wait[] = [];

  add(pid: number, start: Nanoseconds, end: Nanoseconds): void {
    if (this.#waits.length < MOST) {
      this.#waits.push({ pid, start, end });
      return;
    }
    let shortest = 0;
    for (let index = 1; index < MOST; index++)
      if (lengthOf(this.#waits[index]) < lengthOf(this.#waits[shortest])) shortest = index;
    if (end - start > lengthOf(this.#waits[shortest])) this.#waits[shortest] = { pid, start, end };
  }

  absorb(other: LongestWaits): void {
    for (const { pid, start, end } of other.#waits) this.add(pid, start, end);
  }

  /** The longest first, on the axis of the report. */
  told(model: { readonly zero: Nanoseconds }): ValuesOf<typeof fields>[] {
    return this.#waits
      .toSorted((a, b) => lengthOf(b) - lengthOf(a) || a.start - b.start)
      .map(({ pid, start, end }) => ({
        pid,
        startMs: Math.max(0, millisecondsAt(model, start)),
        endMs: Math.max(0, millisecondsAt(model, end)),
      }));
  }
}

function lengthOf(wait: Wait | undefined): Nanoseconds {
  return wait === undefined ? 0 : wait.end - wait.start;
}
