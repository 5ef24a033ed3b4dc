import type { Nanoseconds } from '../../src/trace/time.ts';
import type { Waiting } from './waiting.ts';

/** Threads whose last return is kept. */
const MOST_THREADS = 65_536;

/**
 * Lines that tell when a call returned, and neither when it began nor how long it took, as those of a program that
 * traces `sys_exit` alone. The call was entered at or after the return before it: from there on it stands, so that the
 * time up to its return is not taken for time behind the call before it.
 */
export class ReturnsAlone {
  readonly #last = new Map<number, Nanoseconds>();

  /** The same line with the call where it may have begun. */
  begun(waiting: Waiting): Waiting {
    if (waiting.kind !== 'call') return waiting;
    const { tid, seenAt, facts } = waiting;
    const before = this.#last.get(tid);
    if (before !== undefined || this.#last.size < MOST_THREADS) this.#last.set(tid, seenAt);
    const tellsReturnAlone = facts.duration < 0 && !Number.isNaN(facts.result);
    if (!tellsReturnAlone || before === undefined || before > seenAt) return waiting;
    return { ...waiting, facts: { ...facts, start: before, end: before } };
  }
}
