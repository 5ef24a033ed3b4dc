import { MILLISECOND, type Nanoseconds } from '../trace/time.ts';

/** `48,211`. */
export function count(value: number): string {
  // Intl takes 20 ms to load.
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 connection`, `48,211 connections`. */
export function plural(value: number, singular: string, many = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : many}`;
}

/** Two decimals at most, more for small numbers: `3.33`, `0.0021`. */
export function ratio(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) < 0.01 ? value.toPrecision(2) : String(Number(value.toFixed(2)));
}

/** Milliseconds with three decimals, for metrics. */
export function milliseconds(value: Nanoseconds): number {
  return round(value / MILLISECOND, 3);
}

/** `840 ms`, `2.41 s`: as sentences say it. */
export function duration(value: Nanoseconds): string {
  const ms = value / MILLISECOND;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 10) return `${ms.toFixed(0)} ms`;
  return `${ratio(ms)} ms`;
}

/** `53 MB`, `1.4 GB`: of 1,000,000 bytes. */
export function megabytes(bytes: number): string {
  if (bytes >= 999.5e6) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${bytes >= 9.95e6 ? (bytes / 1e6).toFixed(0) : ratio(bytes / 1e6)} MB`;
}

/** `Worker 4711`; a capture without pids names nobody. */
export function workerName(pid: number): string {
  return pid === 0 ? 'The worker' : `Worker ${pid}`;
}

/** So many reasons of one outcome are written out: a capture may hold a hundred thousand listeners. */
const MOST_REASONS = 10;

/** Why an outcome is what it is, for each listener or address: the first ones, and how many more there are. */
export function reasonsOf(reasons: Iterable<string>): string {
  const all = [...reasons];
  const shown = all.slice(0, MOST_REASONS);
  return [...shown, ...(all.length > shown.length ? [`and ${count(all.length - shown.length)} more`] : [])].join('; ');
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
