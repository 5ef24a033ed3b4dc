// Numbers only: the assembly of `strace/simple` is compiled from this file, too.

/** Int32 columns of a record. Offsets count from the beginning of the chunk; those behind its end lie in `extra`. */
export const KIND = 0;
export const LANE = 1;
export const SYSCALL = 2;
export const ERROR = 3;
export const FD = 4;
export const FLAGS = 5;
export const LINE = 6;
export const START_LINE = 7;
export const PREVIOUS_LINE = 8;
export const FROM = 9;
export const TO = 10;
export const ARGS_FROM = 11;
export const ARGS_TO = 12;
export const RETURNED_FROM = 13;
export const RETURNED_TO = 14;
export const ENTRY_FROM = 15;
export const ENTRY_TO = 16;
export const ENTRY_ARGS_FROM = 17;
export const ENTRY_ARGS_TO = 18;
export const PREVIOUS_FROM = 19;
export const PREVIOUS_TO = 20;
/** `ArgumentNotes`, for the families that it looks at. */
export const NOTE = 21;
export const DATA = 22;
export const INTEGERS = 23;

/** Float64 columns. */
export const START = 0;
export const END = 1;
export const DURATION = 2;
export const RESULT = 3;
export const DOUBLES = 4;

/** Bits of FLAGS. */
export const IN_FLIGHT = 1;
export const INJECTED = 2;
export const PARTIAL = 4;
export const SPLIT = 8;
/** The arguments carry the names of `-N`. */
export const NAMED = 16;
/** Whoever copied the trace cut the line. */
export const CUT = 32;

/** KIND of a call; any other record is `-1 - index` into `others`. */
export const CALL = 0;

/** Nanoseconds. Only in front of such a gap anybody asks for the line before. */
export const SHORTEST_GAP = 1_000_000;
