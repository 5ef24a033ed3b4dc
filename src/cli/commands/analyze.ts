import type { Command } from 'commander';
import type { TimePoint } from '../../analysis/options.ts';

import { prepareParserThread } from '../../pipeline/parser-thread.ts';

import type { ExitCodeSink } from '../exit-code.ts';
import { addJudgeOptions, addPrintOptions, type ReportFlags } from '../options/print.ts';
import { parseTimePoint } from '../options/time-point.ts';

/** What `drover analyze` was asked for. */
export interface AnalyzeFlags extends ReportFlags {
  readonly from?: TimePoint;
  readonly to?: TimePoint;
}

/** Adds `drover analyze`, which also runs when no command is named. */
export function addAnalyzeCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('analyze', { isDefault: true })
    .description('read a captured trace and report what made the service slow')
    .argument(
      '<file...>',
      'traces, plain or packed (gzip, zstd, xz, bzip2); directories of strace -ff files; - for standard input',
    );
  addPrintOptions(command)
    .optionsGroup('What to look at:')
    .option(
      '--from <time>',
      'leave out findings before: 02:13:37.5, +12.4s, 2026-11-20T02:13:37Z, epoch seconds',
      parseTimePoint,
    )
    .option('--to <time>', 'leave out findings after', parseTimePoint);
  addJudgeOptions(command).action(async (files: string[], flags: AnalyzeFlags) => {
    prepareParserThread(files);
    const commands = program.commands.map((each) => each.name());
    const { runAnalyze } = await import('../actions/analyze.ts');
    exitWith(await runAnalyze(files, flags, commands));
  });
}
