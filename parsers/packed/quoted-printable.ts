/** A result as mail writes it, and a line that goes on. */
const RESULT = /\)\s*=3D -?[\d?]/;
/** A sign that would itself be written otherwise. */
const NEVER = /=(?![0-9A-F]{2}|$)/;
const ESCAPED = /=([0-9A-F]{2})/g;

/** Mail has no longer lines; one that goes on is about as long. */
const LONGEST_LINE = 76;
const GOES_ON = /^.{68,75}=$/;

/** Whether lines are those of a mail in quoted-printable. */
export function areQuotedPrintable(lines: readonly string[]): boolean {
  if (lines.some((line) => /\)\s+= -?[\d?]/.test(line))) return false;
  if (lines.some((line) => RESULT.test(line))) return true;
  return (
    lines.some((line) => GOES_ON.test(line)) &&
    lines.every((line) => line.length <= LONGEST_LINE && !NEVER.test(line.trimEnd()))
  );
}

/** Puts lines together again: '' for each piece but the last. */
export function quotedPrintable(): (line: string) => string {
  let begun = '';
  return (line) => {
    const text = line.replace(/\s+$/, '');
    const goesOn = text.endsWith('=');
    begun += (goesOn ? text.slice(0, -1) : text).replace(ESCAPED, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (goesOn && begun.length < LONGEST) return '';
    const whole = begun;
    begun = '';
    // What stood there as =0A would be a line more.
    return whole.replaceAll('\n', ' ');
  };
}

const LONGEST = 1 << 20;
