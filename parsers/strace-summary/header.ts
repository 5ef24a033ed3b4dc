import { cleanLine } from '../text/cleaning.ts';
import { FOREIGN_COLUMNS, type ForeignColumns, NUMBERED } from '../text/foreign-columns.ts';

/** Column names as strace writes them, and what `-U` can add. */
const COLUMNS: ReadonlySet<string> = new Set(
  (
    'time time-percent seconds usecs/call calls errors syscall total-time min shortest max longest avg-time min-time ' +
    'max-time wall-total wall-min wall-max wall-avg'
  ).split(' '),
);

/** What stands before the lines of a table: the first that leaves a header, or nothing. */
const BEFORE: readonly ForeignColumns[] = [{ strip: (line) => line }, ...FOREIGN_COLUMNS, NUMBERED];

/** A header behind what a paste or another program put before it. */
export interface PastedHeader {
  readonly columns: readonly string[];
  readonly foreign: ForeignColumns;
}

/** The same as `headerOf`, of a line that somebody may have quoted, numbered, collected or marked up. */
export function pastedHeaderOf(line: string): PastedHeader | null {
  if (!line.includes('syscall')) return null;
  const text = cleanLine(line);
  for (const foreign of BEFORE) {
    const columns = headerOf(foreign.strip(text));
    if (columns !== null) return { columns, foreign };
  }
  return null;
}

/** The columns of a table, from its header; null when the line is none. The first characters may be missing. */
function headerOf(line: string): readonly string[] | null {
  const words = line
    .trim()
    .replace(/^\^C/, '')
    .replace(/%(?: time)?(?= |$)/, 'time')
    .replace(/^time time/, 'time')
    .split(/\s+/);
  if (!words.includes('calls') || !words.includes('syscall')) return null;
  // Two words are a header (`-U name,calls`) where they are set apart as columns.
  if (words.length < 3 && !/^ {3}|\S {3,}\S/.test(line)) return null;
  return words.every((word, i) => COLUMNS.has(word) || (i === 0 && /^(?:ime|me|e)$/.test(word))) ? words : null;
}
