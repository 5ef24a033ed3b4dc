import { type ColumnRole, namedColumn, UNITS } from '../../src/trace/column-names.ts';
import { TOKEN, wordsOf } from './printed-words.ts';

/** A column, by its place among the words of a line. */
export interface Column {
  readonly role: ColumnRole;
  readonly at: number;
  /** Nanoseconds in its unit; 0 where a time of day stands, NaN where it has none. */
  unit: number;
}

/** A line that names the columns of those below, `TIME PID COMM SYSCALL FD RET LAT(us)`. */
export interface Heading {
  /** Its place among the lines. */
  readonly at: number;
  /** Null for a name that drover does not know. Nanoseconds in the unit, NaN where none is named. */
  readonly columns: readonly { readonly role: ColumnRole | null; readonly unit: number }[];
}

/** A heading stands above the lines: behind messages of the tracer, of which there are few. */
const LINES = 20;
const FEWEST = 3;
const OPENING = /[([:_-]$/;
const NUMBER = /^:?-?\d/;

/** The heading of these lines; null when there is none. */
export function headingOf(lines: readonly string[]): Heading | null {
  for (const [at, line] of lines.slice(0, LINES).entries()) {
    const columns = columnsOf(line.toLowerCase());
    const roles = columns?.flatMap(({ role }) => role ?? []) ?? [];
    const isOne = new Set(roles).size === roles.length && (roles.includes('pid') || roles.includes('tid'));
    if (columns !== null && isOne && roles.length >= FEWEST) return { at, columns };
  }
  return null;
}

function columnsOf(line: string): Heading['columns'] | null {
  const columns: { role: ColumnRole | null; unit: number }[] = [];
  for (const { 0: word, index } of line.matchAll(TOKEN)) {
    if (NUMBER.test(word)) return null;
    const unit = UNITS[word];
    const last = columns.at(-1);
    if (unit !== undefined && last !== undefined && OPENING.test(line.slice(0, index))) last.unit = unit;
    else if (unit !== undefined) columns.push({ role: 'dur', unit });
    else columns.push(namedColumn(word) ?? { role: null, unit: Number.NaN });
  }
  return columns;
}

/** The columns of lines below that heading which all have as many words; none when they have other columns. */
export function columnsUnder({ columns }: Heading, lines: readonly string[]): Column[] {
  const tokens = lines[0]?.match(TOKEN) ?? [];
  if (tokens.length !== columns.length) return [];
  let at = 0;
  return tokens.flatMap((token, place) => {
    const words = wordsOf(token);
    const { role = null, unit = Number.NaN } = columns[place] ?? {};
    const column = { role, at, unit: Number.isNaN(unit) ? (UNITS[words[1] ?? ''] ?? Number.NaN) : unit };
    at += words.length;
    if (column.role === null || words.length === 0) return [];
    // A time of day has no unit.
    return [{ ...column, role: column.role, unit: /^\d\d:\d\d:/.test(token) ? 0 : column.unit }];
  });
}
