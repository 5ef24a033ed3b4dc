import type { Command } from 'commander';
import {
  type AttachFlags,
  addCaptureOptions,
  addListenOptions,
  addSaveOption,
  addTargetArgument,
} from '../options/capture.ts';
import { addDashboardOptions } from '../options/dashboard.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';
import { sayFirst } from '../printing/first-words.ts';

/** Adds `drover attach`. */
export function addAttachCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = addTargetArgument(
    program.command('attach').description('trace a running server for a minute and report'),
  );
  addDashboardOptions(addListenOptions(addSaveOption(addCaptureOptions(command))));
  addJudgeOptions(addPrintOptions(command).optionsGroup('What to look at:')).action(
    async (who: string[], flags: AttachFlags) => {
      sayFirst(who, flags);
      const { runAttach } = await import('../actions/attach.ts');
      const { findTargets } = await import('../../sources/live/targets.ts');
      exitWith(await runAttach(findTargets(who), flags));
    },
  );
}
