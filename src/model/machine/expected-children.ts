import type { Nanoseconds } from '../../trace/time.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import type { Process } from './process.ts';

/** Children that were started and have not shown up. */
const MOST_EXPECTED = 8_192;

/** A child whose clone has returned in its parent, and that has had no record of its own. */
export interface ExpectedChild {
  readonly parent: Process;
  readonly isThread: boolean;
  readonly descriptors: DescriptorTable;
  readonly time: Nanoseconds;
}

/** The children that are expected, by their number; beyond a bound the oldest are forgotten. */
export class ExpectedChildren {
  readonly #byTid = new Map<number, ExpectedChild>();

  of(tid: number): ExpectedChild | undefined {
    return this.#byTid.get(tid);
  }

  /** It has shown up. */
  take(tid: number): ExpectedChild | undefined {
    const expected = this.#byTid.get(tid);
    this.#byTid.delete(tid);
    return expected;
  }

  add(tid: number, expected: ExpectedChild): void {
    if (this.#byTid.size >= MOST_EXPECTED)
      for (const oldest of this.#byTid.keys()) if (this.#byTid.delete(oldest)) break;
    this.#byTid.set(tid, expected);
  }
}
