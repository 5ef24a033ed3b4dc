import type { Command } from 'commander';
import type { ExitCodeSink } from '../exit-code.ts';

/** Adds `drover doctor`. */
export function addDoctorCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('doctor')
    .description('say what works here for a live capture, what is missing, and the fix')
    .argument('[pid...]', 'also check whether these processes can be traced')
    .action(async (words: string[]) => {
      const { runDoctor } = await import('../actions/doctor.ts');
      exitWith(await runDoctor(words));
    });
}
