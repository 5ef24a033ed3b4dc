import type { RawLines, Stamp } from '../../../parsers/format.ts';
import { rawLinesOf } from '../../../parsers/registry.ts';
import { startOf } from '../../output/when.ts';

/** What the times in the lines of a trace count from, and the format that finds them. */
export interface TraceClock {
  readonly start: Stamp;
  readonly lines: RawLines;
}

const DAY_SECONDS = 86_400;

/** The clock that counts from this moment, or null for a trace without times. `format` is that of the report. */
export function traceClock(zero: Parameters<typeof startOf>[0], format: string): TraceClock | null {
  const start = startOf(zero);
  return start === null ? null : { start, lines: rawLinesOf(format) };
}

/** Milliseconds from the start of the capture to the time that a raw line shows; null when it shows none. */
export function lineTime({ start, lines }: TraceClock, text: string): number | null {
  const stamp = lines.stamp(text);
  if (stamp?.clock !== start.clock) return null;
  const offset = stamp.seconds - start.seconds;
  const isNextDay = start.clock === 'day' && offset < -DAY_SECONDS / 2;
  return Math.round((isNextDay ? offset + DAY_SECONDS : offset) * 1e6) / 1e3;
}
