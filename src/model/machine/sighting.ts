import type { Observed } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';

/** What a thread was in whenever somebody looked at it from outside, up to the end of the capture. */
export interface Sighting {
  /** The call; '' when it was in none at every look. */
  readonly call: string;
  /** What kept it from running, and the debugger that did so; 0 for none. */
  readonly held: Observed['held'];
  readonly holder: number;
  /** The first look at which it was so. */
  readonly since: Nanoseconds;
  /** For so long before that it was so already, when nothing was traced yet. */
  readonly before: Nanoseconds;
  /** Time since then that it was on a processor or ready for one; UNKNOWN when the host does not tell. */
  readonly ran: Nanoseconds;
  /** The other end of the socket that the call is about, or ''. */
  readonly peer: string;
  /** That end is a client. */
  readonly isOfClient: boolean;
  readonly line: KeptLine;
}

/** What a thread was in from before the capture to a moment of it, and came back from. */
export interface PastSighting extends Sighting {
  /** The last look at which it was still so. */
  readonly until: Nanoseconds;
  /** Connections of clients that its process held then; -1 when they were not counted. */
  readonly clients: number;
}

/** Connections that waited in the queue of a listener whenever somebody looked between two moments. */
export interface QueueSeen {
  /** So many at each look. */
  readonly least: number;
  readonly since: Nanoseconds;
  readonly until: Nanoseconds;
}
