import { isThreshold, THRESHOLDS, type ThresholdName } from '../../detectors/registry.ts';
import { UsageError } from '../usage-error.ts';
import { closest } from './closest.ts';

/** The threshold that `--stall-ms` sets. */
const STALL_THRESHOLD: ThresholdName = 'stall-ms';

/** Checks names and values of `--threshold` and `--stall-ms`. Throws `UsageError`. */
export function thresholdValues(
  given: Readonly<Record<string, string>>,
  stallMs: number | undefined,
): Record<string, number> {
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
