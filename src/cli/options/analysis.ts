import type { AnalysisOptions } from '../../analysis/options.ts';
import { isThreshold, THRESHOLDS, type ThresholdName } from '../../detectors/registry.ts';
import type { AnalyzeFlags } from './analyze.ts';
import { closest } from './closest.ts';
import { UsageError } from './usage-error.ts';

// Only actions load this: it brings all detectors, and they would cost `--help` 40 ms.

/** The threshold that `--stall-ms` sets. */
const STALL_THRESHOLD: ThresholdName = 'stall-ms';

/** What the flags ask of the analysis. Throws `UsageError` for thresholds that there are not. */
export function analysisOptions({
  pid,
  from,
  to,
  columns,
  html,
  threshold = {},
  stallMs,
}: AnalyzeFlags): AnalysisOptions {
  return {
    ...(pid === undefined ? {} : { pids: pid }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(columns === undefined ? {} : { columns }),
    // The page draws each worker over time.
    ...(html === undefined ? {} : { timeline: true }),
    thresholds: thresholdValues(threshold, stallMs),
  };
}

/** Checks names and values of `--threshold` and `--stall-ms`. */
function thresholdValues(given: Readonly<Record<string, string>>, stallMs: number | undefined): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [name, text] of Object.entries(given)) {
    if (!isThreshold(name)) {
      const meant = closest(name, Object.keys(THRESHOLDS));
      throw new UsageError(`There is no threshold "${name}".`, {
        hint: meant === undefined ? 'drover explain thresholds lists the names.' : `Did you mean ${meant}?`,
      });
    }
    const value = Number(text);
    const { default: usual, unit } = THRESHOLDS[name];
    if (!Number.isFinite(value) || value < 0)
      throw new UsageError(`"${text}" is no value for ${name}.`, {
        hint: `Give a number; the default is ${`${usual} ${unit}`.trim()}.`,
      });
    values[name] = value;
  }
  if (stallMs !== undefined) values[STALL_THRESHOLD] = stallMs;
  return values;
}
