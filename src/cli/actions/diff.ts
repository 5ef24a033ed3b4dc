import type { Report } from '../../analysis/report.ts';
import { compareReports } from '../../comparison/compare.ts';
import type { Comparison } from '../../comparison/comparison.ts';
import { isSavedReport, readSavedReport } from '../../comparison/saved-report.ts';
import { redactReport } from '../../output/redact.ts';
import { analyzeCaptures } from '../../pipeline/analyze-captures.ts';
import { InputError } from '../../sources/input-error.ts';
import { type Capture, openCaptures } from '../../sources/open-captures.ts';
import { readTextFile } from '../../sources/text-file.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { DiffFlags } from '../options/diff.ts';
import { checkReportFlags } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import { comparisonExitCode } from '../printing/exit-code.ts';
import { ProgressLine } from '../printing/progress-line.ts';
import { verdictLine } from '../printing/render-report.ts';
import { reportStyle, type TextStyle } from '../printing/terminal-capabilities.ts';
import { notices, openOutput } from '../printing/write-result.ts';

/**
 * Compares two captures or saved reports, prints what changed and gives the exit code. Throws `UsageError` and
 * `InputError`.
 */
export async function runDiff(before: string, after: string, flags: DiffFlags): Promise<number> {
  checkReportFlags({ ...flags, verbose: 0 });
  if (before === '-' && after === '-')
    throw new UsageError('Standard input (-) can be one of the two only.', { hint: 'Save the other one to a file.' });
  const style = reportStyle({ ...flags, verbose: 0 });
  const sides = [before, after].map(sideOf);
  const read = sides.flatMap((side) => ('report' in side ? [side.path] : side.captures.flatMap(filesOf)));
  const output = await openOutput(flags, read);
  const isJudgedAnew = flags.stallMs !== undefined || flags.threshold !== undefined;
  if (isJudgedAnew && sides.some((side) => 'report' in side))
    notices(flags)(
      'A saved report keeps the thresholds that it was made with: those given here hold for captures only.',
    );
  const reports: Report[] = [];
  for (const side of sides) reports.push(await reportOf(side, flags, style));
  const [first, second] = reports.map((report) => (flags.withPayload === true ? report : redactReport(report)));
  if (first === undefined || second === undefined) throw new Error('there are two reports');
  const comparison = compareReports(first, second);
  await output.write(await render(comparison, flags, style));
  return comparisonExitCode(comparison, flags);
}

type SideOperand =
  | { readonly path: string; readonly report: Report }
  | { readonly path: string; readonly captures: readonly Capture[] };

function sideOf(path: string): SideOperand {
  const text = path === '-' ? null : readTextFile(path, isSavedReport);
  if (text === null) return { path, captures: openCaptures([path]) };
  const saved = readSavedReport(text);
  if (saved.kind === 'report') return { path, report: saved.report };
  const reason = saved.kind === 'broken' ? saved.reason : 'it is not a report of drover';
  throw new InputError(`Cannot read the report ${path}: ${reason}.`, {
    hint: 'Save it again: drover analyze --json -o FILE TRACE.',
    reason,
  });
}

function filesOf({ set }: Capture): readonly string[] {
  return set.kind === 'stdin' ? set.paths : set.inputs.map(({ name }) => name);
}

async function reportOf(side: SideOperand, flags: DiffFlags, style: TextStyle): Promise<Report> {
  if ('report' in side) return side.report;
  const progress = new ProgressLine(process.stderr, {
    enabled: flags.quiet !== true,
    verdictOf: (report) => verdictLine(report, { ...style, withPayload: flags.withPayload }),
  });
  const say = notices(flags);
  const notice = (sentence: string): void => {
    progress.clear();
    say(sentence);
  };
  for (const { set } of side.captures) for (const sentence of set.notices) notice(sentence);
  return analyzeCaptures(side.captures, analysisOptions({ ...flags, verbose: 0 }), {
    progress: (state) => progress.update(state),
    notice,
  }).finally(() => progress.clear());
}

async function render(comparison: Comparison, flags: DiffFlags, style: TextStyle): Promise<string> {
  if (flags.json === true) return (await import('../../output/json.ts')).renderComparisonJson(comparison);
  if (flags.md === true)
    return (await import('../../output/comparison/markdown.ts')).renderComparisonMarkdown(comparison);
  const { comparisonLine, renderComparison } = await import('../../output/comparison/text.ts');
  return flags.quiet === true ? comparisonLine(comparison, style) : renderComparison(comparison, style);
}
