import type { Command } from 'commander';
import { type AttachFlags, addCaptureOptions, addPidArgument, REPORTED } from './capture-options.ts';
import type { ExitCodeSink } from './exit-code.ts';
import { addJudgeOptions, addPrintOptions } from './report-flags.ts';
import { addScreenOptions } from './triage-command.ts';

/** Adds `drover attach`. */
export function addAttachCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = addPidArgument(program.command('attach').description('trace a running server for a while and report'));
  addCaptureOptions(command, REPORTED).option('--save <file>', 'keep the capture under this name; only you can read it');
  addScreenOptions(command);
  addJudgeOptions(addPrintOptions(command).optionsGroup('What to look at:')).action(async (words: string[], flags: AttachFlags) => {
    const { mayTakeTerminal } = await import('./terminal-manners.ts');
    if (mayTakeTerminal(flags, process.env, process.stdout) && process.stdin.isTTY) {
      const { pidsOf } = await import('./live-session.ts');
      const { runLiveTriage } = await import('./run-live-triage.ts');
      exitWith(await runLiveTriage(pidsOf(words), flags));
      return;
    }
    const { runAttach } = await import('./run-attach.ts');
    exitWith(await runAttach(words, flags));
  });
}
