import { type DashboardState, shownReport } from './state.ts';
import { verdictLabel, verdictLines } from './verdict-text.ts';

/** The smallest terminal that is drawn on. */
export const SMALLEST = { columns: 40, rows: 8 } as const;
/** From here on the overview shows everything at once. */
const LARGE = { columns: 120, rows: 36 } as const;

/** Below this height a verdict has one line, however long it is. */
const FEWEST_FOR_SECOND_LINE = 20;

interface Layout {
  readonly tooSmall: boolean;
  readonly large: boolean;
  /** Rows above the body: verdict, then source and data, then a rule, as the height allows. */
  readonly headRows: number;
  /** Rows between head and foot. */
  readonly bodyRows: number;
  /** Message and keys. */
  readonly footRows: number;
}

/** How the height of the terminal is divided. */
export function layoutOf(state: DashboardState): Layout {
  const { columns, rows } = state;
  const report = shownReport(state);
  const second =
    rows >= FEWEST_FOR_SECOND_LINE &&
    report !== null &&
    verdictLines(state, report, columns - verdictLabel(state, report)).length > 1
      ? 1
      : 0;
  const headRows = rows < 12 ? 1 : rows < 16 ? 2 : 3 + second;
  const footRows = rows < 12 ? 1 : 2;
  return {
    tooSmall: columns < SMALLEST.columns || rows < SMALLEST.rows,
    large: columns >= LARGE.columns && rows >= LARGE.rows,
    headRows,
    bodyRows: Math.max(1, rows - headRows - footRows),
    footRows,
  };
}

/** Rows of a table's body when its screen has that many rows below it for the selected row. */
export function tableRows(bodyRows: number, below: number): number {
  // A rule with the title, and the heads of the columns.
  return Math.max(1, bodyRows - 2 - below);
}

/** The first row shown of a list, so that the selected one is in sight, with as little movement as can be. */
export function firstShown(position: number, shown: number, total: number): number {
  if (total <= shown) return 0;
  return Math.max(0, Math.min(position - Math.floor(shown / 2), total - shown));
}
