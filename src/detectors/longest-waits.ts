import type { Thread } from '../model/machine/thread.ts';
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
  /** Whose process it is may turn out later. */
  readonly thread: Thread;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** The longest of many waits. */
export class LongestWaits {
  #waits: Wait[] = [];

  add(thread: Thread, start: Nanoseconds, end: Nanoseconds): void {
    if (this.#waits.length < MOST) {
      this.#waits.push({ thread, start, end });
      return;
    }
    let shortest = 0;
    for (let index = 1; index < MOST; index++)
      if (lengthOf(this.#waits[index]) < lengthOf(this.#waits[shortest])) shortest = index;
    if (end - start > lengthOf(this.#waits[shortest])) this.#waits[shortest] = { thread, start, end };
  }

  absorb(other: LongestWaits): void {
    for (const { thread, start, end } of other.#waits) this.add(thread, start, end);
  }

  /** The longest first, on the axis of the report. */
  told(model: { readonly zero: Nanoseconds }): ValuesOf<typeof fields>[] {
    return this.#waits
      .toSorted((a, b) => lengthOf(b) - lengthOf(a) || a.start - b.start)
      .map(({ thread, start, end }) => ({
        pid: thread.process.pid,
        startMs: Math.max(0, millisecondsAt(model, start)),
        endMs: Math.max(0, millisecondsAt(model, end)),
      }));
  }
}

function lengthOf(wait: Wait | undefined): Nanoseconds {
  return wait === undefined ? 0 : wait.end - wait.start;
}
