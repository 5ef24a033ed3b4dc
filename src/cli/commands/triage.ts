import type { Command } from 'commander';
import { type AnalyzeFlags, addWindowOptions } from '../options/analyze.ts';
import { type AttachFlags, addCaptureOptions, addSaveOption } from '../options/capture.ts';
import { addDashboardOptions } from '../options/dashboard.ts';
import { isPiped } from '../options/piped.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
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
    async (named: string[], flags: AnalyzeFlags & AttachFlags, self: Command) => {
      const files = named.length === 0 && flags.pid === undefined && isPiped() ? ['-'] : named;
      checkSubject(self, files[0]);
      if (files.length === 0) sayFirst((flags.pid ?? []).map(String), flags);
      const { runTriage } = await import('../actions/triage.ts');
      exitWith(await runTriage(files, flags));
    },
  );
}

/** Options that only one of the two subjects of `triage` has. */
const OF_CAPTURES = ['from', 'to', 'columns'];
const OF_SERVERS = ['engine', 'program', 'for', 'spool', 'maxSpool', 'maxCost', 'family', 'code', 'yes', 'save'];

/** Throws `UsageError` for an option that says nothing about a file, or about a running server. */
function checkSubject(command: Command, file: string | undefined): void {
  const wrong = (file === undefined ? OF_CAPTURES : OF_SERVERS).find(
    (name) => command.getOptionValueSource(name) === 'cli',
  );
  if (wrong === undefined) return;
  const option = command.options.find((each) => each.attributeName() === wrong)?.long ?? wrong;
  throw file === undefined
    ? new UsageError(`${option} is for a captured trace, and none was named.`, {
        hint: `Name the file: drover triage FILE ${option} …, or leave ${option} out.`,
      })
    : new UsageError(`${option} is for a running server, and ${file} is a trace.`, {
        hint: `Leave ${option} out; for a server type drover triage --pid PID.`,
      });
}
