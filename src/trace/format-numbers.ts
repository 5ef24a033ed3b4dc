import { MICROSECOND, MILLISECOND, type Nanoseconds } from './time.ts';

// Every number that people read is written here, so that the sentence and the table beside it agree. From 10 on a
// number is whole, below it has two decimals: further digits of a measurement are noise. Seconds always have two
// decimals, a time under 1 ms has microseconds (the finest that a tracer prints), a share one decimal more. From one
// hour on a time has hours and minutes, or days and hours: nobody reads `345,599.96 s`.

const HOUR_MS = 3_600_000;

/** Commas between thousands: `1,204,331`; `?` for what is no number. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return '?';
  // Intl takes 20 ms to load.
  const [whole = '0', fraction] = String(value).split('.');
  return `${whole.replace(/\B(?=(?:\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A count and its noun in the right number: `1 connection`, `48,211 connections`. */
export function plural(value: number, singular: string, many = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : many}`;
}

/** Two decimals at most, two digits for what is smaller than 0.01: `3.33`, `13.25`, `0.0021`. */
export function ratio(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 0.01 ? value.toPrecision(2) : String(Number(value.toFixed(2)));
}

/**
 * A part of a whole (0 to 1) in per cent, three digits: `41.7 %`, `3.25 %`. Only the whole is `100 %`: a share that
 * just misses a threshold must not read as if it reached it.
 */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 99.9 && value < 100) return '99.9 %';
  return `${value >= 9.995 ? round(value, 1) : ratio(value)} %`;
}

/** `0.012 ms`, `2.41 ms`, `48 ms`, `840 ms`, `2.41 s`, `3,599.00 s`, `1 h 11 min`, `2 d 3 h`. */
export function duration(value: Nanoseconds): string {
  const ms = value / MILLISECOND;
  const size = Math.abs(ms);
  if (size >= HOUR_MS) return `${ms < 0 ? '-' : ''}${hoursOf(size)}`;
  // 999.6 ms would otherwise read "1000 ms".
  if (size >= 999.5) return `${seconds(ms / 1000)} s`;
  if (size >= 1 || size === 0) return `${figure(ms)} ms`;
  return size < 0.001 ? 'under 0.001 ms' : `${Number(ms.toFixed(3))} ms`;
}

/** The same of milliseconds, as reports carry them; `-` for null. */
export function durationOfMs(milliseconds: number | null): string {
  return milliseconds === null || !Number.isFinite(milliseconds) ? '-' : duration(milliseconds * MILLISECOND);
}

/** Whole minutes of a time below two days, whole hours of a longer one: never more than has passed. */
function hoursOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `54 µs`: for what is always short. */
export function microseconds(value: Nanoseconds): string {
  return `${figure(value / MICROSECOND)} µs`;
}

/** `53 MB`, `1.4 GB`: of 1,000,000 bytes. */
export function megabytes(bytes: number): string {
  return bytes >= 999.5e6 ? `${figure(bytes / 1e9)} GB` : `${figure(bytes / 1e6)} MB`;
}

/** `512 MB`: of 1,048,576 bytes, the unit of `--max-spool`, rounded down as what is left of a limit must be. */
export function mebibytes(bytes: number): string {
  const value = bytes / 1_048_576;
  return `${value >= 10 ? count(Math.floor(value)) : ratio(Math.floor(value * 100) / 100)} MB`;
}

/** `406 bytes`, `10 kB`, `53 MB`: what a file has, in the units of `mebibytes`. */
export function fileSize(bytes: number): string {
  if (bytes < 1_024) return plural(bytes, 'byte');
  return bytes < 1_048_576 ? `${count(Math.floor(bytes / 1_024))} kB` : mebibytes(bytes);
}

/** Milliseconds with three decimals, for metrics. */
export function milliseconds(value: Nanoseconds): number {
  return round(value / MILLISECOND, 3);
}

/** A number with exactly so many decimals: `0.300`, for clocks and for what changes while one looks. */
export function decimals(value: number, digits: number): string {
  return value.toFixed(digits);
}

/** A number rounded to so many digits: 1,234 with two digits is 1,200. */
export function significant(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** Per cent (0 to 100) as a whole number without its sign, for a column that is named so: `42`; `-` for null. */
export function wholePercent(value: number | null): string {
  return value === null ? '-' : value.toFixed(0);
}

/** `613 k lines`, `1.9 M lines`: how many are read, while more are read. */
export function linesSoFar(lines: number): string {
  return lines < 1_000_000 ? `${Math.floor(lines / 1_000)} k lines` : `${(lines / 1_000_000).toFixed(1)} M lines`;
}

/** A number with so many decimals at most, for metrics. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function figure(value: number): string {
  return Math.abs(value) >= 9.995 ? count(Number(value.toFixed(0))) : ratio(value);
}

function seconds(value: number): string {
  const [whole = '0', hundredths = '00'] = value.toFixed(2).split('.');
  return `${count(Number(whole))}.${hundredths}`;
}
