import { existsSync } from 'node:fs';
import type { AnalysisOptions } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import { asOperand } from '../../files/operand.ts';
import { analyzeInputs } from '../../pipeline/analyze-inputs.ts';
import { openInputs } from '../../sources/open-inputs.ts';
import type { InputSet } from '../../sources/trace-input.ts';
import type { AnalyzeFlags } from '../commands/analyze.ts';
import { closest } from '../options/closest.ts';
import { analysisOptions } from '../options/judge.ts';
import { checkReportFlags, exitCodeFor } from '../options/print.ts';
import { ProgressLine } from '../progress-line.ts';
import { renderReport } from '../render-report.ts';
import { manners } from '../terminal-capabilities.ts';
import { UsageError } from '../usage-error.ts';
import { verdictLine } from '../verdict-line.ts';
import { openOutput } from '../write-result.ts';

/** Signals that end the run before its report; their numbers make the exit codes. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Analyses the files, prints the report and gives the exit code. Throws `UsageError` and `InputError`. */
export async function runAnalyze(
  files: readonly string[],
  flags: AnalyzeFlags,
  commands: readonly string[],
): Promise<number> {
  checkFiles(files, commands);
  checkFlags(flags);
  const options = timedOptions(flags);
  const looks = manners(flags, process.env, flags.output === undefined ? process.stdout : {});
  const verdictOf = (report: Report): string =>
    verdictLine(report, { ...looks, withPayload: flags.withPayload === true });
  const progress = new ProgressLine(process.stderr, { enabled: flags.quiet !== true, verdictOf });
  const notice = (sentence: string): void => {
    progress.clear();
    if (flags.quiet !== true) process.stderr.write(`drover: ${sentence}\n`);
  };
  endOnSignals(progress);
  const set = openInputs(files);
  const output = await openOutput(flags, filesRead(set));
  for (const sentence of set.notices) notice(sentence);
  if (set.kind === 'stdin' && process.stdin.isTTY) notice('Reading a trace from this terminal; end it with Ctrl-D.');
  const started = performance.now();
  const report = await analyzeInputs(set, options, { progress: (state) => progress.update(state), notice }).finally(
    () => progress.clear(),
  );
  if (flags.verbose > 0) notice(effort(report, performance.now() - started));
  await output.write(await renderReport(report, flags, looks));
  return exitCodeFor(report, flags);
}

/** Every file that the report is made of; `-` is standard input. */
function filesRead({ kind, paths, inputs, facts }: InputSet): readonly string[] {
  if (kind === 'stdin') return paths;
  return [...inputs.map(({ name }) => name), ...(facts?.paths ?? [])];
}

export function checkFiles(files: readonly string[], commands: readonly string[]): void {
  if (files.length > 1 && files.includes('-')) {
    throw new UsageError('Standard input (-) cannot be read together with files.', {
      hint: 'Save it to a file first, then name all files.',
    });
  }
  // A mistyped command arrives here as the name of a file.
  const [first = ''] = files;
  const meant = /^[a-z]+$/.test(first) && !existsSync(first) ? closest(first, commands) : undefined;
  if (meant !== undefined)
    throw new UsageError(`There is no command and no file "${first}".`, {
      hint: `Did you mean drover ${[meant, ...files.slice(1).map(asOperand)].join(' ')}?`,
    });
}

export function checkFlags(flags: AnalyzeFlags): void {
  checkReportFlags(flags);
  const { from, to } = flags;
  if (from !== undefined && to !== undefined && from.kind === to.kind) {
    const seconds = from.kind === 'epoch' && to.kind === 'epoch' ? to.seconds - from.seconds : 0;
    if (seconds * 1e9 + to.nanoseconds - from.nanoseconds <= 0)
      throw new UsageError('--to is not later than --from.', { hint: 'Swap them, or leave one out.' });
  }
}

export function timedOptions(flags: AnalyzeFlags): AnalysisOptions {
  return {
    ...analysisOptions(flags),
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
  };
}

/** One line instead of half a report. */
function endOnSignals(progress: ProgressLine): void {
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.once(signal, () => {
      progress.clear();
      process.stderr.write(`drover: stopped by ${signal} before the end of the trace; nothing was reported.\n`);
      process.exit(128 + number);
    });
  }
}

function effort({ quality }: Report, elapsedMs: number): string {
  const rate = quality.lines / Math.max(elapsedMs / 1_000, 0.001);
  return (
    `${quality.lines.toLocaleString('en-US')} lines in ${(elapsedMs / 1_000).toFixed(2)} s ` +
    `(${Math.round(rate).toLocaleString('en-US')} lines/s).`
  );
}
