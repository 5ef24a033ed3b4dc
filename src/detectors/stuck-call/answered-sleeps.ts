import type { Request } from '../../model/machine/connections.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Heard, Tracker } from '../../model/tracker.ts';
import type { Call } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { elapsed, type Nanoseconds } from '../../trace/time.ts';

/**
 * How long a worker slept in a request that it then answered, at most. A capture of such a server is likely to end in
 * such a sleep, which is no news.
 */
export class AnsweredSleeps implements Tracker {
  readonly #open = new WeakMap<Request, Nanoseconds>();
  #longest: Nanoseconds = 0;

  /** 0 where there was none. */
  get longest(): Nanoseconds {
    return this.#longest;
  }

  hears({ family }: Syscall): Heard | undefined {
    return family === 'sleep' ? (call, thread) => this.#slept(call, thread) : undefined;
  }

  replied(_call: Call, _thread: Thread, request: Request): void {
    this.#longest = Math.max(this.#longest, this.#open.get(request) ?? 0);
  }

  #slept({ start, end }: Call, { loop: { owner } }: Thread): void {
    if (owner?.inProgress === true) this.#open.set(owner, Math.max(elapsed(start, end), this.#open.get(owner) ?? 0));
  }
}
