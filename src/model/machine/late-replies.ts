import { type Nanoseconds, SECOND } from '../../trace/time.ts';

/** A client that waits so long for an answer has lost its thread: the limit of `slow-dependency`. */
const LATE = SECOND;

/**
 * Requests of a process that had no answer within a second after they had been read, whatever they waited for: what
 * goroutines and locks of a runtime hold up shows in no call.
 */
export class LateReplies {
  count = 0;
  /** The one that waited longest, and for how long; null for none. */
  request: { readonly name: string } | null = null;
  longest: Nanoseconds = 0;

  /** The request waited for so long, for its answer or for the end of the trace. */
  add(request: { readonly name: string }, waited: Nanoseconds): void {
    if (waited < LATE) return;
    this.count++;
    if (waited <= this.longest) return;
    this.longest = waited;
    this.request = request;
  }

  absorb({ count, request, longest }: LateReplies): void {
    this.count += count;
    if (longest <= this.longest) return;
    this.longest = longest;
    this.request = request;
  }
}
