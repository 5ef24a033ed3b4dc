import type { Finding, Report } from '../../analysis/report.ts';
import type { Picture } from '../../pipeline/analysis-messages.ts';

/**
 * What a report of its own found open, as findings of the last picture. Their times count from the first event, and
 * that report may know of an earlier one: what a thread was in before the capture began.
 */
export function openInPicture(report: Report, { report: { window }, activity }: Picture): readonly Finding[] {
  const open = report.findings.filter(({ openEnded }) => openEnded);
  const zero = activity?.zero ?? window;
  const later = startOf(report.window) - startOf(zero);
  if (!Number.isFinite(later) || later === 0) return open;
  return open.map((finding) => ({
    ...finding,
    startMs: finding.startMs === null ? null : finding.startMs + later,
    endMs: finding.endMs === null ? null : finding.endMs + later,
  }));
}

/** Where milliseconds count from; NaN where no date is known. */
function startOf({ startTime, startMs }: Pick<Report['window'], 'startTime' | 'startMs'>): number {
  return Date.parse(startTime ?? '') - startMs;
}
