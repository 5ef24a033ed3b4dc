import { type Command, Option } from 'commander';
import type { AnalyzeFlags } from './analyze-command.ts';
import { parseCount, parsePids, parseThreshold } from './option-values.ts';
import type { ExitCodeSink } from './program.ts';
import { parseTimePoint } from './time-point.ts';

/** What `drover triage` was asked for. */
export interface TriageFlags extends AnalyzeFlags {
  readonly theme?: 'dark' | 'light' | 'cvd' | 'mono';
  readonly mouse?: boolean;
  readonly tui?: boolean;
  readonly memory?: number;
}

/** Adds `drover triage`. */
export function addTriageCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('triage')
    .description('look into a captured trace on the screen: verdict, findings, workers over time, the lines that prove it')
    .argument('<file...>', 'traces, plain or packed; directories of strace -ff files; - for standard input')
    .optionsGroup('What to look at:')
    .option('--from <time>', 'leave out findings before: 02:13:37.5, +12.4s, 2026-11-20T02:13:37Z, epoch seconds', parseTimePoint)
    .option('--to <time>', 'leave out findings after', parseTimePoint)
    .option('--pid <pid>', 'report on these processes only; may be repeated', parsePids)
    .option('--stall-ms <n>', 'call a loop stalled after this many milliseconds', parseCount)
    .option('--threshold <name=value>', 'change a threshold; may be repeated (names: drover explain thresholds)', parseThreshold)
    .option('--memory <mb>', 'most memory the analysis may take', parseCount)
    .optionsGroup('How it looks:')
    .addOption(new Option('--theme <name>', 'colours').choices(['dark', 'light', 'cvd', 'mono']))
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .option('--no-color', 'no colours')
    .option('--ascii', 'no characters beyond ASCII')
    .option('--mouse', 'let the wheel move the selection (m turns it off)')
    .optionsGroup('Instead of the screen:')
    .option('--no-tui', 'print the report as text, as when standard output is no terminal')
    .option('--json', 'print the report as one JSON document')
    .option('--ndjson', 'print each finding as one JSON document a line')
    .option('--md', 'print the report as Markdown')
    .option('-q, --quiet', 'print the verdict only')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 when a finding is at least this severe').choices(['critical', 'warning', 'info']),
    )
    .option('--strict', 'exit with 5 when the data are partial')
    .option('-v, --verbose', 'more detail in the text', (_, before: number) => before + 1, 0)
    .optionsGroup('Options:')
    .action(async (files: string[], flags: TriageFlags) => {
      const { mayTakeTerminal } = await import('./terminal-manners.ts');
      if (!mayTakeTerminal(flags, process.env, process.stdout)) {
        const { runAnalyze } = await import('./run-analyze.ts');
        exitWith(await runAnalyze(files, flags, []));
        return;
      }
      const { runTriage } = await import('./run-triage.ts');
      exitWith(await runTriage(files, flags));
    });
}
