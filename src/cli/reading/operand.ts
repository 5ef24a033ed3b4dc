import type { AnalysisOptions } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import { isSavedReport, readSavedReport } from '../../analysis/saved-report.ts';
import { analyzeCaptures } from '../../pipeline/analyze-captures.ts';
import { InputError } from '../../sources/input-error.ts';
import { type Capture, hostInName, openCaptures } from '../../sources/open-captures.ts';
import { readTextFile } from '../../sources/text-file.ts';
import { ProgressLine } from '../printing/progress-line.ts';
import { verdictLine } from '../printing/render-report.ts';
import type { TextStyle } from '../printing/terminal-capabilities.ts';
import { notices } from '../printing/write-result.ts';

/** A report that `--json` saved. */
export interface SavedOperand {
  readonly path: string;
  readonly report: Report;
}

/** What a user named: a saved report, or captures. */
export type Operand = SavedOperand | { readonly path: string; readonly captures: readonly Capture[] };

/** How an operand is read, and what is said meanwhile. */
interface ReadSettings {
  readonly options: AnalysisOptions;
  readonly style: TextStyle;
  readonly quiet?: boolean | undefined;
  readonly withPayload?: boolean | undefined;
}

/** Finds out which of both it is. Reads no capture yet. Throws `InputError`. */
export function openOperand(path: string): Operand {
  return savedReport(path) ?? { path, captures: openCaptures([path]) };
}

/** The report in a file that `--json` made; null for any other file. Throws `InputError` when it is broken. */
export function savedReport(path: string): SavedOperand | null {
  const text = path === '-' ? null : readTextFile(path, isSavedReport);
  if (text === null) return null;
  const saved = readSavedReport(text);
  if (saved.kind === 'report') return { path, report: saved.report };
  throw brokenReport(path, saved.kind === 'broken' ? saved.reason : 'it is not a report of drover');
}

export function brokenReport(path: string, reason: string): InputError {
  return new InputError(`Cannot read the report ${path}: ${reason}.`, {
    hint: 'Save it again: drover analyze --json -o FILE TRACE.',
    reason,
  });
}

/** A report on one host does not name the host: its capture, or else the saved file, was called after it. */
export function hostOf({ source }: Report, path: string): string {
  const [capture = path] = source.paths;
  return hostInName(capture === '-' ? path : capture);
}

/** Every file that it is made of; `-` is standard input. */
export function filesOf(operand: Operand): readonly string[] {
  if ('report' in operand) return [operand.path];
  return operand.captures.flatMap(({ set }) => (set.kind === 'stdin' ? set.paths : set.inputs.map(({ name }) => name)));
}

/** The report on it, with a line of progress while captures are read. Throws `InputError`. */
export async function reportOf(
  operand: Operand,
  { options, style, quiet, withPayload }: ReadSettings,
): Promise<Report> {
  if ('report' in operand) return operand.report;
  const progress = new ProgressLine(process.stderr, {
    enabled: quiet !== true,
    verdictOf: (report) => verdictLine(report, { ...style, withPayload }),
  });
  const say = notices({ quiet });
  const notice = (sentence: string): void => {
    progress.clear();
    say(sentence);
  };
  for (const { set } of operand.captures) for (const sentence of set.notices) notice(sentence);
  return analyzeCaptures(operand.captures, options, {
    progress: (state) => progress.update(state),
    notice,
  }).finally(() => progress.clear());
}
