import { type Command, Option } from 'commander';
import { machineOf } from '../../sources/bpftrace/program.ts';
import type { RecipeFlags } from '../options/capture.ts';
import { parseSeconds } from '../options/values.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

const SECONDS = 20;

/** Adds `drover recipe`. */
export function addRecipeCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('recipe')
    .description('print a shell script that makes a capture on a host without Node')
    .argument(
      '[server]',
      'gunicorn, nginx, uwsgi, puma, node, php-fpm, or a PID of that host; or where workers run: kubernetes, docker, ' +
        'podman, systemd, ansible, and containerfile, the image for them',
    )
    .addOption(new Option('--for <time>', 'how long it traces').argParser(parseSeconds).default(SECONDS, '20s'))
    .addOption(
      new Option('--machine <machine>', 'the machine of that host, for bpftrace')
        .choices(['x86-64', 'arm64'])
        .default(machineOf(process.arch) ?? 'x86-64'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  drover recipe gunicorn > capture.sh; scp capture.sh web-1: ; ssh -t web-1 sudo sh capture.sh',
    )
    .action(async (word: string | undefined, flags: RecipeFlags) => {
      const { runRecipe } = await import('../actions/recipe.ts');
      exitWith(await runRecipe(word, flags));
    });
}
