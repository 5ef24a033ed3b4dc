import type { Command } from 'commander';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover explain`. */
export function addExplainCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('explain')
    .description('print what a finding means, what to do, when it is wrong, and how it is found')
    .argument('[kind]', 'a kind of finding (loop-stall), thresholds, or assistants; without it all kinds are listed')
    .action(async (kind: string | undefined) => {
      const { runExplain } = await import('../actions/explain.ts');
      exitWith(await runExplain(kind));
    });
}
