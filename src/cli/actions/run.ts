import { accessSync, constants, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { LiveCapture } from '../../sources/live/capture.ts';
import { assertChecks, straceChecks } from '../../sources/live/checks.ts';
import { isOnPath, readHost } from '../../sources/live/host-facts.ts';
import { Spool } from '../../sources/live/spool.ts';
import { straceRunEngine } from '../../sources/live/strace-engine.ts';
import { reportCapture } from '../capture/report.ts';
import { untilInterrupted } from '../capture/signals.ts';
import { growing } from '../capture/summary.ts';
import type { RunFlags } from '../options/capture.ts';
import { checkReportFlags } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import { openResults } from '../printing/results.ts';

/** `timeout` takes it for no limit. */
const NO_LIMIT = 0;

/**
 * Runs a program under strace to its end and reports. Throws `UsageError`, `OutputError`, `AttachError` and
 * `InputError`.
 */
export async function runRun(words: readonly string[], flags: RunFlags): Promise<number> {
  checkReportFlags(flags);
  const results = await openResults(flags, flags.save === undefined ? [] : [flags.save], hostname());
  assertChecks(straceChecks(readHost()));
  checkProgram(words);
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
      { signal },
    );
  });
  return reportCapture(capture, flags, {
    results,
    beginning: `Tracing ${words[0]} from its start. Ctrl-C ends it, and the capture with it.${growing(capture)}`,
  });
}

/** What strace would say of a program that is not there names neither drover nor the remedy. */
function checkProgram([program = '']: readonly string[]): void {
  const status = statSync(program, { throwIfNoEntry: false });
  if (program.includes('/') && status !== undefined) {
    if (!status.isFile() || !mayRun(program))
      throw new UsageError(
        `${program} is no program: ${status.isFile() ? 'it may not be executed' : 'it is no file'}.`,
        {
          hint: 'Name a program. A script without the right to run needs its interpreter: drover run -- python3 SCRIPT',
        },
      );
    return;
  }
  if (!program.includes('/') && isOnPath(program)) return;
  throw new UsageError(`There is no program "${program}".`, {
    hint: program.includes('/')
      ? 'Check the path, or name a program on the PATH.'
      : 'Name it by its path; sudo has a PATH of its own: sudo env "PATH=$PATH" drover run -- COMMAND',
  });
}

function mayRun(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
