import { hostname } from 'node:os';
import { beginCapture } from '../capture/begin.ts';
import { reportCapture } from '../capture/report.ts';
import { beginSummary } from '../capture/summary.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { AttachFlags } from '../options/capture.ts';
import { checkReportFlags } from '../options/print.ts';
import { EXIT } from '../printing/exit-code.ts';
import { openResults } from '../printing/results.ts';
import { mayShowDashboard } from '../printing/terminal-capabilities.ts';
import { notices } from '../printing/write-result.ts';

/**
 * Traces and shows the dashboard, or off a terminal prints the report in the end; gives the exit code. Throws
 * `UsageError`, `AttachError` and `InputError`.
 */
export async function runAttach(pids: readonly number[], flags: AttachFlags): Promise<number> {
  if (mayShowDashboard(flags, process.env, process.stdout) && process.stdin.isTTY) {
    const { showCapture } = await import('../dashboard/live-dashboard.ts');
    return showCapture(pids, flags);
  }
  return attachAndReport(pids, flags);
}

/** The same without the dashboard. */
export async function attachAndReport(pids: readonly number[], flags: AttachFlags): Promise<number> {
  checkReportFlags(flags);
  // Nobody should learn after a minute of tracing that a threshold was mistyped.
  analysisOptions(flags);
  const results = await openResults(flags, flags.save === undefined ? [] : [flags.save], hostname());
  const capture = await beginCapture(pids, flags, notices(flags));
  return capture === null ? EXIT.done : reportCapture(capture, flags, results, beginSummary(capture, flags.for));
}
