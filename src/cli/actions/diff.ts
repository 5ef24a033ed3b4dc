import type { Report } from '../../analysis/report.ts';
import { compareReports } from '../../comparison/compare.ts';
import type { Comparison } from '../../comparison/comparison.ts';
import { redactReport } from '../../output/redact.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { DiffFlags } from '../options/diff.ts';
import { checkReportFlags } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import { comparisonExitCode } from '../printing/exit-code.ts';
import { reportStyle, type TextStyle } from '../printing/terminal-capabilities.ts';
import { notices, openOutput } from '../printing/write-result.ts';
import { filesOf, openOperand, reportOf } from '../reading/operand.ts';

/**
 * Compares two captures or saved reports, prints what changed and gives the exit code. Throws `UsageError` and
 * `InputError`.
 */
export async function runDiff(before: string, after: string, flags: DiffFlags): Promise<number> {
  checkReportFlags({ ...flags, verbose: 0 });
  if (before === '-' && after === '-')
    throw new UsageError('Standard input (-) can be one of the two only.', { hint: 'Save the other one to a file.' });
  const style = reportStyle({ ...flags, verbose: 0 });
  const sides = [before, after].map(openOperand);
  const output = await openOutput(flags, sides.flatMap(filesOf));
  const isJudgedAnew = flags.stallMs !== undefined || flags.threshold !== undefined;
  if (isJudgedAnew && sides.some((side) => 'report' in side))
    notices(flags)(
      'A saved report keeps the thresholds that it was made with: those given here hold for captures only.',
    );
  const reports: Report[] = [];
  const { quiet, withPayload } = flags;
  const options = analysisOptions({ ...flags, verbose: 0 });
  for (const side of sides) reports.push(await reportOf(side, { options, style, quiet, withPayload }));
  const [first, second] = reports.map((report) => (flags.withPayload === true ? report : redactReport(report)));
  if (first === undefined || second === undefined) throw new Error('there are two reports');
  const comparison = compareReports(first, second);
  await output.write(await render(comparison, flags, style));
  return comparisonExitCode(comparison, flags);
}

async function render(comparison: Comparison, flags: DiffFlags, style: TextStyle): Promise<string> {
  if (flags.json === true) return (await import('../../output/json.ts')).renderComparisonJson(comparison);
  if (flags.md === true)
    return (await import('../../output/comparison/markdown.ts')).renderComparisonMarkdown(comparison);
  const { comparisonLine, renderComparison } = await import('../../output/comparison/text.ts');
  return flags.quiet === true ? comparisonLine(comparison, style) : renderComparison(comparison, style);
}
