import { type Command, Option } from 'commander';
import { PROGRAM_NAMES } from '../../sources/bpftrace/program.ts';
import { addCaptureOptions, addTargetArgument, type RecordFlags } from '../options/capture.ts';
import { parseCondition } from '../options/until.ts';
import { UsageError } from '../options/usage-error.ts';
import { countOf, parseLongSeconds, parseSeconds } from '../options/values.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';
import { sayFirst } from '../printing/first-words.ts';

const MOST_DUMPS = 10;
/** A recorder that nobody ends goes on for a week. */
const RING_SECONDS = 7 * 86_400;

/** Adds `drover record`. */
export function addRecordCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = addTargetArgument(
    program
      .command('record')
      .description('trace a running server into a file, to read later or to send to a colleague'),
  );
  addCaptureOptions(command, PROGRAM_NAMES, parseLongSeconds)
    .optionsGroup('To keep only what led to something (flight recorder):')
    .addOption(
      new Option('--ring <time>', 'keep only the last 60s, and write them when an --until condition holds').argParser(
        parseSeconds,
      ),
    )
    .addOption(
      new Option(
        '--until <condition>',
        "'stall>500ms', EPIPE or another error, death, or 'cmd:PROGRAM WORDS' that fails; again for more; SIGUSR1 " +
          'always does',
      ).argParser(parseCondition),
    )
    .addOption(
      new Option('--dumps <n>', 'end after so many files').argParser(countOf('--dumps 10')).default(MOST_DUMPS),
    )
    .optionsGroup('What to print:')
    .option(
      '-o, --output <file>',
      'the capture, a new file that only you can read (default: drover-HOST-TIME-NNNN.trace); - sends it to ' +
        'standard output while it grows, over ssh or kubectl exec',
    )
    .option('--force', 'replace the file that the capture is to be written to')
    // As attach calls it.
    .addOption(new Option('--save <file>').hideHelp())
    .option('-q, --quiet', 'the name of the file only')
    .optionsGroup('Options:')
    .action(async (who: string[], flags: RecordFlags, self: Command) => {
      sayFirst(who, flags);
      const { runRecord } = await import('../actions/record.ts');
      const { findTargets } = await import('../../sources/live/targets.ts');
      if (flags.ring === undefined && self.getOptionValueSource('dumps') === 'cli')
        throw new UsageError('--dumps says nothing without --ring.', { hint: 'Add --ring 60s' });
      const isForGiven = self.getOptionValueSource('for') !== 'default';
      const seconds = flags.ring === undefined || isForGiven ? flags.for : RING_SECONDS;
      exitWith(await runRecord(findTargets(who), { ...flags, for: seconds }));
    });
}
