import { type Row, row, styled } from '../row.ts';
import { type DashboardState, shownReport } from '../state.ts';

const WORDS = { clear: 'clear', 'not-applicable': 'cannot tell', failed: 'failed', found: 'found' } as const;

/** Said in place of checks that other lines of the file may still turn. */
export const UNREAD = 'The checks have their answers when the file has been read.';

export function isRead({ reading, source }: DashboardState): boolean {
  return reading.state !== 'reading' || source !== 'file';
}

/**
 * What was looked at, a row for each kind, where nothing was found. Before the file is read "cannot tell" would be said
 * of what its other lines may tell.
 */
export function checkRows(state: DashboardState): readonly Row[] {
  const report = shownReport(state);
  if (report === null) return [];
  if (!isRead(state)) return [row(` ${UNREAD}`)];
  const { outcomes } = report;
  return Object.entries(outcomes).map(([kind, { status, reason }]) =>
    row(styled(` ${WORDS[status].padEnd(12)}`, status === 'failed' ? 'warning' : 'bold'), `${kind}: ${reason}`),
  );
}
