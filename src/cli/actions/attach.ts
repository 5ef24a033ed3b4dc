import { hostname } from 'node:os';
import { beginCapture } from '../capture/begin.ts';
import { reportCapture } from '../capture/report.ts';
import type { ScrapeTarget } from '../capture/scrape-target.ts';
import { beginSummary } from '../capture/summary.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { AttachFlags } from '../options/capture.ts';
import { checkListen } from '../options/listen.ts';
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
  if (flags.listen === undefined && mayShowDashboard(flags, process.env, process.stdout) && process.stdin.isTTY) {
    const { showCapture } = await import('../dashboard/live-dashboard.ts');
    return showCapture(pids, flags);
  }
  return attachAndReport(pids, flags);
}

/** The same without the dashboard. */
export async function attachAndReport(pids: readonly number[], flags: AttachFlags): Promise<number> {
  checkReportFlags(flags);
  checkListen(flags);
  // Nobody should learn after a minute of tracing that a threshold was mistyped.
  const options = analysisOptions(flags);
  const results = await openResults(flags, flags.save === undefined ? [] : [flags.save], hostname());
  const target = await openScrapeTarget(flags);
  try {
    const capture = await beginCapture(pids, flags, notices(flags));
    if (capture === null) return EXIT.done;
    target?.begin(capture, options);
    const listening = target === null ? '' : ` Figures for Prometheus: ${target.url}`;
    return await reportCapture(capture, flags, {
      results,
      beginning: beginSummary(capture, flags.for) + listening,
      target,
    });
  } finally {
    await target?.end();
  }
}

async function openScrapeTarget({ listen }: AttachFlags): Promise<ScrapeTarget | null> {
  if (listen === undefined) return null;
  return (await import('../capture/scrape-target.ts')).ScrapeTarget.open(listen);
}
