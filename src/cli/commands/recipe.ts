import { type Command, Option } from 'commander';
import { machineOf } from '../../sources/live/bpftrace-engine.ts';
import type { Machine } from '../../trace/syscall-numbers.ts';
import { TOOL_VERSION } from '../../version.ts';
import { EXIT, type ExitCodeSink } from '../exit-code.ts';
import { closest } from '../options/closest.ts';
import { parseSeconds } from '../options/values.ts';
import { UsageError } from '../usage-error.ts';

interface RecipeFlags {
  /** Seconds. */
  readonly for: number;
  readonly machine: Machine;
}

const SECONDS = 20;

/** Adds `drover recipe`. */
export function addRecipeCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('recipe')
    .description('print a shell script that captures on a host without Node what drover reads')
    .argument('[server]', 'gunicorn, nginx, uwsgi, puma, node, php-fpm, or a PID of this host')
    .addOption(new Option('--for <time>', 'how long it traces').argParser(parseSeconds).default(SECONDS, '20s'))
    .addOption(
      new Option('--machine <machine>', 'of the host, for bpftrace')
        .choices(['x86-64', 'arm64'])
        .default(machineOf(process.arch) ?? 'x86-64'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  drover recipe gunicorn > capture.sh; scp capture.sh web-1: ; ssh -t web-1 sudo sh capture.sh',
    )
    .action(async (word: string | undefined, flags: RecipeFlags) => {
      const { recipe } = await import('../../sources/recipe/recipe.ts');
      const { writeStdout } = await import('../write-result.ts');
      const subject = await subjectOf(word);
      await writeStdout(recipe({ subject, machine: flags.machine, version: TOOL_VERSION, seconds: flags.for }));
      exitWith(EXIT.done);
    });
}

async function subjectOf(word: string | undefined) {
  const { RECIPE_SERVERS } = await import('../../sources/recipe/recipe.ts');
  if (word === undefined) return null;
  if (/^[1-9]\d{0,9}$/.test(word)) return Number(word);
  const isServer = (name: string): name is keyof typeof RECIPE_SERVERS => Object.hasOwn(RECIPE_SERVERS, name);
  if (isServer(word)) return word;
  const names = Object.keys(RECIPE_SERVERS);
  const meant = closest(word, names);
  throw new UsageError(`There is no recipe for "${word}".`, {
    hint: meant === undefined ? `There are: ${names.join(', ')}; or name a PID.` : `Did you mean ${meant}?`,
  });
}
