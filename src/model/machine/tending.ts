import type { Call } from '../../trace/record.ts';
import { earlier, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../evidence.ts';
import type { Listener } from './listener.ts';

/** Listeners of one thread of which it is known from when to when it looked at them. */
const MOST_LISTENERS = 1_024;
/** Connections that had queued up are taken without a wait of this length. */
const WAITED = 2 * MILLISECOND;

/** From when to when a thread looked after a listener: accepted from it, or waited for it. */
export class Stretch {
  from: Nanoseconds;
  /** When it gave the listener up: took it out of its set, or its process closed it. UNKNOWN while it has not. */
  until: Nanoseconds = UNKNOWN;
  /** Where it did. */
  untilLine: KeptLine = NO_LINE;
  /** Connections that it took in one go when it began, and the first of them. */
  taken = 0;
  takenLine: KeptLine = NO_LINE;
  #isGoing = true;
  /** How long its thread had waited in its hub by then. */
  readonly #idleAtStart: Nanoseconds;

  constructor(from: Nanoseconds, idle: Nanoseconds) {
    this.from = from;
    this.#idleAtStart = idle;
  }

  /** This accept returned a connection; `idle` is the time in the hub wait so far. */
  took(call: Pick<Call, 'duration' | 'file' | 'line' | 'text'>, idle: Nanoseconds): void {
    if (!this.#isGoing) return;
    this.#isGoing = call.duration < WAITED && idle - this.#idleAtStart < WAITED;
    if (this.#isGoing && this.taken++ === 0) this.takenLine = keptLine(call);
  }
}

/** Which listeners a thread looked after, and when. */
export class Tending {
  #stretches: Map<Listener, Stretch> | null = null;

  of(listener: Listener): Stretch | undefined {
    return this.#stretches?.get(listener);
  }

  /**
   * It accepts from that listener or waits for it: from `at` on, unless it did before. `idle` is the time in its hub
   * wait before that.
   */
  begins(listener: Listener, at: Nanoseconds, idle: Nanoseconds): void {
    const known = this.#stretches?.get(listener);
    if (known !== undefined) {
      known.from = earlier(known.from, at);
      known.until = UNKNOWN;
      return;
    }
    this.#stretches ??= new Map();
    if (this.#stretches.size < MOST_LISTENERS) this.#stretches.set(listener, new Stretch(at, idle));
  }

  /** It does not look after that listener any more. */
  leaves(listener: Listener, at: Nanoseconds, line: KeptLine): void {
    const stretch = this.#stretches?.get(listener);
    if (stretch === undefined || stretch.until !== UNKNOWN) return;
    stretch.until = at;
    stretch.untilLine = line;
  }
}
