import type { Activity } from './activity-types.ts';
import type { HostReport } from './host-report.ts';
import { MOST_REQUESTS } from './omitted.ts';
import type { Finding, Report, Timeline, TimelineRow, Window } from './report.ts';
import { stateBetween, type WorkerState } from './worker-states.ts';

const MOST_ROWS = 128;
const MOST_COLUMNS = 1_024;
/** Many workers have fewer columns each: a page has to hold all of them. */
const MOST_CELLS = 40_000;
/** Captures that are spread over so many times their length would be specks on one axis. */
const MOST_SPREAD = 3;

const LETTERS: Readonly<Record<WorkerState, string>> = {
  absent: ' ',
  idle: '.',
  running: 'r',
  silent: 'n',
  herd: 'h',
  blocked: 'b',
  broken: 'e',
};
/** From the least to the worst. */
const ORDER = ' .rnhbe';

/** The state that a letter of a timeline stands for. */
export function stateOf(letter: string): WorkerState {
  return (Object.keys(LETTERS) as WorkerState[]).find((state) => LETTERS[state] === letter) ?? 'absent';
}

/** The worst that a row of a timeline tells between two moments, in milliseconds from its first column. */
export function stateIn({ columnMs }: Timeline, { states }: TimelineRow, fromMs: number, toMs: number): WorkerState {
  const first = Math.max(0, Math.floor(fromMs / columnMs + 1e-9));
  return stateOf(worstOf(states.slice(first, Math.max(first + 1, Math.ceil(toMs / columnMs - 1e-9)))));
}

/** The report with what each of its workers, and each late request, did over time; as it is where it has no times. */
export function withTimeline(report: Report, activity: Activity | null): Report {
  const timeline = activity === null ? null : timelineOf(report, activity);
  if (activity === null || timeline === null) return report;
  const { startMs, durationMs } = report.window;
  const requests = activity.requests
    .filter(({ readMs, ageMs }) => readMs + ageMs >= startMs && readMs <= startMs + (durationMs ?? 0))
    .slice(0, MOST_REQUESTS)
    .map((each) => ({ ...each, host: null }));
  return { ...report, timeline, requests };
}

function timelineOf({ window, workers, findings }: Report, activity: Activity): Timeline | null {
  const { durationMs, startMs } = window;
  if (durationMs === null || durationMs <= 0) return null;
  const first = Math.floor(startMs / activity.columnMs);
  const columns = Math.min(activity.columns, Math.ceil((startMs + durationMs) / activity.columnMs)) - first;
  if (columns <= 0) return null;
  const listed = mostTelling(workers, findings);
  const fold = Math.ceil(columns / columnsFor(listed.length));
  const columnMs = activity.columnMs * fold;
  const lanes = new Map(activity.workers.map((lane) => [lane.pid, lane]));
  const count = Math.ceil(columns / fold);
  const from = first * activity.columnMs;
  const rows = listed.map(({ pid, host }): TimelineRow => {
    const lane = lanes.get(pid);
    if (lane === undefined) return { pid, host, states: '' };
    const letter = (_: unknown, column: number): string =>
      LETTERS[stateBetween(activity, lane, from + column * columnMs, from + (column + 1) * columnMs)];
    return { pid, host, states: Array.from({ length: count }, letter).join('') };
  });
  return { startMs: from, columnMs, columns: count, isOnOneClock: true, rows };
}

/**
 * The timelines of several hosts on one axis: that of their clock, or, where it has no date or they were recorded at
 * quite different times, each from its own beginning on.
 */
export function combinedTimeline(
  reports: readonly HostReport[],
  window: Window,
  findings: readonly Finding[],
): Timeline | null {
  const { startTime, endTime, durationMs } = window;
  const own = reports.flatMap(({ host, report }) =>
    report.timeline === undefined ? [] : [{ host, timeline: report.timeline, from: report.window.startTime }],
  );
  if (own.length === 0) return null;
  const lengths = own.map(({ timeline }) => timeline.columns * timeline.columnMs);
  const spreadMs = startTime === null || endTime === null ? null : Date.parse(endTime) - Date.parse(startTime);
  const isOnOneClock = spreadMs !== null && spreadMs <= MOST_SPREAD * Math.max(durationMs ?? 0, ...lengths);
  const wholeMs = isOnOneClock ? Math.max(spreadMs, 1) : Math.max(...lengths);
  const count = own.reduce((sum, { timeline }) => sum + timeline.rows.length, 0);
  const finest = Math.min(...own.map(({ timeline }) => timeline.columnMs));
  const columns = Math.max(1, Math.min(columnsFor(Math.min(count, MOST_ROWS)), Math.ceil(wholeMs / finest)));
  const columnMs = wholeMs / columns;
  const rows = own.flatMap(({ host, timeline, from }) => {
    const offsetMs = isOnOneClock ? Date.parse(from ?? '') - Date.parse(startTime ?? '') : 0;
    const step = columnMs / timeline.columnMs;
    return timeline.rows.map(({ pid, states }): TimelineRow => {
      const letter = (_: unknown, column: number): string => {
        const first = column * step - offsetMs / timeline.columnMs;
        return worstOf(states.slice(Math.max(0, Math.floor(first)), Math.max(0, Math.ceil(first + step))));
      };
      return { pid, host, states: states === '' ? '' : Array.from({ length: columns }, letter).join('') };
    });
  });
  return { startMs: 0, columnMs, columns, isOnOneClock, rows: mostTelling(rows, findings) };
}

/** As many as there may be: those that findings name, then the first of the others, in their order. */
function mostTelling<Row extends Pick<TimelineRow, 'pid' | 'host'>>(
  rows: readonly Row[],
  findings: readonly Finding[],
): readonly Row[] {
  if (rows.length <= MOST_ROWS) return rows;
  const key = (host: string | null | undefined, pid: number): string => `${host ?? ''} ${pid}`;
  const serious = findings.filter(({ severity }) => severity !== 'info');
  const named = new Set(serious.flatMap(({ hosts, workers }) => workers.map((pid) => key(hosts[0], pid))));
  const isNamed = ({ host, pid }: Row): boolean => named.has(key(host, pid));
  const ordered = [...rows.filter(isNamed), ...rows.filter((row) => !isNamed(row))];
  const chosen = new Set(ordered.slice(0, MOST_ROWS));
  return rows.filter((row) => chosen.has(row));
}

function columnsFor(rows: number): number {
  return Math.max(1, Math.min(MOST_COLUMNS, Math.floor(MOST_CELLS / Math.max(1, rows))));
}

function worstOf(states: string): string {
  let worst = 0;
  for (const letter of states) worst = Math.max(worst, ORDER.indexOf(letter));
  return ORDER[worst] ?? ' ';
}
