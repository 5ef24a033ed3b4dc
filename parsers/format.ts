import type { Call, Lane, TraceRecord } from '../src/trace/record.ts';
import type { TimeOrigin, TimestampKind } from '../src/trace/time.ts';
import type { LaneTable } from './lanes.ts';

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
  /** Anything else worth telling: `-Y`, `-n`, `-i`, `-x`, `-X raw`, `-N`, `-z`, `colour`, `stderr`, `paste`. */
  others: string[];
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

export interface TraceFormat {
  /** `strace`. */
  readonly id: string;
  readonly title: string;
  /** How sure the head (some KB of bytes, cut anywhere) is of this format: 0 no, 1 certain. */
  sniff(head: Buffer): number;
  createParser(head: Buffer, options: ParserOptions): TraceParser;
  /**
   * Its calls refer to the bytes they were read from (`RawCall`), so that they can cross to another JavaScript thread
   * as numbers.
   */
  readonly isThreadable: boolean;
}

export type { Call, Lane, TraceRecord };
