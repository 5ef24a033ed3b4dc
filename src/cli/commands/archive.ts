import { type Command, Option } from 'commander';
import { type ArchiveFlags, DATABASES, parseDay } from '../options/archive.ts';
import { addThresholdOptions } from '../options/print.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover archive`. */
export function addArchiveCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('archive')
    .description('save the findings of captures as rows for a database: which host had which finding on which day')
    .argument(
      '[folder]',
      'where the rows are kept, as FOLDER/day=YYYY-MM-DD/HOST.CAPTURE.ndjson; made when it is missing',
    )
    .argument('[file...]', 'traces, directories of strace -ff files, or reports that drover --json saved')
    .optionsGroup('What to keep:')
    .option('--day <date>', 'the day of captures whose clock has no date: 2026-11-26', parseDay)
    .option('--force', 'replace the rows of a capture that is kept already')
    .option('-q, --quiet', 'no notices, no progress');
  addThresholdOptions(command)
    .optionsGroup('Asking:')
    .addOption(
      new Option('--sql <database>', 'print the SQL for this database instead: tables, views and queries').choices(
        DATABASES,
      ),
    )
    .action(async (folder: string | undefined, files: string[], flags: ArchiveFlags) => {
      const { runArchive } = await import('../actions/archive.ts');
      exitWith(await runArchive(folder, files, flags));
    });
}
