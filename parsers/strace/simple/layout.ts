// Where things lie in the memory that JavaScript and the assembly share. Numbers only: both are compiled from it.

/** Float64 registers: those of the clock (`timeline/clock-registers.ts`), the time of the line before, the alarm. */
export const PREVIOUS = 6;
export const ALARM = 7;
export const DOUBLE_REGISTERS = 8;

/** Int32 registers, in the bytes behind the float64 ones: what a run is told. */
export const PID_COLUMN = 0;
export const IS_CLOCK = 1;
export const IS_MIXED = 2;
/** The thread of lines without a pid, or -1 when that is not known without a look at other threads. */
export const UNPREFIXED = 3;
/** How descriptors are decorated so far: `DECORATION_…`. */
export const DECORATION = 4;
/** Number of the line before the first one. */
export const LINES = 5;
/** And what it tells: why it stopped, and what it counted. */
export const STOPPED = 6;
export const COUNT = 7;
export const CALLS = 8;
export const UNFINISHED = 9;
export const RESUMED = 10;
export const BACKWARD = 11;
export const HAS_DURATIONS = 12;
export const HAS_PREFIXES = 13;
/** Row of the thread whose line was the last: a record, and a first half. -1 for none. */
export const RECENT = 14;
export const HALF = 15;
/** The name that is not known, as offsets into the chunk. */
export const NAME_FROM = 16;
export const NAME_TO = 17;
/** Rows that were changed, as far as they are not `IS_LISTED` twice. */
export const LISTED = 18;
/** The first row of this run whose notes JavaScript writes, from the first of the run; -1 for none. */
export const FIRST_UNNOTED = 19;
export const INTEGER_REGISTERS = 20;
export const REGISTER_BYTES = 8 * DOUBLE_REGISTERS + 4 * INTEGER_REGISTERS;

/** PID_COLUMN. */
export const PID_NONE = 0;
export const PID_BARE = 1;
export const PID_BRACKET = 2;

/** DECORATION. */
export const DECORATION_NONE = 0;
export const DECORATION_PATH = 1;
export const DECORATION_ADDRESS = 2;

/** STOPPED: no whole line is left; the line is not simple; its name or errno was never seen; the columns are full. */
export const AT_END = 0;
export const HARD_LINE = 1;
export const NEW_NAME = 2;
export const NEW_ERROR = 3;
export const COLUMNS_FULL = 4;

/** A thread: float64 columns, then int32 columns. */
export const TIME = 0;
export const CALL_TIME = 1;
export const PAUSE = 2;
export const CALL_START = 3;
export const ROW_DOUBLES = 4;
export const TID = 8;
export const LANE = 9;
/** The assembly may read lines of this thread; what JavaScript knows of it may be older. */
export const IS_LENT = 10;
/** It stands in the list of rows that were lent in this chunk. */
export const IS_LISTED = 11;
/** Number of the call it is in + 1; 0 when it is in none. */
export const PENDING = 12;
export const FD = 13;
export const START_LINE = 14;
/** The arguments of the first half, counted from the beginning of its line. */
export const ARGS_FROM = 15;
export const ARGS_TO = 16;
/** Lines that are remembered: offsets into the chunk, or -1 when only JavaScript has a copy. */
export const ENTRY_FROM = 17;
export const ENTRY_TO = 18;
export const BEFORE_LINE = 19;
export const BEFORE_FROM = 20;
export const BEFORE_TO = 21;
export const LAST_LINE = 22;
export const LAST_FROM = 23;
export const LAST_TO = 24;
/** How often the last line became the line before since the row was lent. */
export const TURNS = 25;
export const ROW_INTEGERS = 32;
export const ROW_BYTES = 128;

/** More threads in one capture than these take turns. */
export const MOST_ROWS = 8_192;
/** tid → row + 1, by open addressing. */
export const ROW_SLOTS = 32_768;

/** Names of calls and of errnos: 32 bytes of name, its length, its number in the batches, its traits. */
export const NAME_SLOTS = 1_024;
export const MOST_NAMES = 700;
export const LONGEST_NAME = 32;
export const NAME_LENGTH = 8;
export const NAME_NUMBER = 9;
export const NAME_TRAITS = 10;
export const NAME_BYTES = 48;

/** Traits of a call. */
export const TAKES_DESCRIPTOR = 1;
/** What it says changes more than its thread: never simple. */
export const IS_HARD = 2;
export const IS_SET = 4;
export const IS_WRITE = 8;

/** The family of a call whose arguments `ArgumentNotes` looks into, in these bits of its traits. */
export const NOTED_FAMILY = 0xf0;
export const NOTED_READ = 0x10;
export const NOTED_WAIT = 0x20;
export const NOTED_ACCEPT = 0x30;
export const NOTED_IOCTL = 0x40;
export const NOTED_FCNTL = 0x50;
export const NOTED_WRITE = 0x60;

/** Bits of a note, as `ArgumentNotes` gives them: `HUP` of a wait, `FIONBIO` with `[1]`, an address and its port. */
export const IS_HANG_UP = 1;
export const SETS_NONBLOCKING = 3;
export const HAS_INET = 0x80;
export const PORT_SHIFT = 8;

/** SIMD reads so far beyond the end of a chunk. */
export const PADDING = 128;
