import type { Report } from '../analysis/report.ts';
import { InputError } from '../sources/input-error.ts';
import { plural } from '../trace/format-numbers.ts';

const NAME_THEM =
  "Name the words of a line, _ for what is not read: drover --columns 'ts pid tid comm call fd ret dur:us' ";

/** The error for a trace of which no line told anything of a process: a report would say that nothing is well. */
export function nothingRead({ source: { paths, format }, quality: { lines } }: Report): InputError {
  const [first = ''] = paths;
  const name = paths.length === 1 ? first : `${first} and ${paths.length - 1} more`;
  const isPrinted = format.split('+').includes('bpftrace');
  return new InputError(
    isPrinted
      ? `No system call could be read from the ${plural(lines, 'line')} of ${name}: messages, maps, or columns that ` +
          'drover cannot tell apart.'
      : `No system call could be read from the ${plural(lines, 'line')} of ${name}.`,
    {
      hint: isPrinted
        ? `${NAME_THEM}${first}`
        : 'Record again, while the process is alive: strace -f -ttt -T -y -s 128 -o trace.strace -p PID',
    },
  );
}
