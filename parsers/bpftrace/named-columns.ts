import { namedColumn, UNITS } from '../../src/trace/column-names.ts';
import { groupedBy } from '../../src/trace/grouped-by.ts';
import { CLOCK, columnsOf, type ForeignLayout, finished, type Plan } from './foreign-columns.ts';
import type { Column } from './headings.ts';
import { TOKEN, wordsOf } from './printed-words.ts';

/**
 * Reads lines by columns that the user names, in the order in which they stand: `ts pid tid comm call fd ret dur:us`.
 * Null when no line has so many words, or has no time or number where one is named.
 */
export function namedColumns(names: readonly string[], lines: readonly string[]): ForeignLayout | null {
  const rows = lines.filter((line) => (line.match(TOKEN) ?? []).length === names.length);
  // A number with its unit is one word to whoever counts columns and two to whoever reads them.
  const byWords = groupedBy(rows, (line) => wordsOf(line).length);
  const plans = [...byWords].flatMap(([words, same]) => planOf(names, words, same) ?? []);
  return plans.length === 0 ? null : columnsOf(plans);
}

function planOf(names: readonly string[], words: number, lines: readonly string[]): Plan | null {
  const [first = ''] = lines;
  const columns: Column[] = [];
  let at = 0;
  for (const [place, token] of (first.match(TOKEN) ?? []).entries()) {
    const named = namedColumn(names[place] ?? '_');
    const own = wordsOf(token);
    // A label may stand before the value: `pid:7`.
    const value = own.length > 1 && namedColumn(own[0] ?? '') !== null ? 1 : 0;
    const unit = UNITS[own[value + 1] ?? ''] ?? Number.NaN;
    if (named !== null && named.role !== null && own.length > 0)
      columns.push({ role: named.role, at: at + value, unit: Number.isNaN(named.unit) ? unit : named.unit });
    at += own.length;
  }
  const rows = lines.map(wordsOf);
  for (const column of columns) {
    const values = rows.map((row) => row[column.at] ?? '');
    if (column.role !== 'ts' && column.role !== 'dur') continue;
    if (column.role === 'ts' && values.every((value) => CLOCK.test(value))) column.unit = 0;
    else if (!values.some((value) => Number.isFinite(Number(value)))) return null;
  }
  const plan = finished(words, columns, rows);
  return rows.some((row) => columnsOf([plan]).translate(row.join(' ')) !== null) ? plan : null;
}
