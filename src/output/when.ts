import type { Stamp } from '../../parsers/format.ts';
import type { Finding, Report, Window } from '../analysis/report.ts';
import { decimals } from '../trace/format-numbers.ts';
import type { LineNotation } from './trace-line.ts';

const ISO = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z?$/;
const TIME_OF_DAY = /^(\d{2}):(\d{2}):(\d{2})(\.\d+)?$/;
const DAY_MS = 86_400_000;

/**
 * A point of the trace with milliseconds: `02:13:32.104` when the trace has a clock (with the date in front, or `+1 d`
 * behind, on another day than its start), else `+3.204 s` from its first event; `unknown` without times.
 */
export function moment(window: Window, milliseconds: number | null, time: string | null): string {
  if (time !== null) return wallClock(window, time);
  if (milliseconds === null || !Number.isFinite(milliseconds)) return 'unknown';
  const origin = Date.parse(window.startTime ?? '') - window.startMs;
  if (Number.isFinite(origin + milliseconds) && Math.abs(milliseconds) < 1e15)
    return wallClock(window, new Date(origin + milliseconds).toISOString());
  const start = TIME_OF_DAY.exec(window.timeOfDay ?? '');
  if (start === null) return `${milliseconds < 0 ? '-' : '+'}${decimals(Math.abs(milliseconds) / 1000, 3)} s`;
  const startMs = (Number(start[1]) * 3600 + Number(start[2]) * 60 + Number(start[3]) + Number(start[4] ?? 0)) * 1000;
  const whole = Math.floor(startMs - window.startMs + milliseconds + 1e-6);
  const days = Math.floor(whole / DAY_MS);
  const clock = new Date(whole - days * DAY_MS).toISOString().slice(11, 23);
  return days === 0 ? clock : `${clock} ${days > 0 ? '+' : ''}${days} d`;
}

/**
 * The time that a line of the trace shows, as `moment` writes it but with microseconds: `02:13:32.104113`; null where
 * the window has no such clock.
 */
export function momentOfStamp(window: Window, { clock, seconds }: Stamp): string | null {
  const { startTime, timeOfDay, monotonicSeconds, startMs } = window;
  if (clock === 'monotonic') {
    if (monotonicSeconds === null) return null;
    const offset = seconds - monotonicSeconds + startMs / 1000;
    return `${offset < 0 ? '-' : '+'}${decimals(Math.abs(offset), 6)} s`;
  }
  if ((clock === 'epoch' ? startTime : timeOfDay) === null) return null;
  // Half a microsecond: a double does not hold the seconds since 1970 to the microsecond.
  const micros = Math.floor(seconds * 1e6 + 0.5);
  const milliseconds = new Date(Math.floor(micros / 1000));
  if (Number.isNaN(milliseconds.getTime())) return null;
  const time = milliseconds.toISOString();
  const shown = clock === 'epoch' ? wallClock(window, time) : time.slice(11, 23);
  return `${shown}${String(micros % 1000).padStart(3, '0')}`;
}

/** What the clock of the lines shows where the window begins; null for a trace without times. */
export function startOf({
  startTime,
  timeOfDay,
  monotonicSeconds,
}: Omit<Window, 'endTime' | 'durationMs'>): Stamp | null {
  const [, whole, micros = ''] = /^(.*\.\d{3})(\d*)Z$/.exec(startTime ?? '') ?? [];
  if (whole !== undefined)
    return { clock: 'epoch', seconds: Date.parse(`${whole}Z`) / 1000 + Number(micros.padEnd(3, '0')) / 1e6 };
  const [, hours, minutes, seconds, fraction = ''] = TIME_OF_DAY.exec(timeOfDay ?? '') ?? [];
  if (seconds !== undefined)
    return { clock: 'day', seconds: Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds + fraction) };
  return monotonicSeconds === null ? null : { clock: 'monotonic', seconds: monotonicSeconds };
}

/** How the lines of a report are shown. */
export function notationOf({
  source,
  window,
}: {
  readonly source: Pick<Report['source'], 'format'>;
  readonly window: Window;
}): LineNotation {
  return { format: source.format, timeOf: (stamp) => momentOfStamp(window, stamp) };
}

/** When a finding was, in words: `02:13:32.104 to 02:13:51.220 UTC`. */
export function period(window: Window, finding: Finding): string {
  const start = moment(window, finding.startMs, finding.startTime);
  const end = moment(window, finding.endMs, finding.endTime);
  const name = clockName(window);
  const clock = name === '' ? '' : ` ${name}`;
  if (start === 'unknown') return finding.openEnded ? 'still so when the capture ended' : 'no times in this trace';
  if (finding.openEnded) return `${start}${clock} to the end of the capture`;
  if (end === 'unknown' || end === start) return `at ${start}${clock}`;
  return `${start} to ${end}${clock}`;
}

/**
 * The date and span of the whole trace, UTC where it has a date: `2026-11-20 02:13:29.123 to 02:14:27.323 UTC`; empty
 * without times.
 */
export function span(window: Window): string {
  if (window.startTime !== null) {
    const end = window.endTime === null ? '' : ` to ${wallClock(window, window.endTime)}`;
    return `${wallClock({ ...window, startTime: null }, window.startTime)}${end} UTC`;
  }
  if (window.timeOfDay === null) return '';
  const end = window.durationMs === null ? '' : ` to ${moment(window, window.durationMs, null)}`;
  return `${moment(window, 0, null)}${end} (trace clock, no date)`;
}

/** What `moment` counts: `UTC` when the trace has a date, `trace clock` for a time of day alone, else empty. */
function clockName(window: Window): string {
  if (window.startTime !== null) return 'UTC';
  return window.timeOfDay === null ? '' : 'trace clock';
}

function wallClock(window: Window, time: string): string {
  const [, date, clock, fraction = ''] = ISO.exec(time) ?? [];
  if (date === undefined || clock === undefined) return time;
  const stamp = `${clock}.${fraction.slice(1, 4).padEnd(3, '0')}`;
  return window.startTime?.startsWith(date) ? stamp : `${date} ${stamp}`;
}
