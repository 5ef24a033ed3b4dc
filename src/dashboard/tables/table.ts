import type { ListState } from '../state.ts';

/** A column that a table can be sorted by. */
export interface Column<T> {
  readonly title: string;
  /** Larger first, unless the order is turned; texts in the order of the alphabet. */
  readonly order: (item: T) => number | string;
}

/** The items that pass the filter, in the order that the list asks for. Items of equal rank keep their order. */
export function arranged<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  list: ListState,
  textOf: (item: T) => string,
): readonly T[] {
  const wanted = list.filter.toLowerCase();
  const kept = wanted === '' ? items : items.filter((item) => textOf(item).toLowerCase().includes(wanted));
  const column = columns[list.sort % columns.length];
  if (column === undefined) return kept;
  if (column.title === WORST_FIRST) return list.reversed ? kept.toReversed() : kept;
  const sign = list.reversed ? -1 : 1;
  return kept.toSorted((a, b) => sign * compare(column.order(a), column.order(b)));
}

/** The order that items came in, which is the one to read them in. */
export const WORST_FIRST = 'worst first';

/** How the rule over a table names its order: `worst first`, `by time, turned`. */
export function orderName<T>(columns: readonly Column<T>[], list: ListState): string {
  const title = columns[list.sort % columns.length]?.title ?? '';
  return `${title === WORST_FIRST ? title : `by ${title.toLowerCase()}`}${list.reversed ? ', turned' : ''}`;
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return b - a;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
