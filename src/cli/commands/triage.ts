import type { Command } from 'commander';
import { type AnalyzeFlags, addWindowOptions } from '../options/analyze.ts';
import { type AttachFlags, addCaptureOptions, addSaveOption } from '../options/capture.ts';
import { addDashboardOptions } from '../options/dashboard.ts';
import { isPiped } from '../options/piped.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import type { ExitCodeSink } from '../printing/exit-code.ts';
import { sayFirst } from '../printing/first-words.ts';

/** Adds `drover triage`. */
export function addTriageCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('triage')
    .description(
      'open the dashboard on a captured trace or a running server: verdict, findings, workers over time, the proof',
    )
    .argument(
      '[file...]',
      'traces, plain or packed; directories of strace -ff files; without any, --pid names what to trace',
    );
  addDashboardOptions(addJudgeOptions(addWindowOptions(command))).option(
    '--follow',
    'go on reading a file that grows, until Esc or q',
  );
  addPrintOptions(addSaveOption(addCaptureOptions(command))).action(
    async (named: string[], flags: AnalyzeFlags & AttachFlags) => {
      const files = named.length === 0 && flags.pid === undefined && isPiped() ? ['-'] : named;
      if (files.length === 0) sayFirst((flags.pid ?? []).map(String), flags);
      const { runTriage } = await import('../actions/triage.ts');
      exitWith(await runTriage(files, flags));
    },
  );
}
