import { count } from '../../trace/format-numbers.ts';
import type { Table } from '../page.ts';
import { type PageRoom, shortText } from './bounded.ts';
import { element, type Html } from './element.ts';

/** A table with its heading and what its columns mean, or null without rows. Rows without room are counted. */
export function htmlTable({ title, note, columns, rows }: Table, { rows: most, words }: PageRoom): Html | null {
  if (rows.length === 0) return null;
  const sideOf = (index: number): string | null => (columns[index]?.align === 'right' ? 'right' : null);
  const cell = (name: string, text: string, index: number): Html =>
    element(name, { class: sideOf(index) }, shortText(text, words));
  return element(
    'div',
    { class: 'block' },
    title === '' ? null : element('h3', {}, sentenceCase(title)),
    note === '' ? null : element('p', { class: 'note' }, `${note}.`),
    element(
      'div',
      { class: 'wide' },
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            columns.map((column, index) => cell('th', sentenceCase(column.title), index)),
          ),
        ),
        element(
          'tbody',
          {},
          rows.slice(0, most).map((cells) =>
            element(
              'tr',
              {},
              cells.map((text, index) => cell('td', text, index)),
            ),
          ),
        ),
      ),
    ),
    rows.length > most
      ? element('p', { class: 'note' }, `+${count(rows.length - most)} more in the report of --json`)
      : null,
  );
}

/** Titles of text stand in capitals; in HTML size and weight make them stand out. */
function sentenceCase(title: string): string {
  return /^(?:PID|EPIPE|P50|P99)$/.test(title) ? title : `${title.slice(0, 1)}${title.slice(1).toLowerCase()}`;
}
