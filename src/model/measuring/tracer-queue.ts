import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { cannotSleep } from '../machine/cannot-sleep.ts';
import { PerThread } from '../machine/owned-state.ts';
import type { Thread } from '../machine/thread.ts';
import type { Turn } from '../machine/turn.ts';

/** A stop of one call can be an accident of the host; these many show what the tracer takes. */
const ACCIDENTS = 3;
/** How much longer than calls that cannot sleep another stop may be. */
const MARGIN = 3;
/** Returns that are looked back on: a tracer that prints stacks takes seconds for so many. */
const REMEMBERED = 4_096;
/** Long stretches kept of one turn. */
const MOST_HOLDS = 4_096;
/** A large program has this long a stack in an ordinary capture. */
const USUAL_HOLD = 100 * MILLISECOND;

const heldTimes = new PerThread<Nanoseconds>();

/** How long a tracer that prints stacks may have held the thread so far, as far as is known by then. */
export function heldTime(thread: Thread): Nanoseconds {
  return heldTimes.of(thread) ?? 0;
}

/**
 * How long the tracer may have held each thread, where it prints the stack of every call (strace -k). It is one process
 * that serves the threads in turn: who has stopped for it is served before another is served twice (strace 4.26 and
 * newer ask for all that have stopped, and serve each once). So a stretch between two records of a thread can be the
 * tracer's only if no other thread came back from two calls within it: that is three of its records. How long such a
 * stretch may be is measured on calls that cannot sleep.
 */
export class TracerQueue {
  /** When threads came back from calls, the last `REMEMBERED`, and after which time one had done so twice by then. */
  readonly #times = new Float64Array(REMEMBERED);
  readonly #twiceSince = new Float64Array(REMEMBERED);
  #count = 0;
  /** The longest calls that cannot sleep, the longest last. */
  readonly #holds: Nanoseconds[] = new Array<Nanoseconds>(ACCIDENTS).fill(0);

  /** A call came back, `gap` after the record before it; asked before its turn is charged. */
  returned(call: Call, thread: Thread, gap: Nanoseconds, isHubWait: boolean): void {
    const { lastTime, process } = thread;
    if (gap >= MILLISECOND) this.#mayHaveHeld(thread, call.start - gap, call.start);
    if (call.duration >= MILLISECOND && !call.partial) {
      if (!isHubWait) this.#mayHaveHeld(thread, call.start, call.end);
      if (call.duration > (this.#holds[0] as Nanoseconds)) {
        const descriptor = call.fd < 0 ? undefined : process.descriptors.get(call.fd);
        if (cannotSleep(call, descriptor)) this.#held(call.duration);
      }
    }
    this.#passed(call.end, lastTime === UNKNOWN ? Number.NEGATIVE_INFINITY : lastTime);
  }

  #passed(at: Nanoseconds, before: Nanoseconds): void {
    const last = this.#count === 0 ? before : (this.#twiceSince[(this.#count - 1) % REMEMBERED] as Nanoseconds);
    const place = this.#count++ % REMEMBERED;
    this.#times[place] = at;
    this.#twiceSince[place] = Math.max(last, before);
  }

  /** Whether some thread came back from two calls in that stretch; true where that is forgotten. */
  #hasPassed(since: Nanoseconds, until: Nanoseconds): boolean {
    const oldest = Math.max(0, this.#count - REMEMBERED);
    let low = oldest;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle % REMEMBERED] as Nanoseconds) <= until) low = middle + 1;
      else high = middle;
    }
    if (low === oldest) return oldest > 0;
    return (this.#twiceSince[(low - 1) % REMEMBERED] as Nanoseconds) > since;
  }

  #mayHaveHeld(thread: Thread, since: Nanoseconds, until: Nanoseconds): void {
    if (this.#hasPassed(since, until)) return;
    const length = until - since;
    if (length <= this.longest) heldTimes.set(thread, (heldTimes.of(thread) ?? 0) + length);
    const { inTurn, turn } = thread.loop;
    if (!inTurn) return;
    if (length < USUAL_HOLD) turn.held += length;
    else if (turn.longHolds === null) turn.longHolds = [length];
    else if (turn.longHolds.length < MOST_HOLDS) turn.longHolds.push(length);
  }

  #held(length: Nanoseconds): void {
    this.#holds[0] = length;
    this.#holds.sort((a, b) => a - b);
  }

  /** The longest that the tracer holds a thread between two of its records. */
  get longest(): Nanoseconds {
    return Math.max(USUAL_HOLD, MARGIN * (this.#holds[0] as Nanoseconds));
  }

  /** What it usually takes to come to the next of all that wait: a thread that it passed had waited that long, too. */
  get round(): Nanoseconds {
    return this.longest / (2 * MARGIN);
  }

  /** What of a turn may be the tracer's: stretches that are no longer than the tracer takes. */
  heldIn({ held, longHolds }: Pick<Turn, 'held' | 'longHolds'>): Nanoseconds {
    const { longest } = this;
    return (longHolds ?? []).reduce((sum, length) => (length <= longest ? sum + length : sum), held);
  }
}
