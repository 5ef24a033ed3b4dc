import { type Command, Option } from 'commander';
import type { TimePoint } from '../analysis/options.ts';
import { SEVERITIES, type Severity } from '../analysis/report.ts';
import { prepareParserThread } from '../drive/parser-thread.ts';
import { parseCount, parsePids, parseThreshold } from './option-values.ts';
import type { ExitCodeSink } from './program.ts';
import type { MannerFlags } from './terminal-manners.ts';
import { parseTimePoint } from './time-point.ts';

/** What `drover analyze` was asked for. */
export interface AnalyzeFlags extends MannerFlags {
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly md?: boolean;
  readonly output?: string;
  readonly failOn?: Severity;
  readonly strict?: boolean;
  readonly from?: TimePoint;
  readonly to?: TimePoint;
  readonly pid?: readonly number[];
  readonly threshold?: Readonly<Record<string, string>>;
  readonly stallMs?: number;
  readonly withPayload?: boolean;
  readonly quiet?: boolean;
  readonly verbose: number;
}

/** Adds `drover analyze`, which also runs when no command is named. */
export function addAnalyzeCommand(program: Command, exitWith: ExitCodeSink): void {
  program
    .command('analyze', { isDefault: true })
    .description('read a captured trace and report what made the service slow')
    .argument('<file...>', 'traces, plain or packed (gzip, zstd, xz, bzip2); directories of strace -ff files; - for standard input')
    .optionsGroup('What to print:')
    .option('--json', 'the whole report as one JSON document')
    .option('--ndjson', 'each finding as one JSON document a line')
    .option('--md', 'Markdown, to paste into an incident')
    .option('-o, --output <file>', 'write to a file that only you can read')
    .option('--with-payload', 'show what clients sent: query strings, cookies, contents of reads and writes')
    .option('-q, --quiet', 'the verdict only; no notices, no progress')
    .option('-v, --verbose', 'more detail; twice for all of it', (_, before: number) => before + 1, 0)
    .optionsGroup('What to look at:')
    .option('--from <time>', 'leave out findings before: 02:13:37.5, +12.4s, 2026-11-20T02:13:37Z, epoch seconds', parseTimePoint)
    .option('--to <time>', 'leave out findings after', parseTimePoint)
    .option('--pid <pid>', 'report on these processes only; may be repeated', parsePids)
    .option('--stall-ms <n>', 'call a loop stalled after this many milliseconds', parseCount)
    .option('--threshold <name=value>', 'change a threshold; may be repeated (names: drover explain thresholds)', parseThreshold)
    .optionsGroup('For scripts:')
    .addOption(new Option('--fail-on <severity>', 'exit with 1 when a finding is at least this severe').choices(SEVERITIES))
    .option('--strict', 'exit with 5 when the data are partial')
    .optionsGroup('How it looks:')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .option('--no-color', 'no colours')
    .option('--ascii', 'no characters beyond ASCII')
    .option('--width <n>', 'columns of text', parseCount)
    .optionsGroup('Options:')
    .action(async (files: string[], flags: AnalyzeFlags) => {
      prepareParserThread(files);
      const commands = program.commands.map((command) => command.name());
      const { runAnalyze } = await import('./run-analyze.ts');
      exitWith(await runAnalyze(files, flags, commands));
    });
}
