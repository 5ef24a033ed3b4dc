import type { Report } from '../analysis/report.ts';
import { AnalysisThread } from '../drive/analysis-thread.ts';
import { InputError } from '../sources/input-error.ts';
import { openInputs } from '../sources/open-inputs.ts';
import { EXIT } from './exit-code.ts';
import { exitCodeFor } from './report-flags.ts';
import { checkFiles, checkFlags, timedOptions } from './run-analyze.ts';
import { manners } from './terminal-manners.ts';
import { type Failure, Triage } from './triage/triage.ts';
import type { TriageFlags } from './triage-command.ts';
import { verdictLine } from './verdict-line.ts';

export const USUAL_MEMORY_MB = 1_024;

/** Shows the dashboard of these files until its user leaves; gives the exit code. Throws `UsageError` and `InputError`. */
export async function runTriage(files: readonly string[], flags: TriageFlags): Promise<number> {
  checkFiles(files, []);
  checkFlags(flags);
  const options = timedOptions(flags);
  const names = openInputs(files).inputs.map(({ name }) => name);
  const looks = manners(flags, process.env, process.stdout);
  const triage = new Triage({
    source: 'file',
    files: names,
    ascii: looks.ascii,
    theme: looks.colour ? (flags.theme ?? 'dark') : 'mono',
    mouse: flags.mouse === true,
  });
  const { code, state, failure } = await triage.run(() => {
    const memoryMb = flags.memory ?? USUAL_MEMORY_MB;
    const thread = new AnalysisThread({ paths: files, options, memoryMb, tell: (message) => triage.told(message) });
    return {
      stopReading: () => thread.stopReading(),
      detach: () => undefined,
      extend: () => undefined,
      end: () => thread.terminate(),
    };
  });
  const { report, reading } = state;
  if (report === null) {
    if (failure !== null) throw failureOf(failure);
    return code;
  }
  process.stdout.write(farewell(report, names, reading.state === 'done', looks.ascii));
  return code === EXIT.done ? exitCodeFor(report, flags) : code;
}

export function failureOf({ isInput, message, hint, stack }: Failure): Error {
  if (isInput) return new InputError(message, { hint });
  const error = new Error(message);
  if (stack !== '') error.stack = stack;
  return error;
}

/** What stays in the scrollback. */
function farewell(report: Report, files: readonly string[], isWhole: boolean, ascii: boolean): string {
  const [first = '', ...others] = files;
  const names = others.length === 0 ? first : `${first} +${others.length} more`;
  return `${verdictLine(report, { ascii, withPayload: false })}\nfrom ${names}${isWhole ? '' : ', read in part'}. The whole report: drover analyze ${first}\n`;
}
