import type { CallStatistics, Dependency, Report, TimeShare, Worker } from '../analysis/report.ts';
import { count, durationOfMs, wholePercent } from '../trace/format-numbers.ts';
import type { Column, Table } from './page.ts';
import { meaningOfCallTimes } from './wording.ts';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });
const shrinking = (title: string): Column => ({ title, align: 'left', shrinks: true });

/** What the times of a table of time are where the capture has no durations. */
export const UP_TO_NEXT = 'up to the next line of the thread: each call took at most that long';

/** What each process did. */
export function workerTable(workers: readonly Worker[]): Table {
  return {
    title: 'WORKERS',
    note: 'wasted: woken for nothing; longest: a turn of the loop; -: not measured',
    columns: [
      ...hostColumn(workers),
      right('PID'),
      shrinking('ROLE'),
      right('ACCEPTED'),
      right('WASTED'),
      right('BUSY %'),
      right('LONGEST'),
      right('EPIPE'),
    ],
    rows: workers.map((worker) => [
      ...hostCell(workers, worker.host),
      pidOf(worker),
      worker.role,
      count(worker.accepted),
      count(worker.wastedWakeups),
      wholePercent(worker.busyPercent),
      durationOfMs(worker.longestTurnMs),
      count(worker.brokenPipes),
    ]),
  };
}

/** What each process had not come back from when the capture ended; those that wait for work last. */
export function endTable(workers: readonly Worker[]): Table {
  const rank = { no: 0, unknown: 1, yes: 2 } as const;
  const rows = workers
    .flatMap(({ host, pid, atEnd }) => (atEnd === null ? [] : [{ host, pid, ...atEnd }]))
    .toSorted((a, b) => rank[a.idle] - rank[b.idle] || (b.forMs ?? 0) - (a.forMs ?? 0));
  return {
    title: 'AT THE END',
    note: 'the call that a process had not come back from; idle: it waits for work',
    columns: [...hostColumn(rows), right('PID'), shrinking('IN'), right('FOR'), left('IDLE')],
    rows: rows.map(({ host, pid, call, target, forMs, idle }) => [
      ...hostCell(rows, host),
      pidOf({ pid }),
      target === null ? call : `${call}  ${target}`,
      forMs === null ? '-' : durationOfMs(forMs),
      idle,
    ]),
  };
}

/** Where the time of each process went. */
export function timeTable(time: readonly TimeShare[]): Table {
  return {
    title: 'TIME',
    note: 'by process, call and target; count: calls of 1 ms and more; line: the longest',
    columns: [
      ...hostColumn(time),
      right('PID'),
      left('KIND'),
      shrinking('CALL'),
      shrinking('TARGET'),
      right('COUNT'),
      right('TOTAL'),
      right('LONGEST'),
      right('LINE'),
    ],
    rows: time.map((share) => [
      ...hostCell(time, share.host),
      pidOf(share),
      share.kind,
      share.call ?? (share.kind === 'outside' ? 'no call' : 'short calls and gaps'),
      share.target ?? '',
      share.call === null ? '-' : count(share.count),
      durationOfMs(share.totalMs),
      `${share.openAtEnd > 0 ? '>= ' : ''}${durationOfMs(share.longestMs)}`,
      share.longestAt === null ? '-' : String(share.longestAt.line),
    ]),
  };
}

/** Who was waited for. */
export function dependencyTable(dependencies: readonly Dependency[]): Table {
  return {
    title: 'WAITED FOR',
    note: 'from the question to the answer; open: not ended when the capture did',
    columns: [
      shrinking('PEER'),
      left('PROTOCOL'),
      right('WAITS'),
      right('REQUESTS'),
      right('TOTAL'),
      right('P50'),
      right('P99'),
      right('LONGEST'),
      right('OPEN'),
      right('FAILED'),
    ],
    rows: dependencies.map((each) => [
      each.peer,
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
  };
}

/** Each system call, with its counts and times. */
export function callTable(source: Report['source'], calls: readonly CallStatistics[]): Table {
  return {
    title: 'CALLS',
    note: meaningOfCallTimes(source),
    columns: [
      shrinking('CALL'),
      right('COUNT'),
      right('TOTAL'),
      right('P50'),
      right('P99'),
      right('LONGEST'),
      shrinking('ERRORS'),
    ],
    rows: calls.map((call) => [
      call.call,
      count(call.count),
      durationOfMs(call.totalMs),
      durationOfMs(call.p50Ms),
      durationOfMs(call.p99Ms),
      durationOfMs(call.maxMs),
      errorsOf(call),
    ]),
  };
}

interface OfHost {
  readonly host: string | null;
}

function hostColumn(rows: readonly OfHost[]): readonly Column[] {
  return rows.some(({ host }) => host !== null) ? [left('HOST')] : [];
}

/** A cell for the host where any row has one: the columns stay where they are. */
function hostCell(rows: readonly OfHost[], host: string | null): readonly string[] {
  return hostColumn(rows).map(() => host ?? '');
}

/** A capture on standard error names no pid, which is 0 then. */
function pidOf({ pid }: { readonly pid: number }): string {
  return pid === 0 ? '-' : String(pid);
}

function errorsOf(call: CallStatistics): string {
  return Object.entries(call.errors)
    .sort(([, a], [, b]) => b - a)
    .map(([errno, number]) => `${errno} ${count(number)}`)
    .join(', ');
}
