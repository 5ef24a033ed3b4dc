import type { AnalysisOptions } from '../../analysis/options.ts';
import type { ReportFlags } from './print.ts';
import { thresholdValues } from './thresholds.ts';

// In a file of its own: thresholds stand with the detectors, and what declares options must not load those (40 ms of
// `--help`).

/** What the flags ask of the analysis. Throws `UsageError` for thresholds that there are not. */
export function analysisOptions(flags: ReportFlags): AnalysisOptions {
  return {
    ...(flags.pid === undefined ? {} : { pids: flags.pid }),
    thresholds: thresholdValues(flags.threshold ?? {}, flags.stallMs),
  };
}
