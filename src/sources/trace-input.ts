/**
 * Something noteworthy that happened while bytes were fetched; counted in the report like the parsers' own diagnostics.
 */
export interface SourceDiagnostic {
  /** `truncated-compression`, `read-error`… */
  readonly code: string;
  /** What happened, in one line. */
  readonly text: string;
}

/** One stream of trace bytes: a file, one thread's file of a `-ff` set, or stdin; compressed or not. */
export interface TraceInput {
  /** As evidence shows it. */
  readonly name: string;
  /** The thread whose calls the file holds, when its name says so (`trace.4711`, `strace -ff`). */
  readonly tid?: number;
  /** Bytes on disk, or null for a pipe. */
  readonly sizeBytes: number | null;
  /** Bytes on disk that were read so far: the base of a percentage. */
  readonly bytesRead: number;
  /** `chunks()` may be called again and starts from the beginning: true for regular files. */
  readonly rereadable: boolean;
  /**
   * Bytes that are enough to recognise the format by, where waiting for the usual amount would hold up a live capture.
   */
  readonly headBytes?: number;
  /**
   * Milliseconds after which fewer bytes do, where whole lines of a known format are among them: a server that makes a
   * few calls a minute must not wait for more of them.
   */
  readonly headWithinMs?: number;
  readonly diagnostics: readonly SourceDiagnostic[];
  /**
   * The decompressed bytes. A chunk's memory is filled anew once two further chunks were asked for.
   * Throws `InputError` when nothing can be read; what breaks later ends the stream and leaves a diagnostic.
   */
  chunks(): AsyncIterableIterator<Buffer>;
}

/** What was noted about the host before and after a trace, as text. */
export interface FactTexts {
  readonly before: string;
  readonly after: string;
  /** The files that they stand in. */
  readonly paths: readonly string[];
}

/** A file that lies in a directory of the trace and is not read, or not further. */
export interface LeftOutFile {
  /** `skipped-file`: it is no file of a trace; `read-error`: it may be one and cannot be read. */
  readonly code: 'skipped-file' | 'read-error';
  readonly path: string;
  /** Why, without the path: `it is a named pipe`. */
  readonly reason: string;
}

/** The inputs that belong to one trace, with what the report says about where they came from. */
export interface InputSet {
  readonly kind: 'file' | 'live' | 'stdin';
  /** As the user named them: a directory stays one path. */
  readonly paths: readonly string[];
  readonly inputs: readonly TraceInput[];
  /** Files of a directory that are none of its `-ff` files, or cannot be read. */
  readonly leftOut: readonly LeftOutFile[];
  /** Sentences for the user about how the paths were read: files left out, several sets in a directory. */
  readonly notices: readonly string[];
  /** Of a directory that `drover recipe` made. */
  readonly facts?: FactTexts;
}
