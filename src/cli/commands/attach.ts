import type { Command } from 'commander';
import { type AttachFlags, addCaptureOptions, addPidArgument, addSaveOption } from '../options/capture.ts';
import { addDashboardOptions } from '../options/dashboard.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';

/** Adds `drover attach`. */
export function addAttachCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = addPidArgument(
    program.command('attach').description('trace a running server for a while and report'),
  );
  addDashboardOptions(addSaveOption(addCaptureOptions(command)));
  addJudgeOptions(addPrintOptions(command).optionsGroup('What to look at:')).action(
    async (pids: number[], flags: AttachFlags) => {
      const { runAttach } = await import('../actions/attach.ts');
      exitWith(await runAttach(pids, flags));
    },
  );
}
