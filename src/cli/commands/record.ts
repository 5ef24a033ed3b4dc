import { type Command, Option } from 'commander';
import { PROGRAM_NAMES } from '../../sources/bpftrace/program.ts';
import { addCaptureOptions, addTargetArgument, type RecordFlags } from '../options/capture.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover record`. */
export function addRecordCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = addTargetArgument(
    program.command('record').description('trace a running server into a file, for later or for a colleague'),
  );
  addCaptureOptions(command, PROGRAM_NAMES)
    .optionsGroup('What to print:')
    .option(
      '-o, --output <file>',
      'the capture, a new file that only you can read (default: drover-HOST-TIME-NNNN.trace)',
    )
    .option('--force', 'replace the file that the capture is to be written to')
    // As attach calls it.
    .addOption(new Option('--save <file>').hideHelp())
    .option('-q, --quiet', 'the name of the file only')
    .optionsGroup('Options:')
    .action(async (who: string[], flags: RecordFlags) => {
      const { runRecord } = await import('../actions/record.ts');
      const { findTargets } = await import('../../sources/live/targets.ts');
      exitWith(await runRecord(findTargets(who), flags));
    });
}
