import type { Report } from './report.ts';

/** The report on the capture of one host. */
export interface HostReport {
  readonly host: string;
  readonly report: Report;
}

/** A capture of several that could not be read, and why. */
export interface UnreadCapture {
  readonly host: string;
  readonly path: string;
  readonly reason: string;
}
