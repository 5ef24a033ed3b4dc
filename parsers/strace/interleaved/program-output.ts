/** Output of the program that a terminal shows in the middle of the `write` that made it. */
export interface ProgramOutput {
  /** Where the output begins in the given text. */
  readonly at: number;
  /** How many bytes the program wrote. */
  readonly length: number;
}

/** Longer writes are not looked into. */
const LONGEST = 65_536;
const STRING = /"((?:[^"\\]|\\.)*)"(\.\.\.)?/.source;
const WRITE = new RegExp(`^(?:fd=)?[12](?:<.*?>)?, (?:buf=)?${STRING}, (?:count=)?(\\d{1,10})`, 's');
const PART = `\\{(?:iov_base=)?${STRING}, (?:iov_len=)?(\\d+)\\}`;
const PARTS = new RegExp(PART, 'gs');
const WRITEV = new RegExp(
  `^(?:fd=)?[12](?:<.*?>)?, (?:\\w+=)?\\[(${PART.replaceAll('((', '(?:(')}(?:, )?)+(?:\\.\\.\\.)?\\], (?:\\w+=)?(\\d+)`,
  's',
);
/** What follows the arguments when nothing was written, or not to this terminal. */
const REGULAR = /^(?:\)\s+= |, | <(?:unfinished|detached) \.\.\.>$)/;
const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f' };

/**
 * Finds the program's output behind the last argument of a `write` or `writev` to descriptor 1 or 2, or gives null.
 * `text` holds the line (Latin-1) from the first argument on. The bytes are compared with the string argument: `25` is
 * the count 2 and the output `5`, when the string says so.
 */
export function findProgramOutput(text: string): ProgramOutput | null {
  if (!/^(?:fd=)?[12][,<]/.test(text)) return null;
  const head = text.length > LONGEST ? text.slice(0, LONGEST) : text;
  const write = WRITE.exec(head);
  if (write !== null) {
    const [whole, string = '', more, digits = ''] = write;
    return splitDigits(head, whole.length, digits, unescape(string), more === undefined);
  }
  const writev = WRITEV.exec(head);
  if (writev === null) return null;
  const rest = head.slice(writev[0].length);
  if (REGULAR.test(rest)) return null;
  let length = 0;
  for (const part of (writev[0] ?? '').matchAll(PARTS)) length += Number(part[3]);
  return { at: writev[0].length, length };
}

/**
 * Where the arguments of such a `write` end when the line ends with `<unfinished ...>` and anything in between; -1 for
 * other lines.
 */
export function endOfWrite(text: string): number {
  if (!text.endsWith('<unfinished ...>') || text.length > LONGEST) return -1;
  return (WRITE.exec(text) ?? WRITEV.exec(text))?.[0].length ?? -1;
}

function splitDigits(
  text: string,
  end: number,
  digits: string,
  written: string,
  complete: boolean,
): ProgramOutput | null {
  // `75) = 9` may be the count 75, or the count 7 and the output `5) = 9`.
  if (REGULAR.test(text.slice(end)) && !(complete && Number(digits) !== written.length)) return null;
  for (let cut = digits.length; cut > 0; cut--) {
    const length = Number(digits.slice(0, cut));
    // The blank of ` <unfinished ...>` may come before the output, the rest behind it.
    const at = end - digits.length + cut + (cut === digits.length && text[end] === ' ' ? 1 : 0);
    if (complete ? length === written.length : length > written.length) {
      if (showsOutput(text.slice(at), written, complete)) return { at, length };
    }
  }
  return null;
}

/** Whether the rest of the line is what the program wrote, up to its first line break. */
function showsOutput(rest: string, written: string, complete: boolean): boolean {
  const lineBreak = written.indexOf('\n');
  if (lineBreak < 0) return rest.startsWith(written) && (!complete || rest.length >= written.length);
  return rest === written.slice(0, lineBreak).replace(/\r$/, '');
}

function unescape(text: string): string {
  return text.replace(ESCAPE, (_, octal?: string, hexadecimal?: string, letter?: string) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    if (hexadecimal !== undefined) return String.fromCharCode(Number.parseInt(hexadecimal, 16));
    return LETTERS[letter ?? ''] ?? letter ?? '';
  });
}
