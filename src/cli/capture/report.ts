import type { Report } from '../../analysis/report.ts';
import { analyzeInputs } from '../../pipeline/analyze-inputs.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { ReportFlags } from '../options/print.ts';
import { EXIT, exitCodeFor } from '../printing/exit-code.ts';
import { verdictLine } from '../printing/render-report.ts';
import type { Results } from '../printing/results.ts';
import { reportStyle } from '../printing/terminal-capabilities.ts';
import { notices } from '../printing/write-result.ts';
import { CaptureProgress } from './progress.ts';
import type { ScrapeTarget } from './scrape-target.ts';
import { detachOnSignals } from './signals.ts';
import { detachSummary, readFailure, reportUnkept } from './summary.ts';

interface CaptureReportOptions {
  readonly results: Results;
  /** What to say at first. */
  readonly beginning: string;
  /** Who offers figures meanwhile. */
  readonly target?: ScrapeTarget | null;
}

/**
 * Analyses a capture while it grows, prints the report when it is over, and gives the exit code. Whatever goes wrong,
 * it detaches.
 */
export async function reportCapture(
  capture: LiveCapture,
  flags: ReportFlags,
  { results, beginning, target = null }: CaptureReportOptions,
): Promise<number> {
  const style = reportStyle(flags);
  const verdictOf = (report: Report): string => verdictLine(report, { ...style, withPayload: flags.withPayload });
  const line = new CaptureProgress(process.stderr, capture, {
    enabled: flags.quiet !== true && !capture.engine.runsProgram,
    verdictOf,
  });
  const say = notices(flags);
  const notice = (sentence: string): void => {
    line.clear();
    say(sentence);
  };
  try {
    detachOnSignals(capture, notice);
    notice(beginning);
    const set = { kind: 'live', paths: [capture.name], inputs: [capture.input], leftOut: [], notices: [] } as const;
    const report = await analyzeInputs(set, analysisOptions(flags), {
      progress: (state) => {
        line.update(state);
        target?.update(state);
      },
      notice,
    });
    const end = await capture.ended;
    await target?.end();
    line.end();
    for (const sentence of detachSummary(capture, end)) notice(sentence);
    if (flags.quiet === true) reportUnkept(capture, end);
    await results.write(report);
    return end.unkept === '' ? exitCodeFor(report, flags) : EXIT.output;
  } catch (error) {
    capture.stop();
    throw readFailure(error, await capture.ended);
  } finally {
    line.end();
    capture.stop();
    await capture.ended;
  }
}
