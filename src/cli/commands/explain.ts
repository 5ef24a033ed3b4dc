import type { Command } from 'commander';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover explain`. */
export function addExplainCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('explain')
    .description('print what a finding means, how it is found, what to do, and when it is wrong')
    .argument('[kind]', 'a kind of finding (loop-stall), thresholds, or assistants; without it all kinds are listed')
    .action(async (kind: string | undefined) => {
      const { runExplain } = await import('../actions/explain.ts');
      exitWith(await runExplain(kind));
    });
}
