import { requestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';

/** So many say all. */
const ENOUGH = 16;

/** Counts that tell whether a capture holds every call and every line of the threads that it shows. */
export class Completeness {
  /** Calls that read from sockets, or wrote to them, and did not fail. */
  socketReads = 0;
  socketWrites = 0;
  /** Those of them that wrote to a client. */
  clientWrites = 0;
  /** Second halves of calls whose first half belongs into the capture: their thread had been seen before. */
  orphanHalves = 0;
  /** Connections that got a number which, as far as the capture shows, was still open. */
  numbersAgain = 0;
  /** Requests that nobody answered before the client sent the next one, or the server closed the connection. */
  unanswered = 0;

  /** More was read of a client whose request is complete and not answered. */
  followed(call: Call): void {
    if (this.unanswered < ENOUGH && requestStart(call.arguments.payload(64) ?? '') !== null) this.unanswered++;
  }
}
