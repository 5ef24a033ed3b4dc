import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../actions/completion.ts';
import { EXIT, type ExitCodeSink } from '../exit-code.ts';

/** Adds `drover completion`. */
export function addCompletionCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('completion')
    .description('print what lets a shell complete the words of drover')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(drover completion bash)\n  drover completion fish > ' +
        '~/.config/fish/completions/drover.fish',
    )
    .action(async (shell: Shell) => {
      const { KINDS } = await import('../../detectors/registry.ts');
      const { RECIPE_SERVERS } = await import('../../sources/recipe/recipe.ts');
      const { writeStdout } = await import('../write-result.ts');
      const words = { explain: [...KINDS, 'thresholds'], recipe: Object.keys(RECIPE_SERVERS), completion: [...SHELLS] };
      await writeStdout(completionScript(shell, program, words));
      exitWith(EXIT.done);
    });
}
