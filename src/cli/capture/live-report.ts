import type { Report } from '../../analysis/report.ts';
import { analyzeInputs } from '../../pipeline/analyze-inputs.ts';
import { InputError } from '../../sources/input-error.ts';
import type { CaptureEnd, LiveCapture } from '../../sources/live/capture.ts';
import { EXIT } from '../exit-code.ts';
import { analysisOptions } from '../options/judge.ts';
import { exitCodeFor, type ReportFlags } from '../options/print.ts';
import { renderReport } from '../render-report.ts';
import { manners } from '../terminal-capabilities.ts';
import { verdictLine } from '../verdict-line.ts';
import type { Output } from '../write-result.ts';
import { detachOnSignals, farewell, tellUnkept } from './live-session.ts';
import { LiveLine } from './progress.ts';

/**
 * Analyses a capture while it grows, prints the report when it is over, and gives the exit code. Whatever goes wrong,
 * it detaches.
 */
export async function reportOn(
  capture: LiveCapture,
  flags: ReportFlags,
  output: Output,
  beginning: string,
): Promise<number> {
  const looks = manners(flags, process.env, flags.output === undefined ? process.stdout : {});
  const verdictOf = (report: Report): string =>
    verdictLine(report, { ...looks, withPayload: flags.withPayload === true });
  const line = new LiveLine(process.stderr, capture, {
    enabled: flags.quiet !== true && !capture.engine.runsProgram,
    verdictOf,
  });
  const notice = (sentence: string): void => {
    line.clear();
    if (flags.quiet !== true) process.stderr.write(`drover: ${sentence}\n`);
  };
  try {
    detachOnSignals(capture, notice);
    notice(beginning);
    const set = { kind: 'live', paths: [capture.name], inputs: [capture.input], leftOut: [], notices: [] } as const;
    const report = await analyzeInputs(set, analysisOptions(flags), {
      progress: (state) => line.update(state),
      notice,
    });
    const end = await capture.ended;
    line.end();
    for (const sentence of farewell(capture, end)) notice(sentence);
    if (flags.quiet === true) tellUnkept(capture, end);
    await output.write(await renderReport(report, flags, looks));
    return end.unkept === '' ? exitCodeFor(report, flags) : EXIT.output;
  } catch (error) {
    throw await explained(error, capture);
  } finally {
    line.end();
    capture.stop();
    await capture.ended;
  }
}

/** A capture without a line is no unreadable file. */
async function explained(error: unknown, capture: LiveCapture): Promise<unknown> {
  capture.stop();
  const { bytes, detached, reason, sentence } = await capture.ended;
  if (!(error instanceof InputError) || bytes > 0) return error;
  return nothingSeen({ detached, reason, sentence }, error);
}

/** Not one system call was seen, or none could be kept. */
export function nothingSeen(
  { detached, reason, sentence }: Pick<CaptureEnd, 'detached' | 'reason' | 'sentence'>,
  cause?: unknown,
): InputError {
  const why = sentence === '' ? '' : `${sentence} `;
  const hint =
    reason === 'space'
      ? 'Make room, or name another place: --spool DIR or --save FILE'
      : 'The processes wait, or compute without a call: trace longer (--for 2m), or look at their state with ps.';
  return new InputError(`Not one system call was seen. ${why}${detached}`, { hint, cause });
}
