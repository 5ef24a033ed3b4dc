import type { AnalysisOptions } from './analysis/options.ts';
import type { Report } from './analysis/report.ts';
import type { ArchiveRow } from './archive/row.ts';
import { type Origin, rowsOf } from './archive/rows.ts';
import { renderHtml as htmlOf } from './output/html/html.ts';
import { renderJson as jsonOf } from './output/json.ts';
import { renderMarkdown as markdownOf } from './output/markdown.ts';
import { renderOpenMetrics as openMetricsOf } from './output/openmetrics.ts';
import { redactReport } from './output/redact.ts';
import { renderText as textOf } from './output/text.ts';
import { analyzeCaptures } from './pipeline/analyze-captures.ts';
import type { DriveHooks } from './pipeline/progress.ts';
import { openCaptures } from './sources/open-captures.ts';

export type { Activity, CallTarget, Now, WorkerActivity } from './analysis/activity-types.ts';
export type { AnalysisOptions, TimePoint } from './analysis/options.ts';
export type {
  AtEnd,
  CallStatistics,
  Confidence,
  Dependency,
  Diagnostic,
  Evidence,
  Finding,
  Host,
  HostRequest,
  Kind,
  Metric,
  Omitted,
  Outcome,
  Place,
  Quality,
  Report,
  RequestActivity,
  Severity,
  SlowReplies,
  Source,
  Step,
  Timeline,
  TimelineRow,
  TimeShare,
  TracingCost,
  Verdict,
  Window,
  Worker,
} from './analysis/report.ts';
export type { ArchiveRow } from './archive/row.ts';
export type { Origin } from './archive/rows.ts';
export { compareReports } from './comparison/compare.ts';
export type { Amount, CauseChange, Change, Comparison, ComparisonOutcome, Side } from './comparison/comparison.ts';
export type { DriveHooks, Progress } from './pipeline/progress.ts';
export { InputError } from './sources/input-error-class.ts';

/**
 * Reads files, directories of `strace -ff` files, or stdin (`-`) and reports on them. Files of one `strace -ff`
 * (NAME.PID) and those of one directory are one trace; every other file is that of a host of its own. Throws
 * `InputError` when they cannot be read.
 */
export async function analyzeFiles(
  paths: readonly string[],
  options: AnalysisOptions = {},
  hooks: DriveHooks = {},
): Promise<Report> {
  return analyzeCaptures(openCaptures(paths), options, hooks);
}

export interface RenderOptions {
  /** Masks nothing: query strings, contents of reads and writes. */
  readonly withPayload?: boolean;
}

export interface TextRenderOptions extends RenderOptions {
  /** Columns; 100 unless given. */
  readonly width?: number;
  readonly colour?: boolean;
  readonly ascii?: boolean;
  /** 0: what to act on. 1: all findings in full. 2: also every row of every table. */
  readonly verbose?: 0 | 1 | 2;
}

/** The report as text for a terminal, as `drover analyze` prints it. */
export function renderText(
  report: Report,
  { width = 100, colour = false, ascii = false, verbose = 0, withPayload = false }: TextRenderOptions = {},
): string {
  return textOf(report, { width, colour, ascii, verbose, withPayload });
}

/** The report as one JSON document, as `--json` prints it; `report.schema.json` describes it. */
export function renderJson(report: Report, options: RenderOptions = {}): string {
  return jsonOf(report, options);
}

/** The report as a note to paste into an incident, as `--md` prints it. */
export function renderMarkdown(report: Report, options: RenderOptions = {}): string {
  return markdownOf(report, options);
}

/**
 * The report as one HTML page, as `--html` writes it: under 1 MB, needs no network. It shows each worker over time
 * where the report was made with `timeline`.
 */
export function renderHtml(report: Report, options: RenderOptions = {}): string {
  return htmlOf(report, options);
}

/** The report as rows for a database, as `drover archive` keeps them; masked unless asked. */
export function archiveRows(
  report: Report,
  { withPayload = false, ...origin }: RenderOptions & Origin,
): readonly ArchiveRow[] {
  return rowsOf(withPayload ? report : redactReport(report), origin);
}

/** The figures of the report as gauges for Prometheus, as `--openmetrics` writes them. */
export function renderOpenMetrics(report: Report): string {
  return openMetricsOf(report);
}
