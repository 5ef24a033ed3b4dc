import type { AnalysisOptions } from './analysis/options.ts';
import type { Report } from './analysis/report.ts';
import { analyzeInputs } from './pipeline/analyze-inputs.ts';
import type { DriveHooks } from './pipeline/progress.ts';
import { openInputs } from './sources/open-inputs.ts';

export type { Activity, CallTarget, Now, WorkerActivity } from './analysis/activity-types.ts';
export type { AnalysisOptions, TimePoint } from './analysis/options.ts';
export type {
  CallStatistics,
  Confidence,
  Diagnostic,
  Evidence,
  Finding,
  Kind,
  Metric,
  Omitted,
  Outcome,
  Quality,
  Report,
  Severity,
  Source,
  Step,
  Verdict,
  Window,
  Worker,
} from './analysis/report.ts';
export { type JsonOptions, renderJson, renderNdjson } from './output/json.ts';
export { type MarkdownOptions, renderMarkdown } from './output/markdown.ts';
export type { DriveHooks, Progress } from './pipeline/progress.ts';
export { InputError } from './sources/input-error-class.ts';

/**
 * Reads files, directories of `strace -ff` files, or stdin (`-`) as one trace and reports on it. Throws `InputError`
 * when they cannot be read.
 */
export async function analyzeFiles(
  paths: readonly string[],
  options: AnalysisOptions = {},
  hooks: DriveHooks = {},
): Promise<Report> {
  return analyzeInputs(openInputs(paths), options, hooks);
}
