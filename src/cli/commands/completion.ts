import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from '../options/values.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover completion`. */
export function addCompletionCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete the commands and options of drover')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(drover completion bash)\n  drover completion fish > ' +
        '~/.config/fish/completions/drover.fish',
    )
    .action(async (shell: Shell) => {
      const { runCompletion } = await import('../actions/completion.ts');
      exitWith(await runCompletion(shell, program));
    });
}
