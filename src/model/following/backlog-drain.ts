import type { Call } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import type { Listener } from '../machine/listener.ts';

/**
 * What a thread takes from its accept queue after a time in which it did not look at it: the connections that had
 * queued up meanwhile. It ends when the queue is known to be empty (`accept` finds nothing, a wait waits), or when it
 * has lasted as long as that time: then what comes is new.
 */
export class BacklogDrain {
  /** The end of the thread's last wait or accept; NaN when the trace does not tell. */
  lookedAt: Nanoseconds = Number.NaN;
  isOpen = false;
  since: Nanoseconds = 0;
  start: Nanoseconds = 0;
  /** The last connection taken. */
  end: Nanoseconds = 0;
  taken = 0;
  listener: Listener | null = null;
  line: KeptLine | null = null;

  begin(at: Nanoseconds): void {
    this.isOpen = true;
    this.since = this.lookedAt;
    this.start = at;
    this.end = at;
    this.taken = 0;
    this.listener = null;
    this.line = null;
  }

  /** A connection was accepted without waiting for it. Says whether it counts. */
  takes(listener: Listener, call: Call): boolean {
    if (this.listener !== null && this.listener !== listener) return false;
    if (call.end - this.start > this.start - this.since) return false;
    this.listener = listener;
    this.line ??= keptLine(call);
    this.end = call.end;
    this.taken++;
    return true;
  }
}
