import type { Nanoseconds } from './time.ts';

/** What can be a slice of a timeline: a turn of a loop, a call of a millisecond or more, a request. */
export type SliceKind = 'turn' | 'call' | 'request';

/** What is marked at one moment. */
export type MarkKind = 'failed-write' | 'wasted-wakeup' | 'reply';

/** A slice of a timeline. Strings come from the trace: whoever writes them bounds, masks and escapes them. */
export interface Slice {
  readonly kind: SliceKind;
  /** The call, `read`; of turns and requests ''. */
  readonly call: string;
  /** What a call failed with; '' for success, and where there is no call. */
  readonly error: string;
  /** Requests by what to call them: the one that it is, or those that a turn served, of which 8 are named. */
  readonly requests: readonly string[];
  /** Numbers of the same requests: slices that have one in common belong together. */
  readonly flows: readonly number[];
  /** It had not ended when the capture did. */
  readonly isOpen: boolean;
  /** It lasted at most so long: the capture tells no durations. */
  readonly isUpperBound: boolean;
}

/** Something that happened at one moment. */
export interface Mark {
  readonly kind: MarkKind;
  /** EPIPE; '' where nothing failed. */
  readonly error: string;
  /** The request that it is about; '' for none. */
  readonly request: string;
  readonly flows: readonly number[];
}

/** Whose events a track holds. */
export interface TrackOwner {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** `gunicorn`; '' while nobody knows. */
  readonly server: string;
  /** `event-loop`; '' while nobody knows. */
  readonly role: string;
}

/**
 * Where a timeline goes while a capture is read. Slices of one track come nested and in the order of their ends; times
 * are those of the trace.
 */
export interface TimelineSink {
  /** A track for a thread; its number, or -1 when it is not wanted or there is no room. */
  track(owner: TrackOwner): number;
  /** What is known of the owner by the end. */
  describe(track: number, owner: TrackOwner): void;
  /** Whether there is room for a slice of that length; what there is no room for is counted as left out. */
  admits(kind: SliceKind, length: Nanoseconds): boolean;
  /** So many were left out for want of room elsewhere. */
  omitted(kind: SliceKind, count: number): void;
  /** A slice that `admits` let in begins; slices within it follow, and its end. */
  begin(track: number, time: Nanoseconds, slice: Slice): void;
  end(track: number, time: Nanoseconds): void;
  mark(track: number, time: Nanoseconds, mark: Mark): void;
  /** A request of the process of a track, on a lane where it overlaps no other. */
  request(track: number, start: Nanoseconds, end: Nanoseconds, slice: Slice): void;
}
