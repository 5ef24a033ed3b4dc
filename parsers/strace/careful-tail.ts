import { UNKNOWN } from '../../src/trace/time.ts';
import type { StraceCall } from './call.ts';
import { beginsResult, closingBracket, OPEN_STRING } from './brackets.ts';
import { DETACHED, DETACHED_MARK, type Ending, endsWith, RETURNED, UNCLEAR, UNFINISHED, UNFINISHED_MARK } from './tail.ts';

/** The arguments are not closed: the line is cut, or a message or the program's output came between. */
export const UNCLOSED = 4;

const VALUE = /^(?:(-?\d+)|(0x[0-9a-f]+)|(\?))(?=$|[\s<,(/[])/;
const ERROR = /^ (?:(E[A-Z0-9_]+) \(|\((errno \d+)\))/;
const DURATION = / <(\d{1,15}(?:\.\d{1,9})?)>$/;
const INJECTED = /\(INJECTED(?:: [\w, ]{1,40})?\)/;

/** Reads the end of a line that `Tail.read` found unclear, from the beginning of the arguments on. */
export function readCarefully(call: StraceCall, bytes: Buffer, from: number, to: number): Ending | typeof UNCLOSED {
  const closing = closingBracket(bytes, from, to);
  if (closing >= 0) return readResult(call, bytes, closing, to) ? RETURNED : UNCLEAR;
  if (closing === OPEN_STRING) return UNCLOSED;
  if (endsWith(bytes, from, to, UNFINISHED_MARK)) {
    call.argsTo = to - UNFINISHED_MARK.length;
    return UNFINISHED;
  }
  if (endsWith(bytes, from, to, DETACHED_MARK)) {
    call.argsTo = to - DETACHED_MARK.length;
    return DETACHED;
  }
  return UNCLOSED;
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
  if (duration !== null && (text[number.length] !== '<' || text[duration.index - 1] === '>' || text[duration.index - 1] === ')')) {
    call.duration = Math.round(Number(duration[1]) * 1e9);
    text = text.slice(0, duration.index);
  }
  call.argsTo = closing;
  call.returnedFrom = at;
  call.returnedTo = at + text.length;
  call.result = decimal !== undefined ? readDecimal(decimal) : hexadecimal !== undefined ? Number(hexadecimal) : Number.NaN;
  const rest = text.slice(number.length);
  const error = ERROR.exec(rest);
  call.error = error === null ? '' : (error[1] ?? error[2] ?? '');
  call.injected = INJECTED.test(rest);
  return true;
}

/** strace prints modes in octal: `022`. */
function readDecimal(text: string): number {
  return text.length > 1 && text.startsWith('0') ? Number.parseInt(text, 8) : Number(text);
}
