import { Argument, type Command } from 'commander';
import { parsePidWords } from '../options/capture.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover doctor`. */
export function addDoctorCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('doctor')
    .description('say what works here for a live capture, what is missing, and the fix')
    .addArgument(new Argument('[pid...]', 'also check whether these processes can be traced').argParser(parsePidWords))
    .action(async (pids: number[]) => {
      const { runDoctor } = await import('../actions/doctor.ts');
      exitWith(await runDoctor(pids));
    });
}
