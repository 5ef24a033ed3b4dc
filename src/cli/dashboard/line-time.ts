import type { RawLines, Stamp } from '../../../parsers/format.ts';
import { rawLinesOf } from '../../../parsers/registry.ts';
import type { Window } from '../../analysis/report.ts';

/** What the times in the lines of a trace count from, and the format that finds them. */
export interface TraceClock {
  readonly start: Stamp;
  readonly lines: RawLines;
}

const DAY = /^(\d\d):(\d\d):(\d\d(?:\.\d{1,9})?)$/;
const DAY_SECONDS = 86_400;

/** The clock that counts from this moment, or null for a trace without times. `format` is that of the report. */
export function traceClock(
  { startTime, timeOfDay }: Pick<Window, 'startTime' | 'timeOfDay'>,
  format: string,
): TraceClock | null {
  const lines = rawLinesOf(format);
  if (startTime !== null) return { start: { clock: 'epoch', seconds: Date.parse(startTime) / 1000 }, lines };
  const [, hours, minutes, seconds] = DAY.exec(timeOfDay ?? '') ?? [];
  if (seconds === undefined) return null;
  return { start: { clock: 'day', seconds: Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds) }, lines };
}

/** Milliseconds from the start of the trace to the time that a raw line shows; null when it shows none. */
export function lineTime({ start, lines }: TraceClock, text: string): number | null {
  const stamp = lines.stamp(text);
  if (stamp?.clock !== start.clock) return null;
  const offset = stamp.seconds - start.seconds;
  const isNextDay = start.clock === 'day' && offset < -DAY_SECONDS / 2;
  return Math.round((isNextDay ? offset + DAY_SECONDS : offset) * 1e6) / 1e3;
}
