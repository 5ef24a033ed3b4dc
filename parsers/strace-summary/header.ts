/** Column names as strace writes them, and what `-U` can add. */
const COLUMNS: ReadonlySet<string> = new Set(
  (
    'time time-percent seconds usecs/call calls errors syscall total-time min shortest max longest avg-time min-time ' +
    'max-time wall-total wall-min wall-max wall-avg'
  ).split(' '),
);

/** The columns of a table, from its header; null when the line is none. The first characters may be missing. */
export function headerOf(line: string): readonly string[] | null {
  const words = line
    .trim()
    .replace(/^(?:\^C)?%? ?/, '')
    .split(/\s+/);
  if (words.length < 3 || !words.includes('calls') || !words.includes('syscall')) return null;
  return words.every((word, i) => COLUMNS.has(word) || (i === 0 && /^(?:ime|me|e)$/.test(word))) ? words : null;
}
