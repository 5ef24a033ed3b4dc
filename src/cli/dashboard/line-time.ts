import type { Window } from '../../analysis/report.ts';

/** What the times in the lines of a trace count from. */
export type TraceClock =
  | { readonly kind: 'epoch'; readonly startMs: number }
  | { readonly kind: 'day'; readonly startMs: number };

const EPOCH = /(?:^|[\s\]])(\d{9,11})\.(\d{3,9})\s/;
const DAY = /(?:^|[\s\]])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s/;
const DAY_MS = 86_400_000;

/** The clock that counts from this moment, or null for a trace without times. */
export function traceClock({ startTime, timeOfDay }: Pick<Window, 'startTime' | 'timeOfDay'>): TraceClock | null {
  if (startTime !== null) return { kind: 'epoch', startMs: Date.parse(startTime) };
  const day = DAY.exec(`${timeOfDay ?? ''} `);
  return day === null ? null : { kind: 'day', startMs: dayMs(day) };
}

/**
 * Milliseconds from the start of the trace to the time that a raw line shows near its beginning; null when it shows
 * none.
 */
export function lineTime(clock: TraceClock, text: string): number | null {
  const head = text.slice(0, 60);
  if (clock.kind === 'epoch') {
    const match = EPOCH.exec(head);
    return match === null ? null : Number(match[1]) * 1000 + Number(`0.${match[2]}`) * 1000 - clock.startMs;
  }
  const match = DAY.exec(head);
  if (match === null) return null;
  const offset = dayMs(match) - clock.startMs;
  return offset < -DAY_MS / 2 ? offset + DAY_MS : offset;
}

function dayMs([, hours, minutes, seconds, fraction = '0']: RegExpExecArray): number {
  return Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(`0.${fraction}`) * 1000;
}
