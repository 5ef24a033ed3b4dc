import { LiveCapture } from '../sources/live/capture.ts';
import { demand, straceChecks } from '../sources/live/checks.ts';
import { readHost } from '../sources/live/host-facts.ts';
import { Spool } from '../sources/live/spool.ts';
import { straceRunEngine } from '../sources/live/strace-engine.ts';
import { reportOn } from './live-report.ts';
import { checkReportFlags } from './report-flags.ts';
import type { RunFlags } from './run-command.ts';
import { checkOutput } from './write-result.ts';

/** `timeout` takes it for no limit. */
const NO_LIMIT = 0;

/** Runs a program under strace to its end and reports. Throws `UsageError`, `AttachError` and `InputError`. */
export async function runProgram(words: readonly string[], flags: RunFlags): Promise<number> {
  checkReportFlags(flags);
  if (flags.output !== undefined) await checkOutput(flags.output, flags.save === undefined ? [] : [flags.save]);
  demand(straceChecks(readHost()));
  const spool = new Spool({ save: flags.save, spool: flags.spool, mostBytes: flags.maxSpool, engine: 'strace' });
  const seconds = flags.for ?? NO_LIMIT;
  const capture = await LiveCapture.start(straceRunEngine(words, spool.file, seconds), [], seconds || Number.POSITIVE_INFINITY, spool);
  return reportOn(capture, flags, `Tracing ${words[0]} from its start. Ctrl-C ends it, and the capture with it.`);
}
