import { isErrorBegun } from '../../src/trace/errors.ts';
import { LONGEST_CAPTURE, UNKNOWN } from '../../src/trace/time.ts';
import { beginsResult, closingBracket, OPEN_STRING } from '../text/brackets.ts';
import type { StraceCall } from './call.ts';
import { DETACHED, type Ending, RETURNED, UNCLEAR, UNFINISHED } from './line-result.ts';

/** The arguments are not closed: the line is cut, or a message or the program's output came between. */
export const UNCLOSED = 4;
/** ` <pid changed to 7989 ...>`: `execve` by a thread takes the tid of its thread group (`-ff`). */
export const MOVED = 5;

/**
 * 4.5 prints an exit of another's child as `<unfinished ... exit status 0>`; the last two are failures of the tracer.
 */
const OPEN_END =
  / <(?:(unfinished|detached) \.\.\.>|(?:(pid changed to \d+) \.\.\.>)|(unfinished \.\.\. exit) status \d+>?|Cannot restart pid .*>|ptrace\(.*>)$/;
const VALUE = /^(?:(-?\d+)|(0x[0-9a-f]+)|(\?))(?=$|[\s<,(/[])/;
/** Mail programs and narrow terminals break the line in front of the words in brackets, or leave them out. */
const ERROR = /^ (?:(E[A-Z0-9_]+)(?: \(|$)|\((errno \d+)\))/;
const CUT_NAME = /^ (E[A-Z0-9_]*)($| [A-Z])/;
const DURATION = / <(\d{1,15}(?:\.\d{1,9})?)>$/;
const DELAYED = / \((?:INJECTED: \w{1,40}, )?DELAYED\)|, DELAYED\)/;
const INJECTED = /\(INJECTED(?:: [\w, ]{1,40})?\)/;

/** Reads the end of a line that `LineResult.read` found unclear, from the beginning of the arguments on. */
export function readCarefully(
  call: StraceCall,
  bytes: Buffer,
  from: number,
  to: number,
): Ending | typeof UNCLOSED | typeof MOVED {
  const closing = closingBracket(bytes, from, to);
  if (closing >= 0) return readResult(call, bytes, closing, to) ? RETURNED : UNCLEAR;
  if (closing === OPEN_STRING) return UNCLOSED;
  const end = OPEN_END.exec(bytes.toString('latin1', Math.max(from, to - 120), to));
  if (end === null) return UNCLOSED;
  const [mark, ...words] = end;
  const word = words.find((found) => found !== undefined) ?? '';
  call.argsTo = to - mark.length;
  if (word.startsWith('pid')) return MOVED;
  if (word === 'detached') return DETACHED;
  if (word !== 'unfinished ... exit') return UNFINISHED;
  call.returnedFrom = call.returnedTo = to;
  call.result = Number.NaN;
  call.error = '';
  call.duration = UNKNOWN;
  call.injected = false;
  call.delayed = false;
  return RETURNED;
}

/** Reads forward what follows the closing bracket. */
function readResult(call: StraceCall, bytes: Buffer, closing: number, to: number): boolean {
  if (!beginsResult(bytes, closing + 1, to)) return false;
  let at = closing + 1;
  while (bytes[at] === 0x20) at++;
  at += 2;
  let text = bytes.toString('latin1', at, to).trimEnd();
  const value = VALUE.exec(text);
  if (value === null) return false;
  const [number, decimal, hexadecimal] = value;
  const duration = DURATION.exec(text);
  call.duration = UNKNOWN;
  // A path may look like a duration: `3</tmp/x <0.5>`. Then its decoration is not closed before.
  if (
    duration !== null &&
    (text[number.length] !== '<' || text[duration.index - 1] === '>' || text[duration.index - 1] === ')')
  ) {
    const nanoseconds = Math.round(Number(duration[1]) * 1e9);
    if (nanoseconds > LONGEST_CAPTURE) return false;
    call.duration = nanoseconds;
    text = text.slice(0, duration.index);
  }
  call.argsTo = closing;
  call.returnedFrom = at;
  call.returnedTo = at + text.length;
  call.result =
    decimal !== undefined ? readDecimal(decimal) : hexadecimal !== undefined ? Number(hexadecimal) : Number.NaN;
  const rest = text.slice(number.length);
  // `&lt;0.000011&gt;`
  if (rest.endsWith('&gt;')) return false;
  if (isCutName(rest)) return false;
  const error = ERROR.exec(rest);
  call.error = error === null ? '' : (error[1] ?? error[2] ?? '');
  call.injected = INJECTED.test(rest);
  call.delayed = DELAYED.test(rest);
  return true;
}

/** The line ends within the name of an error, ` ENOEN`, or a blank stands where the lines were joined: ` ENO ENT (`. */
function isCutName(text: string): boolean {
  const [, name, rest] = CUT_NAME.exec(text) ?? [];
  return name !== undefined && (rest !== '' || isErrorBegun(name));
}

/** strace prints modes in octal: `022`. */
function readDecimal(text: string): number {
  return text.length > 1 && text.startsWith('0') ? Number.parseInt(text, 8) : Number(text);
}
