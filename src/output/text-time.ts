import type { TimeShare } from '../analysis/report.ts';
import type { Page } from './page.ts';
import { timeTable } from './tables.ts';

const SHOWN = 20;

/** Where the time of each process went, the longest first. */
export function addTime(page: Page, time: readonly TimeShare[], verbose: number, note?: string): void {
  if (time.length === 0) return;
  const table = timeTable(time);
  page.titled(
    note === undefined ? table : { ...table, note },
    verbose > 1 ? time.length : SHOWN,
    'more, -vv shows all',
  );
}
