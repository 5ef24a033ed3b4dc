import { type Nanoseconds, SECOND, type TimeOrigin } from '../trace/time.ts';
import type { TimePoint } from './options.ts';

const DAY_SECONDS = 86_400;
/** Years that ISO 8601 writes with four digits. */
const FIRST_YEAR = -62_167_219_200_000;
const AFTER_LAST_YEAR = Date.UTC(10_000, 0);

/** ISO 8601 in UTC with microseconds; null when the trace has no date. */
export function isoTime(origin: TimeOrigin, at: Nanoseconds): string | null {
  if (origin.kind !== 'epoch' || origin.seconds === null) return null;
  const nanoseconds = origin.nanoseconds + at;
  const seconds = origin.seconds + Math.floor(nanoseconds / SECOND);
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  if (!hasDate(seconds * 1000)) return null;
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${String(Math.floor(rest / 1000)).padStart(6, '0')}Z`;
}

/**
 * Whether milliseconds since 1970 are a time. No server of the years before 0 or after 9999 was recorded: such a stamp
 * is damaged. (Beyond the year 275760 a Date has no value at all.)
 */
export function hasDate(milliseconds: number): boolean {
  return milliseconds >= FIRST_YEAR && milliseconds < AFTER_LAST_YEAR;
}

/** `HH:MM:SS.ffffff` on the clock of the trace; null when it has none. */
export function timeOfDay(origin: TimeOrigin, at: Nanoseconds): string | null {
  if ((origin.kind !== 'clock' && origin.kind !== 'clock-seconds') || origin.seconds === null) return null;
  const nanoseconds = origin.nanoseconds + at;
  const seconds = (((origin.seconds + Math.floor(nanoseconds / SECOND)) % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return (
    `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.` +
    `${String(Math.floor(rest / 1000)).padStart(6, '0')}`
  );
}

/** Seconds on a clock that tells no time of day, such as that of bpftrace; null for other clocks. */
export function monotonicSeconds(origin: TimeOrigin, at: Nanoseconds): number | null {
  if (origin.kind !== 'monotonic' || origin.seconds === null) return null;
  const seconds = Math.round((origin.seconds * SECOND + origin.nanoseconds + at) / 1_000) / 1e6;
  // Such a clock begins at 0 with the boot of the machine: what lies before is a damaged stamp, and no time.
  return seconds < 0 ? null : seconds;
}

/** A point that a user gave, on the axis of the trace; null when the trace has no such clock. */
export function traceTime(origin: TimeOrigin, point: TimePoint): Nanoseconds | null {
  if (point.kind === 'relative') return point.nanoseconds;
  if (origin.seconds === null) return null;
  if (point.kind === 'epoch')
    return origin.kind === 'epoch'
      ? (point.seconds - origin.seconds) * SECOND + point.nanoseconds - origin.nanoseconds
      : null;
  const startOfDay = (origin.seconds % DAY_SECONDS) * SECOND + origin.nanoseconds;
  if (origin.kind !== 'epoch' && origin.kind !== 'clock' && origin.kind !== 'clock-seconds') return null;
  // A time of day before the first event means the next day.
  const offset = point.nanoseconds - startOfDay;
  return offset < (-DAY_SECONDS * SECOND) / 2 ? offset + DAY_SECONDS * SECOND : offset;
}
