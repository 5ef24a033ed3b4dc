import type { Activity, Now } from '../analysis/activity-types.ts';
import type { Report } from '../analysis/report.ts';

/** What the files of a capture at work do not tell. */
export interface OpenEnds {
  /** Lines behind the capture, of its format: who was seen in what, and in which code. */
  readonly lines: string;
  /** How long before the last look each thread was seen in something else, by number; nanoseconds. */
  readonly elsewhere: ReadonlyMap<number, number>;
  /** So long before the last record that was read others may be missing; nanoseconds, none unless given. */
  readonly unsettled?: number;
}

/** How far the reading is; the same object at every call, its properties are computed when asked for. */
export interface Progress {
  readonly bytesRead: number;
  /** Null while a pipe is among the inputs. */
  readonly sizeBytes: number | null;
  readonly lines: number;
  /** The report on what was read so far. */
  snapshot(): Report;
  /** The report on what goes on, with what stands behind the capture if it ended now. */
  open(ends: OpenEnds): Report;
  /** What each worker did so far; null unless the options ask for it. */
  activity(): Activity | null;
  /** What each worker is in at this moment, by pid. */
  now(): ReadonlyMap<number, Now>;
}

export interface DriveHooks {
  /** Called after each chunk. */
  readonly progress?: (progress: Progress) => void;
  /** A sentence for the user about an input that was left out. */
  readonly notice?: (sentence: string) => void;
}
