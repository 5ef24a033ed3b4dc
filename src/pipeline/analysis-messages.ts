import type { Activity, Now } from '../analysis/activity.ts';
import type { AnalysisOptions } from '../analysis/options.ts';
import type { Finding, Report } from '../analysis/report.ts';
import type { SourceDiagnostic } from '../sources/trace-input.ts';
import type { OpenEnds } from './progress.ts';

/** What the analysis thread is started with. */
export interface AnalysisTask {
  readonly paths: readonly string[];
  readonly options: AnalysisOptions;
  /** One word: not zero asks to stop reading and to report on what was read. */
  readonly stop: Int32Array;
  /**
   * Not `file`: the only path is a file that still grows, of a tracer at work, of standard input, or (`followed`) one
   * that somebody else writes; it is followed until an `AnalysisEnd` arrives, or `stop` is set.
   */
  readonly kind: 'file' | 'live' | 'stdin' | 'followed';
  /** A path that leads to what grows, where its name does not yet. */
  readonly opened?: string;
}

/** What is told to the analysis of a capture at work. */
export type AnalysisTold = AnalysisEnd | AnalysisSights;

/** What would stand behind the capture if it ended now. */
export interface AnalysisSights extends OpenEnds {
  readonly kind: 'sights';
  /** The last line of the capture is of a call that goes on, and not one that is being written. */
  readonly lastIsOpen: boolean;
  /** Somebody is away from its wait for so long that the capture so far is worth a report of its own. */
  readonly isAway: boolean;
}

/** Nobody writes to the spool any more. */
export interface AnalysisEnd {
  readonly kind: 'end';
  readonly diagnostics: readonly SourceDiagnostic[];
}

export interface ReadSoFar {
  readonly bytesRead: number;
  /** Null while a pipe is among the inputs. */
  readonly sizeBytes: number | null;
  readonly lines: number;
}

/** A report with the picture of the workers, of all that was read or of the beginning. */
export interface Picture {
  readonly report: Report;
  readonly activity: Activity | null;
  /** Findings that go on, as a report would have them if the capture ended now; left out where nobody asked. */
  readonly open?: readonly Finding[];
}

export type AnalysisMessage =
  | { readonly kind: 'progress'; readonly read: ReadSoFar }
  /** Live: what each worker is in at this moment, by pid; more often than reports. */
  | { readonly kind: 'now'; readonly workers: ReadonlyMap<number, Now> }
  /**
   * Live: what goes on, as the open findings of a report of its own; null where nothing does any more. More often than
   * other reports.
   */
  | { readonly kind: 'open'; readonly report: Report | null }
  | { readonly kind: 'notice'; readonly sentence: string }
  | { readonly kind: 'snapshot'; readonly read: ReadSoFar; readonly picture: Picture }
  | { readonly kind: 'done'; readonly read: ReadSoFar; readonly picture: Picture; readonly stopped: boolean }
  /** `isInput`: the input cannot be read or is no trace, which the user can mend. */
  | {
      readonly kind: 'failed';
      readonly isInput: boolean;
      readonly message: string;
      readonly hint: string;
      readonly stack: string;
    };

/** How messages leave the thread: what was told last and still holds is not copied again. */
export type ThreadMessage =
  | AnalysisMessage
  | { readonly kind: 'same-now' }
  | { readonly kind: 'same-picture'; readonly read: ReadSoFar };
