import { existsSync, readdirSync } from 'node:fs';
import type { Report } from '../../analysis/report.ts';
import { asOperand } from '../../files/operand.ts';
import { analyzeCaptures } from '../../pipeline/analyze-captures.ts';
import { InputError } from '../../sources/input-error.ts';
import { openCaptures } from '../../sources/open-captures.ts';
import { endStdin } from '../../sources/stdin-input.ts';
import type { InputSet } from '../../sources/trace-input.ts';
import { count, decimals, plural } from '../../trace/format-numbers.ts';
import { analysisOptions } from '../options/analysis.ts';
import { type AnalyzeFlags, checkFiles, checkWindow } from '../options/analyze.ts';
import { closest } from '../options/closest.ts';
import { checkTime, noSuchProcess } from '../options/part-of-capture.ts';
import { checkReportFlags } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import { exitCodeFor } from '../printing/exit-code.ts';
import { ProgressLine } from '../printing/progress-line.ts';
import { verdictLine } from '../printing/render-report.ts';
import { openResults } from '../printing/results.ts';
import { reportStyle } from '../printing/terminal-capabilities.ts';
import { openTimelines } from '../printing/timelines.ts';
import { notices } from '../printing/write-result.ts';
import { brokenReport, hostOf, type SavedOperand, savedReport } from '../reading/operand.ts';
import { keepCode } from '../starting/keep-code.ts';

/** Of a smaller capture hardly anything ran. */
const FEW_LINES = 1_000;
/** A larger one is parsed in a thread of its own. */
const MANY_LINES = 100_000;

/** Signals that end the run before its report; their numbers make the exit codes. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Analyses the files, prints the report and gives the exit code. Throws `UsageError` and `InputError`. */
export async function runAnalyze(
  files: readonly string[],
  flags: AnalyzeFlags,
  commands: readonly string[],
): Promise<number> {
  checkFiles(files);
  checkCommand(files, commands);
  checkNames(files);
  checkReportFlags(flags);
  checkWindow(flags);
  const saved = files.length === 1 && files[0] !== undefined ? savedReport(files[0]) : null;
  if (saved !== null) return printSaved(saved, flags);
  const options = analysisOptions(flags);
  const style = reportStyle(flags);
  const verdictOf = (report: Report): string => verdictLine(report, { ...style, withPayload: flags.withPayload });
  const progress = new ProgressLine(process.stderr, { enabled: flags.quiet !== true, verdictOf });
  const say = notices(flags);
  const notice = (sentence: string): void => {
    progress.clear();
    say(sentence);
  };
  const captures = openCaptures(files);
  const sets = captures.map(({ set }) => set);
  const isStdin = sets.some(({ kind }) => kind === 'stdin');
  const isPiped = isStdin && !process.stdin.isTTY;
  endOnSignals(progress, isPiped ? () => reportOnInterrupt(notice) : null);
  const read = sets.flatMap(filesRead);
  const results = await openResults(flags, read, captures[0]?.host ?? '');
  const timelines = await openTimelines(flags, read, notice);
  for (const sentence of sets.flatMap((set) => set.notices)) notice(sentence);
  if (isStdin && process.stdin.isTTY) notice('Reading a trace from this terminal; end it with Ctrl-D.');
  const started = performance.now();
  const events = timelines === null ? {} : { events: timelines.events };
  const report = await analyzeCaptures(
    captures,
    { ...options, ...events },
    {
      progress: (state) => progress.update(state),
      notice,
    },
  ).finally(() => progress.clear());
  checkTime(report);
  if (options.pids !== undefined && isAboutNobody(report) && !isStdin) {
    const { pids, ...others } = options;
    const error = noSuchProcess(pids, await analyzeCaptures(openCaptures(files), others));
    if (error !== null) throw error;
  }
  if (flags.verbose > 0) notice(effort(report, performance.now() - started));
  const [kept] = await Promise.allSettled([timelines?.keep()]);
  await results.write(report);
  if (kept.status === 'rejected') throw kept.reason;
  keepWhatRan(report);
  return exitCodeFor(report, flags);
}

/**
 * Prints a report that `--json` saved as if its capture had been read. Throws `UsageError` where a flag asks for what
 * only a capture can answer.
 */
async function printSaved({ path, report }: SavedOperand, flags: AnalyzeFlags): Promise<number> {
  const asked = ASKS_THE_CAPTURE.find(([name]) => flags[name] !== undefined);
  if (asked !== undefined)
    throw new UsageError(`${asked[1]} needs the capture, and ${path} is a report on one.`, {
      hint: `Name the capture itself: ${report.source.paths.map(asOperand).join(' ')}`,
    });
  const results = await openResults(flags, [path], hostOf(report, path));
  try {
    await results.write(report);
  } catch (error) {
    // Its parts were looked at, not each value in them.
    if (error instanceof TypeError) throw brokenReport(path, 'a value in it is not as drover writes it');
    throw error;
  }
  return exitCodeFor(report, flags);
}

/**
 * The next start takes what was compiled for this report. Of a few lines most was not needed; of many lines
 * another thread compiled the parser.
 */
function keepWhatRan({ source, quality }: Report): void {
  if (quality.lines >= FEW_LINES && quality.lines <= MANY_LINES) keepCode(source.format);
}

const ASKS_THE_CAPTURE = [
  ['from', '--from'],
  ['to', '--to'],
  ['pid', '--pid'],
  ['columns', '--columns'],
  ['stallMs', '--stall-ms'],
  ['threshold', '--threshold'],
  ['perfetto', '--perfetto'],
  ['chromeTrace', '--chrome-trace'],
] as const;

function isAboutNobody({ workers, findings, time }: Report): boolean {
  return workers.length === 0 && findings.length === 0 && time.length === 0;
}

/** Every file that the report is made of; `-` is standard input. */
function filesRead({ kind, paths, inputs, facts }: InputSet): readonly string[] {
  if (kind === 'stdin') return paths;
  return [...inputs.map(({ name }) => name), ...(facts?.paths ?? [])];
}

/** A mistyped command arrives here as the name of a file, and so does the name or pid of a running server. */
function checkCommand(files: readonly string[], commands: readonly string[]): void {
  const [first = ''] = files;
  if (!/^(?:[a-z]+|:?\d{1,10})$/.test(first) || existsSync(first)) return;
  const meant = closest(first, commands);
  const others = files.slice(1).map(asOperand);
  throw new UsageError(`There is no command and no file "${first}".`, {
    hint:
      meant !== undefined
        ? `Did you mean drover ${[meant, ...others].join(' ')}?`
        : others.length > 0
          ? 'drover --help lists the commands.'
          : `For a running server type drover attach ${first}. drover --help lists the commands.`,
  });
}

/** Throws `InputError` for a file that is not there when another name in its directory is near. */
function checkNames(files: readonly string[]): void {
  for (const file of files) {
    if (file === '-' || existsSync(file)) continue;
    const at = file.lastIndexOf('/') + 1;
    const folder = file.slice(0, at);
    let names: readonly string[] = [];
    try {
      names = readdirSync(folder === '' ? '.' : folder);
    } catch {
      // Without a look at the directory there is no other name to tell.
    }
    const meant = closest(file.slice(at), names);
    if (meant !== undefined)
      throw new InputError(`Cannot read ${file}: there is no such file.`, {
        hint: `Did you mean ${asOperand(folder + meant)}?`,
      });
  }
}

/** What the tracer in front of the pipe says when Ctrl-C ends it, too. */
const GRACE_MS = 1_000;

/** Ctrl-C ends a tracer that pipes into drover as well: what it told until then is reported. */
function reportOnInterrupt(notice: (sentence: string) => void): void {
  notice('Ctrl-C: drover reports on what it has read. Ctrl-C again ends it at once.');
  endStdin(GRACE_MS);
}

/** One line instead of half a report; `onInterrupt` is what the first Ctrl-C does instead, if anything. */
function endOnSignals(progress: ProgressLine, onInterrupt: (() => void) | null): void {
  let isFirst = true;
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (signal === 'SIGINT' && onInterrupt !== null && isFirst) {
        isFirst = false;
        onInterrupt();
        return;
      }
      progress.clear();
      process.stderr.write(`drover: stopped by ${signal} before the end of the capture; nothing was reported.\n`);
      process.exit(128 + number);
    });
  }
}

function effort({ quality }: Report, elapsedMs: number): string {
  const seconds = elapsedMs / 1_000;
  const rate = count(Math.round(quality.lines / Math.max(seconds, 0.001)));
  return `${plural(quality.lines, 'line')} in ${decimals(seconds, 2)} s (${rate} lines/s).`;
}
