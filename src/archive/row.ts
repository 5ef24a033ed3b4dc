/**
 * One line of an archive: what a capture says as a whole (`capture`), one of its findings (`finding`), or a service
 * that was waited for in it (`dependency`). Every line has every column, in this order, null where the column means
 * nothing for it, so that a database finds the same types in each file. Names are a contract (`schema_version` 1): add,
 * never rename. Times are milliseconds; texts are masked as in every export.
 */
export interface ArchiveRow {
  readonly record: 'capture' | 'finding' | 'dependency';
  readonly schema_version: 1;
  /** Of the drover that judged. */
  readonly drover: string;
  /** `YYYY-MM-DD` in UTC: when the capture began; null when the trace has no date and nobody gave one. */
  readonly day: string | null;
  readonly host: string;
  /** The same for all lines of one capture, and for the same capture whenever the same drover reads it. */
  readonly capture: string;
  readonly file: string;
  /** Of a finding its own, else of the capture. ISO 8601 in UTC; null without a date. */
  readonly start_time: string | null;
  readonly end_time: string | null;
  /** How long the capture is; null without times. */
  readonly capture_ms: number | null;
  /** The server software of most of its processes; '' when the trace does not name it. */
  readonly server: string;
  /** Of the capture: how complete the data are. */
  readonly grade: 'good' | 'partial' | 'poor';
  readonly workers: number;
  /** Requests that they served; connections where requests cannot be read. */
  readonly served: number;
  /**
   * `critical`, `warning`, `info`, of a finding the worst of what came of it; of a capture that has none `none`; null
   * for a dependency.
   */
  readonly severity: string | null;
  /** How sure that is: `likely`, `possible`, `cannot-tell`; null for a dependency. */
  readonly confidence: string | null;
  /** The verdict, the finding in one line, or the name of the dependency. */
  readonly title: string;
  /** Id of the finding in its report: `loop-stall-1`. */
  readonly finding: string | null;
  readonly kind: string | null;
  /** The same for the same cause on whatever host and day. */
  readonly cause: string | null;
  /** Id of the finding that speaks for this one (the same cause in another worker, or what it came of). */
  readonly spoken_for_by: string | null;
  readonly request: string | null;
  /** Who was waited for: an address, a file, a lock; of a dependency its address. */
  readonly target: string | null;
  /** Where in the code of the application: `views.py:41 publish`. */
  readonly code: string | null;
  readonly protocol: string | null;
  /**
   * Stalls, failures, deaths… of the kind; waits for a dependency. A finding that speaks for others counts those that
   * are the same in other workers of its host: add only rows whose `spoken_for_by` is null.
   */
  readonly count: number | null;
  readonly total_ms: number | null;
  readonly longest_ms: number | null;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** 0 to 1, of what the kind is about. */
  readonly share: number | null;
  /** Failed connects, resets, time limits that ran out, of a dependency. */
  readonly failures: number | null;
}
