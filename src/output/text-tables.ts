import type { CallStatistics, Dependency, Report, Worker } from '../analysis/report.ts';
import { count } from '../trace/format-numbers.ts';
import type { Page } from './page.ts';
import { callTable, dependencyTable, workerTable } from './tables.ts';

const SHOWN_CALLS = 20;
const SHOWN_DEPENDENCIES = 20;
/** Where the text behind a label begins. */
const LABEL = 12;

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
    if (pids.length > 1) page.prose([{ text: 'WORKERS' }], LABEL, `none took a connection: ${pids.join(' ')}${more}`);
    return;
  }
  page.titled(workerTable(shown), shown.length, '');
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
  page.titled(callTable(report.source, calls), verbose > 1 ? calls.length : SHOWN_CALLS, 'more, -vv shows all');
}

/** At most so many workers: those with findings, then those with the longest turns, in the order of the report. */
export function mostTelling(report: Report, most: number): readonly Worker[] {
  if (report.workers.length <= most) return report.workers;
  const named = new Set(
    report.findings.filter((finding) => finding.severity !== 'info').flatMap((finding) => finding.workers),
  );
  const weight = (worker: Worker): number =>
    (named.has(worker.pid) ? 1e12 : 0) + (worker.longestTurnMs ?? 0) + worker.wastedWakeups / 1e6;
  const chosen = new Set([...report.workers].sort((a, b) => weight(b) - weight(a)).slice(0, most));
  return report.workers.filter((worker) => chosen.has(worker));
}

/** Who was waited for, the longest first. */
export function addDependencies(page: Page, dependencies: readonly Dependency[], verbose: number): void {
  if (dependencies.length === 0) return;
  page.titled(
    dependencyTable(dependencies),
    verbose > 1 ? dependencies.length : SHOWN_DEPENDENCIES,
    'more, -vv shows all',
  );
}
