import type { Call } from '../../../trace/record.ts';
import { type Nanoseconds, SECOND } from '../../../trace/time.ts';
import type { Request } from '../../machine/connections.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Tracker, TrackerContext } from '../../tracker.ts';

/** From here on a client feels that it waits, whatever it asked for. */
const SLOW: Nanoseconds = SECOND;

/**
 * Counts requests of known lines that had no answer a second after they had been read, whatever they waited for: what
 * no check explains is no all-clear.
 */
export class SlowReplies implements Tracker {
  count = 0;
  longest: Nanoseconds = 0;
  /** The line of the longest; ''. */
  request = '';
  /** Who read it last; null for none. */
  process: Process | null = null;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ inWindow }: TrackerContext) {
    this.#inWindow = inWindow;
  }

  replied({ end }: Call, { process }: Thread, request: Request): void {
    this.#add(request, end, process);
  }

  /** Those that were still waiting, of processes that answer most of what they read: else the answer is not seen. */
  finish(threads: Iterable<Thread>): void {
    let end = 0;
    const processes = new Set<Process>();
    for (const { process, lastTime } of threads) {
      processes.add(process);
      end = Math.max(end, lastTime);
    }
    for (const process of processes)
      if (process.answered * 2 >= process.requests)
        for (const request of process.inProgress.unanswered(process)) this.#add(request, end, process);
  }

  #add(request: Request, at: Nanoseconds, process: Process): void {
    const length = request.waitedUntil(at);
    // What no line tells may be no request.
    if (length < SLOW || request.line === '' || !this.#inWindow(at)) return;
    this.count++;
    if (length <= this.longest) return;
    this.longest = length;
    this.request = request.line;
    this.process = process;
  }
}
