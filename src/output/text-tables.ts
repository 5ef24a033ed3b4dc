import type { CallStatistics, Report, Worker } from '../analysis/report.ts';
import { count, durationOfMs } from '../trace/format-numbers.ts';
import type { Column, Page } from './page.ts';
import { meaningOfCallTimes } from './wording.ts';

const SHOWN_CALLS = 20;
/** Where the text behind a label begins. */
const LABEL = 12;

const WORKER_COLUMNS: readonly Column[] = [
  { title: 'PID', align: 'right' },
  { title: 'ROLE', align: 'left', shrinks: true },
  { title: 'ACCEPTED', align: 'right' },
  { title: 'WASTED', align: 'right' },
  { title: 'BUSY %', align: 'right' },
  { title: 'LONGEST', align: 'right' },
  { title: 'EPIPE', align: 'right' },
];
const CALL_COLUMNS: readonly Column[] = [
  { title: 'CALL', align: 'left', shrinks: true },
  { title: 'COUNT', align: 'right' },
  { title: 'TOTAL', align: 'right' },
  { title: 'P50', align: 'right' },
  { title: 'P99', align: 'right' },
  { title: 'LONGEST', align: 'right' },
  { title: 'ERRORS', align: 'left', shrinks: true },
];

/** A row for each worker; of more than `most`, those with findings and then those with the longest turns. */
export function addWorkers(page: Page, report: Report, verbose: number, most = 24): void {
  const { workers } = report;
  if (workers.length === 0) return;
  const shown = verbose > 1 ? workers : mostTelling(report, most);
  // The table above says which host it is; of forty hosts the workers are no page.
  if (report.hosts !== undefined && verbose === 0) return;
  if (verbose === 0 && workers.every(tellsNothing)) {
    const pids = shown.filter(({ pid }) => pid !== 0).map(({ pid }) => String(pid));
    const more = shown.length < workers.length ? ` +${count(workers.length - shown.length)} more` : '';
    if (pids.length > 1) page.prose([{ text: 'WORKERS' }], LABEL, `none seen serving: ${pids.join(' ')}${more}`);
    return;
  }
  const hosts = report.hosts === undefined ? [] : [{ title: 'HOST', align: 'left' } as const];
  page.heading('WORKERS', 'wasted: woken for nothing; longest: one turn; -: not measured');
  page.table(
    2,
    [...hosts, ...WORKER_COLUMNS],
    shown.map((worker) => [
      ...(worker.host === null ? [] : [worker.host]),
      worker.pid === 0 ? '-' : String(worker.pid),
      worker.role,
      count(worker.accepted),
      count(worker.wastedWakeups),
      worker.busyPercent === null ? '-' : worker.busyPercent.toFixed(0),
      durationOfMs(worker.longestTurnMs),
      count(worker.brokenPipes),
    ]),
  );
  if (shown.length < workers.length) page.line([], 2, `+${count(workers.length - shown.length)} more, -vv shows all`);
}

/** Its row would hold nothing but its pid. */
function tellsNothing({ role, accepted, wastedWakeups, busyPercent, longestTurnMs, brokenPipes }: Worker): boolean {
  const isQuiet = accepted === 0 && wastedWakeups === 0 && brokenPipes === 0;
  return role === 'unknown' && isQuiet && busyPercent === null && longestTurnMs === null;
}

/** Where the time of the trace went, call by call. */
export function addCalls(page: Page, report: Report, calls: readonly CallStatistics[], verbose: number): void {
  if (calls.length === 0) return;
  const shown = verbose > 1 ? calls : calls.slice(0, SHOWN_CALLS);
  page.heading('CALLS', meaningOfCallTimes(report.source));
  page.table(
    2,
    CALL_COLUMNS,
    shown.map((call) => [
      call.call,
      count(call.count),
      durationOfMs(call.totalMs),
      durationOfMs(call.p50Ms),
      durationOfMs(call.p99Ms),
      durationOfMs(call.maxMs),
      errors(call),
    ]),
  );
  if (shown.length < calls.length) page.line([], 2, `+${count(calls.length - shown.length)} more, -vv shows all`);
}

function mostTelling(report: Report, most: number): readonly Worker[] {
  if (report.workers.length <= most) return report.workers;
  const named = new Set(
    report.findings.filter((finding) => finding.severity !== 'info').flatMap((finding) => finding.workers),
  );
  const weight = (worker: Worker): number =>
    (named.has(worker.pid) ? 1e12 : 0) + (worker.longestTurnMs ?? 0) + worker.wastedWakeups / 1e6;
  const chosen = new Set([...report.workers].sort((a, b) => weight(b) - weight(a)).slice(0, most));
  return report.workers.filter((worker) => chosen.has(worker));
}

function errors(call: CallStatistics): string {
  return Object.entries(call.errors)
    .sort(([, a], [, b]) => b - a)
    .map(([errno, number]) => `${errno} ${count(number)}`)
    .join(', ');
}
