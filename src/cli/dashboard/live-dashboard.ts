import { hostname } from 'node:os';
import type { AnalysisOptions } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import { asOperand } from '../../files/operand.ts';
import { analyzeInputs } from '../../pipeline/analyze-inputs.ts';
import { InputError } from '../../sources/input-error.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import { openInputs } from '../../sources/open-inputs.ts';
import { beginCapture } from '../capture/begin.ts';
import { detachSummary, readFailure } from '../capture/summary.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { AttachFlags } from '../options/capture.ts';
import { checkReportFlags } from '../options/print.ts';
import { EXIT, exitCodeFor } from '../printing/exit-code.ts';
import { ProgressLine } from '../printing/progress-line.ts';
import { renderReport, verdictLine } from '../printing/render-report.ts';
import { openReportFiles } from '../printing/results.ts';
import { reportStyle, textStyle } from '../printing/terminal-capabilities.ts';
import { notices } from '../printing/write-result.ts';
import { DashboardHost, dashboardLooks, failureOf, USUAL_MEMORY_MB } from './dashboard-host.ts';
import { LiveFeed } from './live-feed.ts';

/**
 * Seconds that may be added to a capture while it runs. The tracer has its own, hard limit, which nobody can move
 * later: it is this much above what was asked for, and drover ends the capture before.
 */
const RESERVE_SECONDS = 120;

/**
 * Traces the processes and shows the dashboard until its user leaves; then they are left alone again. Throws
 * `UsageError`, `AttachError` and `InputError`.
 */
export async function showCapture(pids: readonly number[], flags: AttachFlags): Promise<number> {
  checkReportFlags(flags);
  // The processes were chosen for the tracer: what they fork belongs to the report as well.
  const { pids: _, ...options } = analysisOptions(flags);
  const files = await openReportFiles(flags, flags.save === undefined ? [] : [flags.save], hostname());
  const capture = await beginCapture(pids, flags, notices({}), RESERVE_SECONDS);
  if (capture === null) return EXIT.done;
  const style = textStyle(flags, process.env, process.stdout);
  const host = new DashboardHost({
    source: 'live',
    files: [capture.name],
    opened: new Map([[capture.name, capture.opened]]),
    ...dashboardLooks(flags, style),
  });
  try {
    const { code, state, failure } = await host.run(
      () =>
        new LiveFeed({
          capture,
          seconds: flags.for,
          reserveSeconds: RESERVE_SECONDS,
          spoolLimitBytes: flags.maxSpool,
          options,
          memoryMb: flags.memory ?? USUAL_MEMORY_MB,
          tell: (message) => host.receive(message),
          say: notices({}),
          status: (live) => host.dashboard.dispatch({ type: 'live', live }),
        }),
    );
    const end = await capture.ended;
    const report = end.bytes === 0 ? null : await reportOn(capture, options, flags);
    if (report !== null) {
      process.stdout.write(await renderReport(report, flags, reportStyle(flags)));
      await files.write(report);
    }
    process.stdout.write(
      `${[
        ...detachSummary(capture, end),
        ...(end.bytes === 0 ? [] : [`Open it again: drover triage ${asOperand(capture.file)}`]),
      ].join('\n')}\n`,
    );
    if (report === null && state.report === null && failure !== null) throw readFailure(failureOf(failure), end);
    if (end.unkept !== '') return EXIT.output;
    return code === EXIT.done && report !== null ? exitCodeFor(report, flags) : code;
  } finally {
    capture.stop();
    await capture.ended;
  }
}

/** What `drover FILE` says of the capture: the screen showed what was known while it grew. Null when it is no trace. */
async function reportOn(
  { name, file }: LiveCapture,
  options: AnalysisOptions,
  flags: AttachFlags,
): Promise<Report | null> {
  const verdictOf = (report: Report): string => verdictLine(report, reportStyle(flags));
  const line = new ProgressLine(process.stderr, { enabled: true, verdictOf });
  try {
    const { inputs } = openInputs([file]);
    const set = { kind: 'live', paths: [name], inputs, leftOut: [], notices: [] } as const;
    return await analyzeInputs(set, options, { progress: (progress) => line.update(progress) });
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  } finally {
    line.clear();
  }
}
