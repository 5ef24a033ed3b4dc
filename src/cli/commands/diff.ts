import type { Command } from 'commander';
import type { DiffFlags } from '../options/diff.ts';
import { addLookOptions, addOutputOptions, addThresholdOptions, failOnOption } from '../options/print.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover diff`. */
export function addDiffCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('diff')
    .description('compare two captures, from before and after a change: what is gone, new, better or worse')
    .argument('<before>', 'a trace, a directory of strace -ff files, or a report that drover --json saved')
    .argument('<after>', 'a trace or report from after the change; - for standard input');
  addOutputOptions(
    command
      .optionsGroup('What to print:')
      .option('--json', 'the comparison as one JSON document')
      .option('--md', 'Markdown, to paste into an incident or a change'),
  );
  addLookOptions(
    addThresholdOptions(command.optionsGroup('What to look at:'))
      .optionsGroup('For scripts:')
      .addOption(failOnOption('exit with 1 when a cause that is new or worse is at least this severe'))
      .option('--strict', 'exit with 5 when the comparison cannot tell for sure, or when the data are partial'),
  ).action(async (before: string, after: string, flags: DiffFlags) => {
    const { runDiff } = await import('../actions/diff.ts');
    exitWith(await runDiff(before, after, flags));
  });
}
