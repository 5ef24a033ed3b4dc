import { requestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';

/** So many say all. */
const ENOUGH = 16;
/** Of more holes the first are kept. */
const MOST_HOLES = 1_000;

/**
 * A time of which no line is in the capture although threads went on in it: what was seen of one of them after it does
 * not follow from what was seen before.
 */
export interface Hole {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/** Counts that tell whether a capture holds every call and every line of the threads that it shows. */
export class Completeness {
  /** Something of what was read from sockets is in the capture, as it is not with `-s 0`. */
  showsText = false;
  /** Calls that read from sockets, or wrote to them, and did not fail. */
  socketReads = 0;
  socketWrites = 0;
  /** Calls that read from sockets, also those that failed. */
  readsTried = 0;
  /** Writes to clients, also those that failed. */
  clientWrites = 0;
  /** Second halves of calls whose first half belongs into the capture: their thread had been seen before. */
  orphanHalves = 0;
  /** Connections that got a number which, as far as the capture shows, was still open. */
  numbersAgain = 0;
  /** Requests that nobody answered before the client sent the next one, or the server closed the connection. */
  unanswered = 0;
  /** Waits that told of a client, after which their thread looked for none before it waited again. */
  clientsUnheeded = 0;
  /** In order of time; none overlap. */
  readonly holes: Hole[] = [];

  /** More was read of a client whose request is complete and not answered. */
  followed(call: Call): void {
    if (this.unanswered < ENOUGH && requestStart(call.arguments.payload(64) ?? '') !== null) this.unanswered++;
  }

  /** That stretch is a hole. */
  hides(hole: Hole): void {
    const last = this.holes.at(-1);
    if (this.holes.length < MOST_HOLES && (last === undefined || hole.start >= last.end)) this.holes.push(hole);
  }

  /** Most of that time lies in holes: what was done in it is not known. */
  isHidden({ start, end }: Hole): boolean {
    return this.holes.length > 0 && this.hiddenIn(start, end) * 2 >= end - start;
  }

  /** How much of that time lies in holes. */
  hiddenIn(start: Nanoseconds, end: Nanoseconds): Nanoseconds {
    let hidden = 0;
    for (const hole of this.holes) hidden += Math.max(0, Math.min(end, hole.end) - Math.max(start, hole.start));
    return hidden;
  }
}
