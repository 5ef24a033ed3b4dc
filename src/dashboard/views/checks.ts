import type { Report } from '../../analysis/report.ts';
import { type Row, row, styled } from '../row.ts';

const WORDS = { clear: 'clear', 'not-applicable': 'cannot tell', failed: 'failed', found: 'found' } as const;

/** What was looked at, a row for each kind: on screen where nothing was found, and while nothing is found so far. */
export function checkRows({ outcomes }: Report): readonly Row[] {
  return Object.entries(outcomes).map(([kind, { status, reason }]) =>
    row(styled(` ${WORDS[status].padEnd(12)}`, status === 'failed' ? 'warning' : 'bold'), `${kind}: ${reason}`),
  );
}
