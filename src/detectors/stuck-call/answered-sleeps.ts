import type { Request } from '../../model/machine/connections.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Heard, Tracker } from '../../model/tracker.ts';
import type { Call } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds } from '../../trace/time.ts';

/** Waits for other threads are many; shorter ones are no news anyway. */
const LEAST = 100 * MILLISECOND;

/** How long a request was slept in, and how long it waited for another thread, in one call each. */
interface Waits {
  slept: Nanoseconds;
  parked: Nanoseconds;
}

/**
 * How long a worker slept, or waited for another thread, in a request that it then answered, at most. A capture of such
 * a server is likely to end in such a wait, which is no news.
 */
export class AnsweredSleeps implements Tracker {
  readonly #open = new WeakMap<Request, Waits>();
  #longest: Nanoseconds = 0;
  #longestForThread: Nanoseconds = 0;

  /** 0 where there was none. */
  get longest(): Nanoseconds {
    return this.#longest;
  }

  get longestForThread(): Nanoseconds {
    return this.#longestForThread;
  }

  hears({ family }: Syscall): Heard | undefined {
    if (family === 'sleep') return (call, thread) => this.#waited(call, thread, 'slept', 0);
    return family === 'futex' ? (call, thread) => this.#waited(call, thread, 'parked', LEAST) : undefined;
  }

  replied(_call: Call, _thread: Thread, request: Request): void {
    const waits = this.#open.get(request);
    if (waits === undefined) return;
    this.#longest = Math.max(this.#longest, waits.slept);
    this.#longestForThread = Math.max(this.#longestForThread, waits.parked);
  }

  #waited({ start, end }: Call, { loop: { owner } }: Thread, how: keyof Waits, least: Nanoseconds): void {
    const length = elapsed(start, end);
    if (length < least || owner?.inProgress !== true) return;
    const waits = this.#open.get(owner) ?? { slept: 0, parked: 0 };
    waits[how] = Math.max(waits[how], length);
    this.#open.set(owner, waits);
  }
}
