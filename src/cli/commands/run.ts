import { type Command, Option } from 'commander';
import type { ExitCodeSink } from '../exit-code.ts';
import { SPOOL_BYTES } from '../options/capture.ts';
import { addJudgeOptions, addPrintOptions, type ReportFlags } from '../options/print.ts';
import { parseBytes, parseSeconds } from '../options/values.ts';

/** What `drover run` was asked for. */
export interface RunFlags extends ReportFlags {
  /** Seconds; without it until the program ends. */
  readonly for?: number;
  readonly save?: string;
  readonly spool?: string;
  /** Bytes. */
  readonly maxSpool: number;
}

/** Adds `drover run`. */
export function addRunCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('run')
    .description('start a program under strace, with a filter in the kernel, and report when it has ended')
    .argument('<command...>', 'the program and its words, after --')
    .passThroughOptions()
    .optionsGroup('How to trace:')
    .addOption(
      new Option('--for <time>', 'end the program after: 30s, 2m (default: when it ends by itself)').argParser(
        parseSeconds,
      ),
    )
    .option('--save <file>', 'keep the capture under this name; only you can read it')
    .option('--spool <dir>', 'where the capture grows (default: beside --save FILE, else the temporary folder)')
    .addOption(
      new Option('--max-spool <size>', 'end the program and its capture at this size')
        .argParser(parseBytes)
        .default(SPOOL_BYTES, '512M'),
    );
  addJudgeOptions(addPrintOptions(command).optionsGroup('What to look at:')).action(
    async (words: string[], flags: RunFlags) => {
      const { runProgram } = await import('../actions/run.ts');
      exitWith(await runProgram(words, flags));
    },
  );
}
