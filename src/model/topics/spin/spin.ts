import type { Call } from '../../../trace/record.ts';
import { MICROSECOND, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import type { Turn } from '../../machine/turn.ts';

/** Rounds in a row before they count: fewer than one in twenty then did something. */
export const ROUNDS = 20;
/** Between two records of a thread that does nothing else; strace itself takes 10 to 100 µs. */
const NOTHING = 150 * MICROSECOND;
/**
 * A thread that spins is preempted now and then, or its tracer is: such a round may take so long, and so many of a
 * stretch may be such.
 */
const PREEMPTED = 10 * MILLISECOND;
const MOST_PREEMPTED = 4;

/**
 * Hub waits that return at once, round after round, while nothing gets done between them: polling without a pause (they
 * report nothing), or something that stays ready because nobody takes it (they report it each time).
 */
export class Spin {
  /** Of the running stretch, without those in which it was preempted. */
  rounds = 0;
  /** The rounds report something. */
  stuck = false;
  /** When the wait before the first round returned. */
  since: Nanoseconds = UNKNOWN;
  /** Time in the waits of all full stretches: they look like rest, and take a CPU. */
  waiting: Nanoseconds = 0;
  #preempted = 0;
  #stretch: Nanoseconds = 0;
  /** What the last wait returned; UNKNOWN when it waited. */
  #last = UNKNOWN;

  /**
   * A hub wait returned after this turn. Says whether a stretch of `ROUNDS` rounds is full; the next one follows it.
   */
  waited(call: Call, turn: Turn): boolean {
    const { result, duration } = call;
    const last = this.#last;
    const between = call.start - turn.start - turn.inCalls;
    const stuck = result > 0;
    this.#last = duration >= 0 && duration < PREEMPTED && result >= 0 ? result : UNKNOWN;
    if (this.#last < 0 || last < 0 || last > 0 !== stuck || turn.calls !== turn.futile || between >= PREEMPTED) {
      this.#begin(stuck, UNKNOWN);
      return false;
    }
    if (this.rounds === ROUNDS) this.#begin(stuck, turn.start);
    this.#stretch += duration;
    if (duration < MILLISECOND && between <= (turn.calls + 1) * NOTHING) {
      if (this.since === UNKNOWN) this.since = turn.start;
      if (++this.rounds < ROUNDS) return false;
      this.waiting += this.#stretch;
      return true;
    }
    // A stretch may begin with such a round only where it follows another.
    if (this.since === UNKNOWN || ++this.#preempted > MOST_PREEMPTED) this.#begin(stuck, UNKNOWN);
    return false;
  }

  #begin(stuck: boolean, since: Nanoseconds): void {
    this.rounds = 0;
    this.#preempted = 0;
    this.#stretch = 0;
    this.stuck = stuck;
    this.since = since;
  }
}
