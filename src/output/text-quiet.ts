import type { CallStatistics, Report, Worker } from '../analysis/report.ts';
import { count, percent } from '../trace/format-numbers.ts';
import type { Page } from './page.ts';
import { endTable, UP_TO_NEXT } from './tables.ts';
import { addCalls } from './text-tables.ts';
import { addTime } from './text-time.ts';

const SHOWN_ENDS = 12;
const SHOWN_CALLS = 8;
const SHOWN_FAILURES = 5;
/** Fewer failures than this share of a call are ordinary. */
const LEAST_SHARE = 0.01;

/** What there is to read where nothing was found: who was in what at the end, where time went, what failed. */
export function addQuietTables(page: Page, report: Report): void {
  addEnds(page, report.workers);
  addCalls(page, report, report.calls.slice(0, SHOWN_CALLS), 2);
  if (report.calls.length > SHOWN_CALLS)
    page.line([], 2, `+${count(report.calls.length - SHOWN_CALLS)} more, -v shows them`);
  // Without durations that is what tells where the time went.
  const { durations } = report.source.flags;
  const rows = report.time.slice(0, SHOWN_CALLS);
  if (durations) addTime(page, rows, 0);
  else addTime(page, rows, 0, UP_TO_NEXT);
  addFailures(page, report.calls);
}

/** What each process had not come back from; those that wait for work last. */
function addEnds(page: Page, workers: readonly Worker[]): void {
  const table = endTable(workers);
  if (table.rows.length > 0) page.titled(table, SHOWN_ENDS, 'more');
}

/** Calls of which a part failed that is worth a look, those that failed most first. */
function addFailures(page: Page, calls: readonly CallStatistics[]): void {
  const rows = calls
    .flatMap((call) => Object.entries(call.errors).map(([errno, failed]) => ({ call, errno, failed })))
    .filter(({ call, failed }) => failed >= call.count * LEAST_SHARE)
    .toSorted((a, b) => b.failed - a.failed);
  if (rows.length === 0) return;
  page.heading('FAILED', 'calls and their errors; EAGAIN of a call that does not wait is ordinary');
  for (const { call, errno, failed } of rows.slice(0, SHOWN_FAILURES)) {
    const share = percent(failed / Math.max(1, call.count));
    page.line(
      [],
      2,
      `${call.call}  ${errno === '?' ? 'unknown error' : errno}  ${count(failed)} of ${count(call.count)} (${share})`,
    );
  }
  if (rows.length > SHOWN_FAILURES) page.line([], 2, `+${count(rows.length - SHOWN_FAILURES)} more, -v shows them`);
}
