import type { KeptLine } from '../model/evidence.ts';
import type { Process } from '../model/machine/process.ts';
import { type TimeRow, timeOf } from '../model/measuring/time-table.ts';
import { DependencyTracker } from '../model/topics/dependencies/dependency-tracker.ts';
import { milliseconds } from '../trace/format-numbers.ts';
import { MOST_DEPENDENCIES, MOST_TIME_SHARES } from './omitted.ts';
import type { Parts } from './parts.ts';
import type { Dependency, TimeShare } from './report.ts';

/** Rows of a table, and how many more there are. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly omitted: number;
}

/** Where the time of each process went. */
export function timeShares({ model, capabilities, options }: Parts): Rows<TimeShare> {
  // How long calls took is told without times, too; what lay between them is not.
  if (!capabilities.times && !capabilities.durations) return { rows: [], omitted: 0 };
  const rowsOf = (process: Process): TimeRow[] =>
    capabilities.times
      ? timeOf(process, capabilities.durations)
      : // Without times nobody knows how long what is still open has lasted.
        timeOf(process, false).filter(({ openAtEnd }) => openAtEnd === 0);
  const all = model.processes
    .all()
    .filter(({ pid }) => options.pids === undefined || options.pids.includes(pid))
    .flatMap((process) =>
      rowsOf(process).map((row) => ({
        pid: process.pid,
        host: null,
        call: row.call === '' ? null : row.call,
        target: row.target === '' ? null : row.target,
        count: row.count,
        totalMs: milliseconds(row.total),
        longestMs: row.longest === 0 ? null : milliseconds(row.longest),
        kind: row.kind,
        openAtEnd: row.openAtEnd,
        longestAt: row.line === 0 ? null : { file: row.file, line: row.line },
      })),
    )
    .toSorted((a, b) => b.totalMs - a.totalMs || a.pid - b.pid);
  return { rows: all.slice(0, MOST_TIME_SHARES), omitted: Math.max(0, all.length - MOST_TIME_SHARES) };
}

/** Who was waited for. */
export function dependenciesOf({ model, capabilities }: Parts): Rows<Dependency> {
  if (!capabilities.times) return { rows: [], omitted: 0 };
  const tracker = model.topic(DependencyTracker);
  const peers = tracker.peers();
  const rows = peers.slice(0, MOST_DEPENDENCIES).map((peer) => ({
    peer: peer.name,
    protocol: peer.protocol === '' ? null : peer.protocol,
    waits: peer.all.timed,
    requests: peer.requests,
    totalMs: milliseconds(peer.all.total),
    p50Ms: milliseconds(peer.all.percentile(0.5) ?? 0),
    p99Ms: milliseconds(peer.all.percentile(0.99) ?? 0),
    longestMs: milliseconds(peer.all.longest),
    openAtEnd: peer.openAtEnd,
    failures: peer.failures,
    ...placeOf(peer.longest?.lines.at(-1)),
  }));
  return { rows, omitted: peers.length - rows.length + tracker.further };
}

function placeOf(line: KeptLine | undefined): Pick<Dependency, 'longestAt'> {
  return line === undefined || line.line === 0 ? {} : { longestAt: { file: line.file, line: line.line } };
}
