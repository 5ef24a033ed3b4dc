import type { Confidence, Kind, Severity } from '../analysis/report.ts';

/**
 * What has changed from one report to another: the one object that text, JSON and Markdown are views of. Plain data.
 * Names are a contract (schemaVersion 1): add, never rename. Titles come from traces: views must escape them.
 */
export interface Comparison {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'drover'; readonly version: string };
  readonly before: Side;
  readonly after: Side;
  readonly verdict: {
    readonly outcome: ComparisonOutcome;
    /** `possible`: what changed was so rare in either capture that chance may have done it. */
    readonly confidence: Confidence;
    /** One sentence. */
    readonly text: string;
  };
  /** Worse first, then new, then what cannot be told, then what is better or gone, then the same; infos at the end. */
  readonly causes: readonly CauseChange[];
  /** What else is different, one sentence each: it may be why causes changed. */
  readonly conditions: readonly string[];
  /** What to do for a comparison that says more; none where nothing would. */
  readonly next: readonly string[];
}

/** `mixed`: some causes are worse and others are better. */
export type ComparisonOutcome = 'better' | 'worse' | 'mixed' | 'same' | 'cannot-tell';

/** One of the two reports. */
export interface Side {
  readonly paths: readonly string[];
  /** Software of the servers: `gunicorn`, `nginx`. */
  readonly servers: readonly string[];
  readonly format: string;
  readonly durationMs: number | null;
  /** Processes that serve. */
  readonly workers: number;
  /** Requests, or connections where requests cannot be read. */
  readonly served: number;
  readonly servedPerSecond: number | null;
  readonly grade: 'good' | 'partial' | 'poor';
}

/** `unclear`: one of the captures has it, and the other one could not have shown it. */
export type Change = 'new' | 'worse' | 'unclear' | 'better' | 'gone' | 'same';

/** A cause in both reports, or in one of them; also what came of a cause that both have. */
export interface CauseChange {
  readonly kind: Kind;
  readonly change: Change;
  /**
   * Of what only one capture has: `possible` where it is too rare to tell from chance, but took much of the time, and
   * `cannot-tell` where it is rare and took little.
   */
  readonly confidence: Confidence;
  /** How bad the cause is where it is worst. */
  readonly severity: Severity;
  /** As the newer of the reports that have the cause calls it. */
  readonly title: string;
  /** Why this is so, or why it cannot be told: one sentence. */
  readonly reason: string;
  readonly before: Amount | null;
  readonly after: Amount | null;
}

/** How much there is of a cause in one report. */
export interface Amount {
  /** The finding that speaks for the cause in that report. */
  readonly id: string;
  readonly severity: Severity;
  /** null where the kind is not counted. */
  readonly count: number | null;
  /** The same per 1,000 requests, or per minute: whatever `rate` says. */
  readonly rate: number | null;
  readonly per: 'thousand-requests' | 'minute' | null;
  readonly totalMs: number | null;
  readonly longestMs: number | null;
  /** 0 to 1; null where the kind has none. */
  readonly share: number | null;
}
