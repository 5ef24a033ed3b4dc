import type { Report } from '../../analysis/report.ts';
import { asOperand } from '../../files/operand.ts';
import { show } from '../../output/show.ts';
import { AnalysisThread, type AnalysisThreadOptions } from '../../pipeline/analysis-thread.ts';
import { InputError } from '../../sources/input-error.ts';
import { openInputs } from '../../sources/open-inputs.ts';
import type { TriageFlags } from '../commands/triage.ts';
import { type Failure, type Feed, Triage } from '../dashboard/run-dashboard.ts';
import { redirectedFile, type StdinSpool, spoolStdin } from '../dashboard/stdin-spool.ts';
import { EXIT } from '../exit-code.ts';
import { exitCodeFor } from '../options/print.ts';
import { manners } from '../terminal-capabilities.ts';
import { verdictLine } from '../verdict-line.ts';
import { checkFiles, checkFlags, timedOptions } from './analyze.ts';

export const USUAL_MEMORY_MB = 1_024;

/**
 * Shows the dashboard of these files until its user leaves; gives the exit code. Throws `UsageError` and `InputError`.
 */
export async function runTriage(operands: readonly string[], flags: TriageFlags): Promise<number> {
  checkFiles(operands, []);
  checkFlags(flags);
  const options = timedOptions(flags);
  const isStdin = operands[0] === '-';
  const redirected = isStdin ? redirectedFile() : null;
  const spool = isStdin && redirected === null ? await spoolStdin() : null;
  const files = isStdin ? [redirected ?? spool?.path ?? ''] : operands;
  const names = openInputs(files).inputs.map(({ name }) => name);
  const looks = manners(flags, process.env, process.stdout);
  const triage = new Triage({
    source: 'file',
    files: names,
    ascii: looks.ascii,
    theme: looks.colour ? (flags.theme ?? 'dark') : 'mono',
    mouse: flags.mouse === true,
  });
  try {
    const { code, state, failure } = await triage.run(() =>
      fileFeed(spool, {
        paths: files,
        options,
        memoryMb: flags.memory ?? USUAL_MEMORY_MB,
        tell: (message) => triage.told(message),
      }),
    );
    const { report, reading } = state;
    if (report === null) {
      if (failure !== null) throw failureOf(failure);
      return code;
    }
    process.stdout.write(farewell(report, isStdin ? null : names, reading.state === 'done', looks.ascii));
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

export function failureOf({ isInput, message, hint, stack }: Failure): Error {
  if (isInput) return new InputError(message, { hint });
  const error = new Error(message);
  if (stack !== '') error.stack = stack;
  return error;
}

/** What stays in the scrollback; of standard input (null) nothing stays to be read again. */
function farewell(report: Report, files: readonly string[] | null, isWhole: boolean, ascii: boolean): string {
  const verdict = verdictLine(report, { ascii, withPayload: false });
  const part = isWhole ? '' : ', read in part';
  if (files === null) return `${verdict}\nfrom standard input${part}; it was not kept.\n`;
  const [first = '', ...others] = files;
  // Names of files may hold anything.
  const name = show(first, ascii);
  const names = others.length === 0 ? name : `${name} +${others.length} more`;
  return `${verdict}\nfrom ${names}${part}. The whole report: drover analyze ${show(asOperand(first), ascii)}\n`;
}
