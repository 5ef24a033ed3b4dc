import type { Call, Lane, TraceRecord } from '../src/trace/record.ts';
import type { TimeOrigin, TimestampKind } from '../src/trace/time.ts';
import type { LaneTable } from './lanes.ts';
import type { ForeignColumns } from './text/foreign-columns.ts';

/** What a capture was recorded with, as far as its lines tell. Fields may become richer while the parser reads. */
export interface TraceFlags {
  timestamps: TimestampKind;
  /** `-T`. */
  durations: boolean;
  /** A pid or tid on the lines (or in the name of the file). */
  pids: boolean;
  /** `-y`: inode or path; `-yy`: addresses; none: numbers only. */
  fdDecoration: 'none' | 'path' | 'address';
  /** `-k`. */
  stacks: boolean;
  /** Split calls were seen: `<unfinished ...>`. */
  split: boolean;
  /** Anything else worth telling: `-Y`, `-n`, `-i`, `-x`, `-X raw`, `-N`, `-z`, `colour`, `stderr`. */
  others: string[];
}

/** Before the first line: nothing is known, but what the format itself says. */
export function emptyFlags(others: readonly string[] = []): TraceFlags {
  return {
    timestamps: 'none',
    durations: false,
    pids: false,
    fdDecoration: 'none',
    stacks: false,
    split: false,
    others: [...others],
  };
}

/** How many lines of each shape were read. The shapes sum up to `lines`: every line is accounted for. */
export interface LineAccount {
  lines: number;
  /** A whole call on one line. */
  calls: number;
  unfinished: number;
  resumed: number;
  signals: number;
  exits: number;
  /** Tracer messages. */
  notices: number;
  /** `-k` frames and `-e read/write` dumps. */
  attached: number;
  /** Rows of tables, maps and histograms. */
  counts: number;
  /** Continuations of a line that a message or the program cut in two. */
  continued: number;
  blank: number;
  /** Lines that are surely not the tracer's: program output, shell prompts, comments, elisions. */
  foreign: number;
  /** Lines that look like the tracer's and could not be read. */
  unparsed: number;
}

/** An account before the first line. */
export function emptyAccount(): LineAccount {
  return {
    lines: 0,
    calls: 0,
    unfinished: 0,
    resumed: 0,
    signals: 0,
    exits: 0,
    notices: 0,
    attached: 0,
    counts: 0,
    continued: 0,
    blank: 0,
    foreign: 0,
    unparsed: 0,
  };
}

export interface DiagnosticSample {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Bad or noteworthy input, counted; the code's meaning stands in the catalogue of `src/analysis/diagnostics.ts`. */
export interface DiagnosticCount {
  readonly code: string;
  count: number;
  readonly samples: DiagnosticSample[];
}

export interface ParserOptions {
  /** Name used in `file` of every record. */
  readonly file: string;
  /** Shared by the parsers of one analysis. */
  readonly lanes: LaneTable;
  readonly origin: TimeOrigin;
  /** The tid of all lines when the file name carries it (`-ff`), else undefined. */
  readonly tid?: number;
  /** Somebody reads along with a capture at work: no line waits for those that will tell more of it. */
  readonly isGrowing?: boolean;
  /** Lines of the file in front of the first one that is pushed; none unless given. */
  readonly linesBefore?: number;
}

/**
 * Pulls records out of pushed bytes. No I/O, no clock, never throws on input.
 * ```
 * parser.push(chunk); while ((record = parser.next()) !== null) …; parser.end(); while (…) …
 * ```
 */
export interface TraceParser {
  readonly flags: TraceFlags;
  readonly account: LineAccount;
  readonly diagnostics: ReadonlyMap<string, DiagnosticCount>;
  /**
   * Hands over bytes, cut anywhere. All records of the previous chunk must have been pulled; the bytes must not change
   * until then.
   */
  push(chunk: Buffer): void;
  /** Says that no more bytes come, so that a last line without a newline is read as it is. */
  end(): void;
  /**
   * The next record, or null when the pushed bytes hold no further whole record. The object is reused by the next call
   * of `next`.
   */
  next(): TraceRecord | null;
  /** Calls that were entered and have not returned, at any time. Each yielded Call is reused by the next one. */
  inFlight(): Iterable<Call>;
}

/** What a raw line is made of, for whoever has little room. Joined in this order, with the first
 * of the results, the parts are the line again. */
export interface LineParts {
  /** Whose line it is; empty where that stands behind the time, in `body`. */
  readonly owner: string;
  /** What a reader can do without first. */
  readonly time: string;
  readonly body: string;
  /**
   * What the call returned as it is printed, with the blanks and the `=` in front of it, then at least one form for
   * little room, the longest first, with an error by its name; nothing for a line that tells no result.
   */
  readonly results: readonly string[];
}

/** The time that a raw line shows: seconds since 1970, since midnight, or on a clock that shows no time of day. */
export interface Stamp {
  readonly clock: 'epoch' | 'day' | 'monotonic';
  readonly seconds: number;
}

/** A call that a thread has entered and not left, as a line without its end tells of it. */
export interface EnteredCall {
  readonly tid: number;
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly call: string;
  /** What the first argument names; empty when the line does not say. */
  readonly target: string;
}

/** What a format says about one raw line of its own, apart from its records. Any text may be asked about. */
export interface RawLines {
  parts(line: string): LineParts;
  /** Null where the line shows no time, or one that tells no moment. */
  stamp(line: string): Stamp | null;
  /** For tracers that print a call when it is entered: what the last line of a growing file says. Else null. */
  openCall(line: string): EnteredCall | null;
}

/** A format: how it is recognised, read and shown. */
export interface TraceFormat {
  /** `strace`. */
  readonly id: string;
  /** What users call it. */
  readonly title: string;
  /** How sure the head (some KB of bytes, cut anywhere) is of this format: 0 no, 1 certain. */
  sniff(head: Buffer): number;
  createParser(head: Buffer, options: ParserOptions): TraceParser;
  /**
   * For formats whose own columns are easily taken for those of others: what somebody put before the lines of this
   * head, null for nothing. Of the other formats all columns are tried.
   */
  before?(head: Buffer): ForeignColumns | null;
  readonly lines: RawLines;
  /** Its tracer stops threads at every call: what it records took longer than without it. */
  readonly stopsThreads: boolean;
  /**
   * Its calls refer to the bytes they were read from (`UndecodedCall`), so that they can cross to another JavaScript
   * thread as numbers.
   */
  readonly isThreadable: boolean;
  /**
   * For formats whose lines are written for programs: puts lines of a capture that begins with this head in the words
   * that their records have as `text`. Any lines may be given, in any order.
   */
  inWords?(head: Buffer): (lines: readonly string[]) => readonly string[];
  /**
   * The format for lines whose columns the user names (`ts pid tid comm call fd ret dur:us`), for those that can read
   * such lines. Null when no line of the head fits the names.
   */
  withColumns?(head: Buffer, names: readonly string[]): TraceFormat | null;
}

export type { Call, Lane, TraceRecord };
