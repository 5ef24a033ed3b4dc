import type { ReportFlags } from './print.ts';

/** What `drover diff` was asked for. */
export type DiffFlags = Omit<ReportFlags, 'ndjson' | 'pid' | 'verbose'>;
