import type { Dependency } from '../analysis/report.ts';
import { count, durationOfMs } from '../trace/format-numbers.ts';
import type { Column, Page } from './page.ts';
import { show } from './show.ts';

const SHOWN = 20;

const COLUMNS: readonly Column[] = [
  { title: 'PEER', align: 'left', shrinks: true },
  { title: 'PROTOCOL', align: 'left' },
  { title: 'WAITS', align: 'right' },
  { title: 'REQUESTS', align: 'right' },
  { title: 'TOTAL', align: 'right' },
  { title: 'P50', align: 'right' },
  { title: 'P99', align: 'right' },
  { title: 'LONGEST', align: 'right' },
  { title: 'OPEN', align: 'right' },
  { title: 'FAILED', align: 'right' },
];

/** Who was waited for, the longest first. */
export function addDependencies(page: Page, dependencies: readonly Dependency[], verbose: number): void {
  if (dependencies.length === 0) return;
  const shown = verbose > 1 ? dependencies : dependencies.slice(0, SHOWN);
  page.heading('WAITED FOR', 'from the question to the answer; open: not ended when the capture did');
  page.table(
    2,
    COLUMNS,
    shown.map((each) => [
      show(each.peer),
      each.protocol ?? '-',
      count(each.waits),
      count(each.requests),
      durationOfMs(each.totalMs),
      durationOfMs(each.p50Ms),
      durationOfMs(each.p99Ms),
      durationOfMs(each.longestMs),
      count(each.openAtEnd),
      count(each.failures),
    ]),
  );
  if (shown.length < dependencies.length)
    page.line([], 2, `+${count(dependencies.length - shown.length)} more, -vv shows all`);
}
