import type { Command } from 'commander';
import { prepareParserThread } from '../../pipeline/parser-thread.ts';
import { type AnalyzeFlags, addTimelineOptions, addWindowOptions } from '../options/analyze.ts';
import { isPiped } from '../options/piped.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover analyze`, which also runs when no command is named. */
export function addAnalyzeCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('analyze', { isDefault: true })
    .description('read a captured trace and report what made the service slow')
    .argument(
      '[file...]',
      'traces, plain or packed (gzip, zstd, xz, bzip2); directories of strace -ff files; - for standard input, which ' +
        'is also read when it is a pipe',
    );
  addJudgeOptions(addWindowOptions(addTimelineOptions(addPrintOptions(command)))).action(
    async (named: string[], flags: AnalyzeFlags) => {
      const files = named.length === 0 && isPiped() ? ['-'] : named;
      if (files.length === 0)
        throw new UsageError('No trace was named.', {
          hint: 'Type drover FILE to analyze a trace, drover --help for more.',
        });
      prepareParserThread(files);
      const commands = program.commands.map((each) => each.name());
      const { runAnalyze } = await import('../actions/analyze.ts');
      exitWith(await runAnalyze(files, flags, commands));
    },
  );
}
