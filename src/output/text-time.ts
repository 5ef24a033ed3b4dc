import type { TimeShare } from '../analysis/report.ts';
import { count, durationOfMs } from '../trace/format-numbers.ts';
import type { Column, Page } from './page.ts';
import { show } from './show.ts';

const SHOWN = 20;

const HOST: Column = { title: 'HOST', align: 'left' };

const COLUMNS: readonly Column[] = [
  { title: 'PID', align: 'right' },
  { title: 'KIND', align: 'left' },
  { title: 'CALL', align: 'left', shrinks: true },
  { title: 'TARGET', align: 'left', shrinks: true },
  { title: 'COUNT', align: 'right' },
  { title: 'TOTAL', align: 'right' },
  { title: 'LONGEST', align: 'right' },
  { title: 'LINE', align: 'right' },
];

const NOTE = 'by process, call and target; count: calls of 1 ms and more; line: the longest';

/** Where the time of each process went, the longest first. */
export function addTime(page: Page, time: readonly TimeShare[], verbose: number, note = NOTE): void {
  if (time.length === 0) return;
  const shown = verbose > 1 ? time : time.slice(0, SHOWN);
  page.heading('TIME', note);
  const isOfHosts = time.some(({ host }) => host !== null);
  page.table(
    2,
    isOfHosts ? [HOST, ...COLUMNS] : COLUMNS,
    shown.map((share) => [
      ...(isOfHosts ? [share.host ?? ''] : []),
      share.pid === 0 ? '-' : String(share.pid),
      share.kind,
      share.call ?? (share.kind === 'outside' ? 'no call' : 'short calls and gaps'),
      share.target === null ? '' : show(share.target),
      share.call === null ? '-' : count(share.count),
      durationOfMs(share.totalMs),
      `${share.openAtEnd > 0 ? '>= ' : ''}${durationOfMs(share.longestMs)}`,
      share.longestAt === null ? '-' : String(share.longestAt.line),
    ]),
  );
  if (shown.length < time.length) page.line([], 2, `+${count(time.length - shown.length)} more, -vv shows all`);
}
