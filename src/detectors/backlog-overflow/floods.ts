import type { KeptLine } from '../../model/evidence.ts';
import type { QueueTaken } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Nanoseconds } from '../../trace/time.ts';

/** What had queued up while nobody looked, taken by one worker or by several at once. */
export interface Flood {
  readonly threads: Set<Thread>;
  /** The time that all of them looked away has in common, up to `start`. */
  since: Nanoseconds;
  start: Nanoseconds;
  end: Nanoseconds;
  accepted: number;
  readonly lines: KeptLine[];
}

const MOST_LINES = 6;
/** So many floods of a listener are remembered, the largest. */
const MOST_FLOODS = 100;

/** Joins what several workers took from one queue at the same time. */
export class Floods {
  readonly #together: Nanoseconds;
  #floods: Flood[] = [];
  #last: Flood | null = null;
  /** Floods that were forgotten because others were larger. */
  dropped = 0;

  /** Workers that looked away at the same time for at least `together` took from the same queue. */
  constructor(together: Nanoseconds) {
    this.#together = together;
  }

  add({ thread, since, start, end, accepted, line }: QueueTaken): void {
    const last = this.#last;
    if (
      last !== null &&
      Math.min(start, last.start) - Math.max(since, last.since) >= this.#together &&
      !last.threads.has(thread)
    ) {
      last.threads.add(thread);
      last.since = Math.max(since, last.since);
      last.start = Math.min(start, last.start);
      last.end = Math.max(end, last.end);
      last.accepted += accepted;
      if (last.lines.length < MOST_LINES) last.lines.push(line);
      return;
    }
    if (this.#floods.length === 2 * MOST_FLOODS) {
      this.#floods = this.#floods.sort((a, b) => b.accepted - a.accepted).slice(0, MOST_FLOODS);
      this.dropped += MOST_FLOODS;
    }
    this.#last = { threads: new Set([thread]), since, start, end, accepted, lines: [line] };
    this.#floods.push(this.#last);
  }

  /** Those of at least so many connections, in order of time. */
  ofAtLeast(connections: number): Flood[] {
    return this.#floods.filter(({ accepted }) => accepted >= connections).sort((a, b) => a.start - b.start);
  }

  /** Connections of the largest; 0 without any. */
  get most(): number {
    return this.#floods.reduce((most, { accepted }) => Math.max(most, accepted), 0);
  }
}
