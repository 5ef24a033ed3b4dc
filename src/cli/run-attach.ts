import type { Report } from '../analysis/report.ts';
import { analyzeInputs } from '../drive.ts';
import { InputError } from '../sources/input-error.ts';
import type { LiveCapture } from '../sources/live/capture.ts';
import type { AttachFlags } from './attach-command.ts';
import { EXIT } from './exit-code.ts';
import { LiveLine } from './live-line.ts';
import { detachOnSignals, farewell, pidsOf, startSession } from './live-session.ts';
import { renderReport } from './render-report.ts';
import { analysisOptions, checkReportFlags, exitCodeFor } from './report-flags.ts';
import { manners } from './terminal-manners.ts';
import { verdictLine } from './verdict-line.ts';
import { checkOutput, writeResult } from './write-result.ts';

/** Traces, prints the report and gives the exit code. Throws `UsageError`, `AttachError` and `InputError`. */
export async function runAttach(words: readonly string[], flags: AttachFlags): Promise<number> {
  checkReportFlags(flags);
  const pids = pidsOf(words);
  const options = analysisOptions(flags);
  const looks = manners(flags, process.env, flags.output === undefined ? process.stdout : {});
  if (flags.output !== undefined) await checkOutput(flags.output, flags.save === undefined ? [] : [flags.save]);
  const say = (sentence: string): void => {
    if (flags.quiet !== true) process.stderr.write(`drover: ${sentence}\n`);
  };
  const session = await startSession(pids, flags, say);
  if (session === null) return EXIT.done;
  const { capture } = session;
  const verdictOf = (report: Report): string => verdictLine(report, { ...looks, withPayload: flags.withPayload === true });
  const line = new LiveLine(process.stderr, capture, { enabled: flags.quiet !== true, verdictOf });
  const notice = (sentence: string): void => {
    line.clear();
    say(sentence);
  };
  detachOnSignals(capture, notice);
  try {
    const set = { kind: 'live', paths: [capture.file], inputs: [capture.input], leftOut: [], notices: [] } as const;
    const report = await analyzeInputs(set, options, { progress: (state) => line.update(state), notice });
    const end = await capture.ended;
    line.end();
    for (const sentence of farewell(capture, end)) notice(sentence);
    await writeResult(await renderReport(report, flags, looks), flags.output);
    return exitCodeFor(report, flags);
  } catch (error) {
    throw await explained(error, capture);
  } finally {
    // Whatever went wrong here, the workers must not stay traced.
    line.end();
    capture.stop();
    await capture.ended;
  }
}

/** A capture without a line is no unreadable file. */
async function explained(error: unknown, capture: LiveCapture): Promise<unknown> {
  capture.stop();
  const { bytes, detached } = await capture.ended;
  if (!(error instanceof InputError) || bytes > 0) return error;
  return new InputError(`Not one system call was seen. ${detached}`, {
    hint: 'The processes wait, or compute without a call: trace longer (--for 2m), or look at their state with ps.',
    cause: error,
  });
}
