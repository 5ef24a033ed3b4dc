import { reportOn } from '../capture/live-report.ts';
import { beginning, checkNames, pidsOf, startSession } from '../capture/live-session.ts';
import { EXIT } from '../exit-code.ts';
import type { AttachFlags } from '../options/capture.ts';
import { checkReportFlags } from '../options/print.ts';
import { thresholdValues } from '../options/thresholds.ts';
import { openOutput } from '../write-result.ts';

/** Traces, prints the report and gives the exit code. Throws `UsageError`, `AttachError` and `InputError`. */
export async function runAttach(words: readonly string[], flags: AttachFlags): Promise<number> {
  checkReportFlags(flags);
  const pids = pidsOf(words);
  // Nobody should learn after a minute of tracing that a threshold was mistyped.
  thresholdValues(flags.threshold ?? {}, flags.stallMs);
  checkNames(flags);
  const output = await openOutput(flags, flags.save === undefined ? [] : [flags.save]);
  const say = (sentence: string): void => {
    if (flags.quiet !== true) process.stderr.write(`drover: ${sentence}\n`);
  };
  const capture = await startSession(pids, flags, say);
  return capture === null ? EXIT.done : reportOn(capture, flags, output, beginning(capture, flags.for));
}
