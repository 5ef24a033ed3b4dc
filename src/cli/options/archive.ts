import type { ReportFlags } from './print.ts';
import { UsageError } from './usage-error.ts';

export const DATABASES = ['duckdb', 'clickhouse'] as const;

/** What `drover archive` was asked for. */
export interface ArchiveFlags extends Pick<ReportFlags, 'force' | 'quiet' | 'stallMs' | 'threshold'> {
  /** `YYYY-MM-DD`. */
  readonly day?: string;
  readonly sql?: (typeof DATABASES)[number];
}

/** A day as `YYYY-MM-DD`. Throws `UsageError`. */
export function parseDay(text: string): string {
  const date = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  if (date !== null && Number.isFinite(date.getTime()) && date.toISOString().startsWith(text)) return text;
  throw new UsageError(`--day ${text} is no day.`, { hint: 'Write year, month and day: --day 2026-11-26.' });
}
