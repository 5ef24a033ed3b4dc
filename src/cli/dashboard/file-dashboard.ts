import type { Report } from '../../analysis/report.ts';
import { withTimeline } from '../../analysis/timeline.ts';
import { asOperand } from '../../files/operand.ts';
import { show } from '../../output/show.ts';
import { AnalysisThread, type AnalysisThreadOptions } from '../../pipeline/analysis-thread.ts';
import { openCaptures } from '../../sources/open-captures.ts';
import { analysisOptions } from '../options/analysis.ts';
import { type AnalyzeFlags, checkFiles, checkWindow } from '../options/analyze.ts';
import type { DashboardFlags } from '../options/dashboard.ts';
import { checkReportFlags } from '../options/print.ts';
import { EXIT, exitCodeFor } from '../printing/exit-code.ts';
import { verdictLine } from '../printing/render-report.ts';
import { openReportFiles } from '../printing/results.ts';
import { textStyle } from '../printing/terminal-capabilities.ts';
import { DashboardHost, dashboardLooks, type Feed, failureOf, USUAL_MEMORY_MB } from './dashboard-host.ts';
import { redirectedFile, type StdinSpool, spoolStdin } from './stdin-spool.ts';

/**
 * Shows the dashboard of these files until its user leaves; gives the exit code. Throws `UsageError` and `InputError`.
 */
export async function showFiles(operands: readonly string[], flags: AnalyzeFlags & DashboardFlags): Promise<number> {
  checkFiles(operands);
  checkReportFlags(flags);
  checkWindow(flags);
  const options = analysisOptions(flags);
  const isStdin = operands[0] === '-';
  const redirected = isStdin ? redirectedFile() : null;
  const spool = isStdin && redirected === null ? await spoolStdin() : null;
  const files = isStdin ? [redirected ?? spool?.path ?? ''] : operands;
  const captures = openCaptures(files);
  const names = captures.flatMap(({ set }) => set.inputs.map(({ name }) => name));
  const results = await openReportFiles(flags, names, captures[0]?.host ?? '');
  const style = textStyle(flags, process.env, process.stdout);
  const follows = flags.follow === true;
  const host = new DashboardHost({ source: 'file', files: names, follows, ...dashboardLooks(flags, style) });
  try {
    const { code, state, failure } = await host.run(() =>
      fileFeed(spool, {
        ...(follows ? { kind: 'followed' } : {}),
        paths: files,
        options,
        memoryMb: flags.memory ?? USUAL_MEMORY_MB,
        tell: (message) => host.receive(message),
      }),
    );
    const { report, reading } = state;
    if (report === null) {
      if (failure !== null) throw failureOf(failure);
      return code;
    }
    // Whoever left early has the report so far.
    await results.write(report.timeline === undefined ? withTimeline(report, state.activity) : report);
    process.stdout.write(exitSummary(report, isStdin ? null : names, reading.state === 'done', style.ascii));
    return code === EXIT.done ? exitCodeFor(report, flags) : code;
  } finally {
    spool?.remove();
  }
}

/** The analysis of files; of standard input while it comes, or, when that is packed, once all of it is there. */
function fileFeed(spool: StdinSpool | null, task: AnalysisThreadOptions): Feed {
  let thread: AnalysisThread | null = null;
  let hasLeft = false;
  const end = (): unknown => thread?.spoolEnded([]);
  if (spool === null) thread = new AnalysisThread(task);
  else if (!spool.isPacked) {
    thread = new AnalysisThread({ ...task, kind: 'stdin' });
    spool.ended.then(end, end);
  } else {
    const start = (): void => {
      if (!hasLeft) thread = new AnalysisThread(task);
    };
    spool.ended.then(start, start);
  }
  return {
    stopReading: () => thread?.stopReading(),
    detach: () => undefined,
    extend: () => undefined,
    end: async () => {
      hasLeft = true;
      await thread?.terminate();
    },
  };
}

/** So many files are written out in a command. */
const MOST_OPERANDS = 5;

/** What stays in the scrollback; of standard input (null) nothing stays to be read again. */
function exitSummary(report: Report, files: readonly string[] | null, isWhole: boolean, ascii: boolean): string {
  const verdict = verdictLine(report, { ascii });
  const part = isWhole ? '' : ', read in part';
  if (files === null) return `${verdict}\nfrom standard input${part}; it was not kept.\n`;
  const [first = '', ...others] = files;
  // Names of files may hold anything.
  const name = show(first, ascii);
  const names = others.length === 0 ? name : `${name} +${others.length} more`;
  const operands = files.slice(0, MOST_OPERANDS).map((file) => show(asOperand(file), ascii));
  const rest = files.length > operands.length ? ` ... (all ${files.length} files)` : '';
  return `${verdict}\nfrom ${names}${part}. The whole report: drover analyze ${operands.join(' ')}${rest}\n`;
}
