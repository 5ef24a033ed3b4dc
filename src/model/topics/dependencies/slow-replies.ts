import type { Call } from '../../../trace/record.ts';
import { type Nanoseconds, SECOND } from '../../../trace/time.ts';
import type { Request } from '../../machine/connections.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Tracker, TrackerContext } from '../../tracker.ts';

/** From here on a client feels that it waits, whatever it asked for. */
const SLOW: Nanoseconds = SECOND;

/**
 * Counts requests of known lines that were answered a second or more after they had been read, whatever they waited
 * for: what no check explains is no all-clear.
 */
export class SlowReplies implements Tracker {
  count = 0;
  longest: Nanoseconds = 0;
  /** The line of the longest; ''. */
  request = '';
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ inWindow }: TrackerContext) {
    this.#inWindow = inWindow;
  }

  replied({ end }: Call, _thread: Thread, { line, readAt }: Request): void {
    const length = end - readAt;
    // What no line tells may be no request.
    if (length < SLOW || line === '' || !this.#inWindow(end)) return;
    this.count++;
    if (length <= this.longest) return;
    this.longest = length;
    this.request = line;
  }
}
