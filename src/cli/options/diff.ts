import type { ReportFlags } from './print.ts';

/** What `drover diff` was asked for. */
export type DiffFlags = Omit<ReportFlags, 'html' | 'ndjson' | 'pid' | 'verbose'>;
