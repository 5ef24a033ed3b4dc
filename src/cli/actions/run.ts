import { LiveCapture } from '../../sources/live/capture.ts';
import { demand, straceChecks } from '../../sources/live/checks.ts';
import { readHost } from '../../sources/live/host-facts.ts';
import { Spool } from '../../sources/live/spool.ts';
import { straceRunEngine } from '../../sources/live/strace-engine.ts';
import { reportOn } from '../capture/live-report.ts';
import { checkNames, growing, untilInterrupted } from '../capture/live-session.ts';
import type { RunFlags } from '../commands/run.ts';
import { checkReportFlags } from '../options/print.ts';
import { openOutput } from '../write-result.ts';

/** `timeout` takes it for no limit. */
const NO_LIMIT = 0;

/**
 * Runs a program under strace to its end and reports. Throws `UsageError`, `OutputError`, `AttachError` and
 * `InputError`.
 */
export async function runProgram(words: readonly string[], flags: RunFlags): Promise<number> {
  checkReportFlags(flags);
  checkNames(flags);
  const output = await openOutput(flags, flags.save === undefined ? [] : [flags.save]);
  demand(straceChecks(readHost()));
  const seconds = flags.for ?? NO_LIMIT;
  const capture = await untilInterrupted((signal) => {
    const spool = new Spool({
      save: flags.save,
      force: flags.force,
      spool: flags.spool,
      mostBytes: flags.maxSpool,
      engine: 'strace',
    });
    return LiveCapture.start(
      straceRunEngine(words, spool.forTracer, seconds),
      [],
      seconds || Number.POSITIVE_INFINITY,
      spool,
      signal,
    );
  });
  return reportOn(
    capture,
    flags,
    output,
    `Tracing ${words[0]} from its start. Ctrl-C ends it, and the capture with it.${growing(capture)}`,
  );
}
