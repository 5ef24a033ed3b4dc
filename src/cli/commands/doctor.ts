import { Argument, type Command } from 'commander';
import { parsePidWords } from '../options/capture.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover doctor`. */
export function addDoctorCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('doctor')
    .description('say whether this host can record a live capture, what is missing, and how to fix that')
    .addArgument(new Argument('[pid...]', 'also check whether these processes can be traced').argParser(parsePidWords))
    .action(async (pids: number[]) => {
      const { runDoctor } = await import('../actions/doctor.ts');
      exitWith(await runDoctor(pids));
    });
}
