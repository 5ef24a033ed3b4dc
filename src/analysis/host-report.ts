import type { Report } from './report.ts';

/** The report on the capture of one host. */
export interface HostReport {
  readonly host: string;
  readonly report: Report;
}
