import type { Command } from 'commander';
import type { ExitCodeSink } from '../exit-code.ts';
import { type AttachFlags, addCaptureOptions, addPidArgument, REPORTED } from '../options/capture.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import { addScreenOptions } from './triage.ts';

/** Adds `drover attach`. */
export function addAttachCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = addPidArgument(
    program.command('attach').description('trace a running server for a while and report'),
  );
  addCaptureOptions(command, REPORTED).option(
    '--save <file>',
    'keep the capture under this name; only you can read it',
  );
  addScreenOptions(command);
  addJudgeOptions(addPrintOptions(command).optionsGroup('What to look at:')).action(
    async (words: string[], flags: AttachFlags) => {
      const { mayTakeTerminal } = await import('../terminal-capabilities.ts');
      if (mayTakeTerminal(flags, process.env, process.stdout) && process.stdin.isTTY) {
        const { pidsOf } = await import('../capture/live-session.ts');
        const { runLiveTriage } = await import('../actions/live-triage.ts');
        exitWith(await runLiveTriage(pidsOf(words), flags));
        return;
      }
      const { runAttach } = await import('../actions/attach.ts');
      exitWith(await runAttach(words, flags));
    },
  );
}
