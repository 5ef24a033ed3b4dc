import { type Command, Option } from 'commander';
import { SEVERITIES, type Severity } from '../../analysis/report.ts';
import { UsageError } from './usage-error.ts';
import { countOf, parsePids, parseThreshold } from './values.ts';

/** What every command that ends with a report can be asked for. */
export interface ReportFlags {
  /** `--no-color` gives false. */
  readonly color?: 'always' | 'never' | 'auto' | false;
  readonly ascii?: boolean;
  readonly width?: number;
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly md?: boolean;
  readonly output?: string;
  readonly html?: string;
  readonly findings?: string;
  readonly openmetrics?: string;
  readonly otlp?: string;
  readonly otlpProtocol?: OtlpProtocol;
  readonly force?: boolean;
  readonly failOn?: Severity;
  readonly strict?: boolean;
  readonly pid?: readonly number[];
  readonly threshold?: Readonly<Record<string, string>>;
  readonly stallMs?: number;
  readonly withPayload?: boolean;
  readonly quiet?: boolean;
  readonly verbose: number;
}

/** How a report is sent, as OpenTelemetry names it. */
export const OTLP_PROTOCOLS = ['http/json', 'http/protobuf'] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

/** Adds the options that say what to print. */
export function addPrintOptions(command: Command): Command {
  return addOutputOptions(
    command
      .optionsGroup('What to print:')
      .option('--json', 'the whole report as one JSON document')
      .option('--ndjson', 'each finding as one JSON document a line')
      .option('--md', 'Markdown, to paste into an incident')
      .option('--html <file>', 'also one HTML page to send to others, in a new file that only you can read')
      .option('--findings <file>', 'also the findings as rows for a database, one JSON object a line')
      .option('--openmetrics <file>', 'also the figures as gauges for Prometheus (textfile collector)')
      .option('--otlp <url>', 'also send it to a receiver of OpenTelemetry: http://127.0.0.1:4318')
      .addOption(
        new Option('--otlp-protocol <name>', 'the form in which --otlp sends; http/json unless given').choices(
          OTLP_PROTOCOLS,
        ),
      ),
  ).option(
    '-v, --verbose',
    'every finding and every check in full; -vv: also every table',
    (_, before: number) => before + 1,
    0,
  );
}

/** Adds the options that say where the result goes and how much of it. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('-o, --output <file>', 'write to a new file that only you can read')
    .option('--force', 'replace the file that a result is to be written to')
    .option('--with-payload', 'mask nothing: query strings, cookies, contents of reads and writes, environments')
    .option('-q, --quiet', 'the verdict only; no notices, no progress');
}

/** Adds the options that say which findings there are, what a script learns from the exit code, and how text looks. */
export function addJudgeOptions(command: Command): Command {
  return addLookOptions(
    addThresholdOptions(command.option('--pid <pid>', 'report on these processes only; may be repeated', parsePids))
      .optionsGroup('For scripts:')
      .addOption(failOnOption('exit with 1 when a finding is at least this severe'))
      .option('--strict', 'exit with 5 when the data are partial'),
  );
}

/** Adds the options that say from where on something is a finding. */
export function addThresholdOptions(command: Command): Command {
  return command
    .option(
      '--stall-ms <n>',
      'report an event loop as stalled from this many milliseconds on',
      countOf('--stall-ms 200'),
    )
    .option(
      '--threshold <name=value>',
      'change a threshold; may be repeated (names: drover explain thresholds)',
      parseThreshold,
    );
}

/** `--fail-on`, with what it means for the command. */
export function failOnOption(meaning: string): Option {
  return new Option('--fail-on <severity>', meaning).choices(SEVERITIES);
}

/** Adds the options that say how text looks. */
export function addLookOptions(command: Command): Command {
  return command
    .optionsGroup('How it looks:')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .option('--no-color', 'no colours')
    .option('--ascii', 'no characters beyond ASCII')
    .option('--width <n>', 'columns of text', countOf('--width 100'))
    .optionsGroup('Options:');
}

/** Throws `UsageError` when forms of output exclude each other, or say nothing. */
export function checkReportFlags(flags: ReportFlags): void {
  if (flags.otlpProtocol !== undefined && flags.otlp === undefined)
    throw new UsageError('--otlp-protocol says nothing without --otlp.', { hint: 'Add --otlp http://127.0.0.1:4318' });
  if (flags.quiet === true && flags.verbose > 0)
    throw new UsageError('-q and -v exclude each other.', { hint: 'Choose one of them.' });
  const [first, second] = (['json', 'ndjson', 'md'] as const).filter((name) => flags[name] === true);
  if (second !== undefined)
    throw new UsageError(`--${first} and --${second} exclude each other.`, { hint: 'Choose one of them.' });
}
