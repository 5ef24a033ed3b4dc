/**
 * Integer nanoseconds since the origin of the trace (the first stamped line that any parser of the run saw).
 * A double holds them exactly for 104 days. Negative values occur when a second file starts before the first one.
 */
export type Nanoseconds = number;

/** Stands for a time or a duration that the trace does not tell. */
export const UNKNOWN = -1;

export const MICROSECOND = 1_000;
export const MILLISECOND = 1_000_000;
export const SECOND = 1_000_000_000;

/**
 * The time from one moment to another one; 0 when the trace has them the other way round, as clocks of several threads
 * or files may.
 */
export function elapsed(from: Nanoseconds, to: Nanoseconds): Nanoseconds {
  return Math.max(0, to - from);
}

/** No capture is longer, and no call in one: a number that says so is damaged. */
export const LONGEST_CAPTURE: Nanoseconds = 60 * 86_400 * SECOND;

/** The earlier one of a moment that may be UNKNOWN and another one: lines of several threads come in no order. */
export function earlier(known: Nanoseconds, at: Nanoseconds): Nanoseconds {
  return known === UNKNOWN || at < known ? at : known;
}

/** The later one of a moment that may be UNKNOWN and another one. */
export function later(known: Nanoseconds, at: Nanoseconds): Nanoseconds {
  return known === UNKNOWN || at > known ? at : known;
}

/** What the absolute time column of a capture looks like. */
export type TimestampKind =
  | 'none'
  /** `-r` alone: the distance to the previous printed line; summed up into an axis without a time of day. */
  | 'relative'
  /** `-t`: HH:MM:SS. */
  | 'clock-seconds'
  /** `-tt`: HH:MM:SS.ffffff, local time without a date. */
  | 'clock'
  /** `-ttt`: seconds since 1970 with a fraction. */
  | 'epoch'
  /** Nanoseconds of a monotonic clock (bpftrace `nsecs`). */
  | 'monotonic';

/** The zero of a trace's time axis; shared by all parsers of one analysis so that their times compare. */
export interface TimeOrigin {
  kind: TimestampKind;
  /**
   * Whole seconds of the first stamp: since 1970 for `epoch`, since midnight for the clock kinds; null before the first
   * stamp.
   */
  seconds: number | null;
  /** The rest of the first stamp, in nanoseconds, 0 to 999,999,999. */
  nanoseconds: number;
  /** Stamps of `epoch` have no fraction, as `--absolute-timestamps=unix` prints them. */
  isWhole?: boolean;
}

export function createTimeOrigin(): TimeOrigin {
  return { kind: 'none', seconds: null, nanoseconds: 0 };
}
