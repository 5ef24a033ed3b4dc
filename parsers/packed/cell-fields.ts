import { type FieldReader, type Fields, NO_FIELDS } from './fields.ts';

/** `|---|:--|`, `+------+----+`: between the rows of a table. */
const RULER = /^\s*[|+][\s|+:=-]*[|+]\s*$/;
const BAR_ROW = /^\s*\|(.*)\|\s*$/;
/** Between cells: a bar that is not escaped, with blanks around it, which flags of a call do not have. */
const BAR = /(?<!\\)\s\|\s/;
const HTML_ROW = /^\s*<tr\b[^<>]*>\s*<t[dh]\b/i;
const HTML_CELL = /<t[dh]\b[^<>]*>/i;
const MOST_CELLS = 64;

/** Reads the rows of a table that Markdown or a database client drew. */
export function barFields(lines: readonly string[]): FieldReader {
  const counts = lines.flatMap((line) => {
    const cells = RULER.test(line) ? null : cellsOf(line);
    return cells === null ? [] : [cells.length];
  });
  const columns = commonest(counts);
  return (line) => {
    if (RULER.test(line)) return NO_FIELDS;
    const cells = cellsOf(line);
    return cells === null ? null : numbered(joined(cells, columns, ' | ').map((cell) => cell.trim()));
  };
}

function cellsOf(line: string): string[] | null {
  const inner = BAR_ROW.exec(line)?.[1];
  return inner === undefined ? null : ` ${inner} `.split(BAR).map((cell) => cell.replaceAll('\\|', '|'));
}

/** Reads rows of a spreadsheet, whose cells stand in quotes where they hold the separator. */
export function separatedFields(separator: string): (lines: readonly string[]) => FieldReader {
  return (lines) => {
    const columns = commonest(lines.map((line) => split(line, separator).length));
    return (line) => {
      const cells = split(line, separator);
      return cells.length === columns ? numbered(cells) : null;
    };
  };
}

function split(line: string, separator: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length && cells.length < MOST_CELLS) {
    if (line[at] === '"') {
      const quoted = /"((?:[^"]|"")*)"/y;
      quoted.lastIndex = at;
      const found = quoted.exec(line);
      const end = at + (found?.[0].length ?? 0);
      if (found !== null && (end === line.trimEnd().length || line[end] === separator)) {
        cells.push((found[1] ?? '').replaceAll('""', '"'));
        at = end + 1;
        if (end >= line.trimEnd().length) break;
        continue;
      }
    }
    const end = line.indexOf(separator, at);
    cells.push(line.slice(at, end < 0 ? line.length : end));
    if (end < 0) break;
    at = end + 1;
  }
  return cells;
}

/** A row of a table of HTML, on one line. */
export const htmlFields: FieldReader = (line) => {
  if (!HTML_ROW.test(line)) return null;
  const cells = line.split(HTML_CELL).slice(1);
  return numbered(cells.map((cell) => cell.replace(/<\/t[dhr]>[^]*$/i, '')));
};

/** A cell with a bar of its own makes more cells than there are columns: the last one has them all. */
function joined(cells: readonly string[], columns: number, separator: string): string[] {
  if (cells.length <= columns) return [...cells];
  return [...cells.slice(0, columns - 1), cells.slice(columns - 1).join(separator)];
}

function numbered(cells: readonly string[]): Fields {
  return new Map(cells.map((cell, index) => [String(index), cell]));
}

function commonest(counts: readonly number[]): number {
  const votes = new Map<number, number>();
  for (const count of counts) votes.set(count, (votes.get(count) ?? 0) + 1);
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 1;
}
