import { type Command, Option } from 'commander';
import type { ExitCodeSink } from '../exit-code.ts';
import { type AttachFlags, addCaptureOptions, REPORTED } from '../options/capture.ts';
import { addJudgeOptions, addPrintOptions } from '../options/print.ts';
import { parseTimePoint } from '../options/time-point.ts';
import { parseCount } from '../options/values.ts';
import { UsageError } from '../usage-error.ts';
import type { AnalyzeFlags } from './analyze.ts';

/** How the dashboard shall look, or that there shall be none. */
export interface ScreenFlags {
  readonly theme?: 'dark' | 'light' | 'cvd' | 'mono';
  readonly mouse?: boolean;
  /** `--no-tui` gives false. */
  readonly tui?: boolean;
  readonly memory?: number;
}

/** What `drover triage` was asked for. */
export interface TriageFlags extends AnalyzeFlags, ScreenFlags {}

/** Adds `drover triage`. */
export function addTriageCommand(program: Command, exitWith: ExitCodeSink): void {
  const command = program
    .command('triage')
    .description(
      'look into a captured trace, or a running server, on the screen: verdict, findings, workers over time, the proof',
    )
    .argument(
      '[file...]',
      'traces, plain or packed; directories of strace -ff files; without any, --pid names what to trace',
    )
    .optionsGroup('What to look at:')
    .option(
      '--from <time>',
      'leave out findings before: 02:13:37.5, +12.4s, 2026-11-20T02:13:37Z, epoch seconds',
      parseTimePoint,
    )
    .option('--to <time>', 'leave out findings after', parseTimePoint);
  addScreenOptions(addJudgeOptions(command));
  addCaptureOptions(command, REPORTED).option(
    '--save <file>',
    'keep the capture under this name; only you can read it',
  );
  addPrintOptions(command).action(async (files: string[], flags: TriageFlags & AttachFlags) =>
    exitWith(await triage(files, flags)),
  );
}

/** Adds the options that say how the dashboard looks. */
export function addScreenOptions(command: Command): Command {
  return command
    .optionsGroup('The screen:')
    .addOption(
      new Option('--theme <name>', 'colours; cvd: told apart without red and green').choices([
        'dark',
        'light',
        'cvd',
        'mono',
      ]),
    )
    .option('--mouse', 'let the wheel move the selection (m turns it off)')
    .option('--no-tui', 'no screen: print the report, as when standard output is no terminal')
    .option('--memory <mb>', 'most memory that the analysis behind the screen may take', parseCount);
}

async function triage(files: readonly string[], flags: TriageFlags & AttachFlags): Promise<number> {
  const { mayTakeTerminal } = await import('../terminal-capabilities.ts');
  const isOnScreen = mayTakeTerminal(flags, process.env, process.stdout);
  if (files.length > 0) {
    if (isOnScreen) return (await import('../actions/triage.ts')).runTriage(files, flags);
    return (await import('../actions/analyze.ts')).runAnalyze(files, flags, []);
  }
  const { pid } = flags;
  if (pid === undefined)
    throw new UsageError('No trace and no process was named.', {
      hint: 'Type drover triage FILE, or drover triage --pid PID.',
    });
  if (isOnScreen) return (await import('../actions/live-triage.ts')).runLiveTriage(pid, flags);
  const { pid: _, ...rest } = flags;
  return (await import('../actions/attach.ts')).runAttach(pid.map(String), rest);
}
