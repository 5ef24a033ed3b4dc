import type { Nanoseconds, TimeOrigin } from '../trace/time.ts';
import type { TimelineSink } from '../trace/timeline-sink.ts';
import type { Report } from './report.ts';

/** A point of trace time as a user gives it with `--from` and `--to`. */
export type TimePoint =
  /** Seconds since 1970, from a number or an ISO 8601 time. */
  | { readonly kind: 'epoch'; readonly seconds: number; readonly nanoseconds: number }
  /** `02:13:37.5`: the time of day of the trace's own clock, for epoch traces in UTC. */
  | { readonly kind: 'clock'; readonly nanoseconds: Nanoseconds }
  /** `+12.4s`: since the first event. */
  | { readonly kind: 'relative'; readonly nanoseconds: Nanoseconds };

/** What writes a timeline while captures are read, one after the other. */
export interface Timelines extends TimelineSink {
  /** The capture of a host begins; '' where there is one only. */
  beginHost(host: string): void;
  /** Its times count from there. Told before the first of them. */
  beginClock(origin: TimeOrigin): void;
  /** Its findings, whose times count from `zero` on the axis of the trace. */
  judged(report: Report, zero: Nanoseconds): void;
}

export interface AnalysisOptions {
  readonly from?: TimePoint;
  readonly to?: TimePoint;
  /** Report only on these processes; all others are still followed. */
  readonly pids?: readonly number[];
  /** By name, in the unit of the threshold; unset ones have their defaults (`drover explain thresholds`). */
  readonly thresholds?: Readonly<Record<string, number>>;
  /**
   * What the columns of text are that somebody's own bpftrace program printed, in order: `ts`, `pid`, `tid`, `comm`,
   * `call` (or `nr`), `fd`, `ret`, `dur`; `_` for what is not read; `ts` and `dur` may have a unit (`dur:us`).
   */
  readonly columns?: readonly string[];
  /**
   * Also keeps what a dashboard draws: each worker over time, and calls by what they were made on. Takes time and some
   * memory.
   */
  readonly activity?: boolean;
  /** Also tells what each worker did over time: `timeline` of the report. Takes as much. */
  readonly timeline?: boolean;
  /** Where what each thread did goes, event by event: for files that are read once, from beginning to end. */
  readonly events?: Timelines;
  /** The trace still grows: that nothing was heard of a thread for a while does not mean that it made no call. */
  readonly growing?: boolean;
  /** Whoever reads the report watches a capture that goes on: its sentences speak of now, and not of its end. */
  readonly goesOn?: boolean;
}
