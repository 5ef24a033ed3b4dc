import type { AnalysisOptions } from './analysis/options.ts';
import type { Report } from './analysis/report.ts';
import { analyzeInputs, type DriveHooks } from './drive.ts';
import { openInputs } from './sources/open-inputs.ts';

export type { AnalysisOptions, TimePoint } from './analysis/options.ts';
export type {
  Diagnostic,
  Evidence,
  Finding,
  Kind,
  Metric,
  Outcome,
  Report,
  Severity,
  Step,
  Sureness,
  Verdict,
  Worker,
} from './analysis/report.ts';
export type { DriveHooks, Progress } from './drive.ts';
export { InputError } from './sources/input-error.ts';

/** Reads files, directories of `strace -ff` files, or stdin (`-`) as one trace and reports on it. Throws `InputError` when they cannot be read. */
export async function analyzeFiles(paths: readonly string[], options: AnalysisOptions = {}, hooks: DriveHooks = {}): Promise<Report> {
  return analyzeInputs(openInputs(paths), options, hooks);
}
