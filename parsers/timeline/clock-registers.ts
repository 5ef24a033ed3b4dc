// Numbers only: the assembly of `strace/simple` is compiled from this file, too.

/** What a `StampClock` lends: places in an array of float64. */
export const ORIGIN_SECONDS = 0;
export const ORIGIN_NANOSECONDS = 1;
export const DAYS = 2;
export const SHIFT = 3;
export const LATEST_SECONDS = 4;
export const NOW = 5;
