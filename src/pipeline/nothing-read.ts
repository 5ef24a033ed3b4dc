import { nameOf } from '../../parsers/not-a-trace.ts';
import type { Report } from '../analysis/report.ts';
import { InputError } from '../sources/input-error.ts';
import { plural } from '../trace/format-numbers.ts';

const NAME_THEM =
  "Name the words of a line, _ for what is not read: drover --columns 'ts pid tid comm call fd ret dur:us' ";
const RECORD = 'strace -f -ttt -T -y -s 128 -o trace.strace -p PID';

/** The error for a trace of which no line told anything of a process: a report would say that nothing is well. */
export function nothingRead({ source: { paths, format }, quality: { lines, diagnostics } }: Report): InputError {
  const [first = ''] = paths;
  const name = paths.length === 1 ? first : `${first} and ${paths.length - 1} more`;
  const nothing = `No system call could be read from the ${plural(lines, 'line')} of ${name}`;
  if (!format.split('+').includes('bpftrace'))
    return new InputError(`${nothing}.`, { hint: `Record again, while the process is alive: ${RECORD}` });
  const named = nameOf(diagnostics.flatMap(({ samples }) => samples.map(({ text }) => text)));
  if (named !== null)
    return new InputError(`${nothing}: ${named.looksLike}.`, { hint: `Record the calls themselves: ${RECORD}` });
  // Only lines that the program printed have columns that a name could help to read.
  const hasColumns = diagnostics.some(({ code }) => code === 'foreign-line' || code === 'unparsed-line');
  return hasColumns
    ? new InputError(`${nothing}: messages, maps, or columns that drover cannot tell apart.`, {
        hint: `${NAME_THEM}${first}`,
      })
    : new InputError(`${nothing}: only messages of bpftrace, and maps or histograms whose keys name no system call.`, {
        hint: `Record the calls themselves: ${RECORD}, or: drover recipe`,
      });
}
