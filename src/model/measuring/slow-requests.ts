import type { Nanoseconds } from '../../trace/time.ts';
import type { Blame, Request } from '../machine/connections.ts';

const MOST_KEPT = 100;

/** A request whose first answer came late, with what became of its time up to then. */
export interface SlowRequest {
  readonly request: Request;
  /** Of the process that answered it. */
  readonly pid: number;
  /** From the moment it was read on. */
  readonly length: Nanoseconds;
  readonly blame: Blame;
}

/** The requests that took longest until their first answer, at most 100. */
export class SlowRequests {
  readonly #kept: SlowRequest[] = [];

  add(slow: SlowRequest): void {
    if (this.#kept.length < MOST_KEPT) {
      this.#kept.push(slow);
      return;
    }
    const least = this.#kept.reduce((one, other) => (other.length < one.length ? other : one));
    if (slow.length > least.length) this.#kept[this.#kept.indexOf(least)] = slow;
  }

  all(): readonly SlowRequest[] {
    return this.#kept;
  }
}
