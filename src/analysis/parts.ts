import type { Capabilities } from '../detectors/capabilities.ts';
import type { DraftFinding, Outcome } from '../detectors/finding.ts';
import type { Kind } from '../detectors/registry.ts';
import type { Model } from '../model/model.ts';
import type { CaptureFacts } from '../trace/capture-facts.ts';
import type { Call, Cost } from '../trace/record.ts';
import type { TimeOrigin } from '../trace/time.ts';
import type { Doubts } from './doubts.ts';
import type { AnalysisOptions } from './options.ts';
import type { Source } from './report.ts';

/** What the reading side knows when a report is asked for. */
export interface InputFacts {
  readonly source: Source;
  /** The tracer stopped threads at every call. */
  readonly stopsThreads: boolean;
  /** A call was printed in two halves, since others were printed before it had returned. */
  readonly splitsCalls: boolean;
  readonly toolVersion: string;
  readonly lines: number;
  readonly unparsedLines: number;
  readonly lostEvents: number;
  /** Counted diagnostics of the parsers and sources, by code. */
  readonly diagnostics: ReadonlyMap<
    string,
    {
      readonly code: string;
      readonly count: number;
      readonly samples: readonly { readonly file: string; readonly line: number; readonly text: string }[];
    }
  >;
  /** Calls that had not returned when the bytes ended. */
  readonly inFlight: Iterable<Call>;
}

/** What a detector drafted, with the kind that the runner puts on it. */
export interface Draft extends DraftFinding {
  readonly kind: Kind;
  /** It would be worse if the capture held everything. */
  readonly isDemoted?: boolean;
}

/** All that a report is put together from. */
export interface Parts {
  readonly facts: InputFacts;
  readonly model: Model;
  readonly origin: TimeOrigin;
  readonly options: AnalysisOptions;
  readonly capabilities: Capabilities;
  readonly outcomes: Readonly<Partial<Record<Kind, Outcome>>>;
  readonly doubts: Doubts;
  readonly drafts: readonly Draft[];
  readonly events: number;
  /** What tracing cost, where drover traced. */
  readonly cost: Cost | null;
  /** What stands beside the trace about its host. */
  readonly noted: CaptureFacts | null;
}
