import { type Command, Option } from 'commander';
import { addSaveOption, addSpoolOptions, type RunFlags } from '../options/capture.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import { parseSeconds } from '../options/values.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover run`. */
export function addRunCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('run')
    .description('start a program under strace, with a filter in the kernel, and report when it has ended')
    .argument('<command...>', 'the program and its arguments, after --')
    .passThroughOptions()
    .optionsGroup('How to trace:')
    .addOption(
      new Option('--for <time>', 'end the program after: 30s, 2m (default: when it ends by itself)').argParser(
        parseSeconds,
      ),
    );
  addSpoolOptions(addSaveOption(command), 'end the program and its capture at this size');
  addJudgeOptions(addPrintOptions(command).optionsGroup('What to look at:')).action(
    async (words: string[], flags: RunFlags) => {
      const { runRun } = await import('../actions/run.ts');
      exitWith(await runRun(words, flags));
    },
  );
}
