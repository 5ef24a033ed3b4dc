import { createHash } from 'node:crypto';
import { findingsOn, hostsOf } from '../analysis/host-report.ts';
import { type Kinship, kinshipsOf } from '../analysis/kinships.ts';
import { measured } from '../analysis/measured.ts';
import type { Dependency, Host, Metric, Report, Worker } from '../analysis/report.ts';
import { causeKey } from '../analysis/same-cause.ts';
import { servedBy } from '../analysis/served.ts';
import type { ArchiveRow } from './row.ts';

const HASH_DIGITS = 12;

/** What the report itself does not know of its capture. */
export interface Origin {
  /** What to call the host of a report on one. */
  readonly host: string;
  /** `YYYY-MM-DD`, for a trace that has no date. */
  readonly day?: string;
}

/**
 * The report as lines of an archive: for each host one of its capture first, then one for each finding. Of a report on
 * one host one for each dependency follows; of several, nobody noted whose a dependency is. Texts stand as they are in
 * the report: mask it before.
 */
export function rowsOf(report: Report, origin: Origin): readonly ArchiveRow[] {
  const rows = findingRowsOf(report, origin);
  const [capture] = rows;
  if (capture === undefined || report.hosts !== undefined) return rows;
  return [...rows, ...report.dependencies.map((dependency) => dependencyRow(capture, dependency))];
}

/** The lines of captures and findings alone. */
export function findingRowsOf(report: Report, origin: Origin): readonly ArchiveRow[] {
  return hostsOf(report, origin.host).flatMap((host) => {
    const capture = captureRow(report, host, origin);
    const found = kinshipsOf(findingsOn(report, host), report.findings);
    return [capture, ...found.map((kinship) => findingRow(capture, kinship))];
  });
}

function captureRow(
  report: Report,
  { name, paths, verdict, window, grade, workers: listed }: Host,
  origin: Origin,
): ArchiveRow {
  const workers = report.workers.filter(({ host }) => host === null || host === name);
  const file = paths[0] ?? '-';
  const { startTime, endTime, durationMs, timeOfDay, monotonicSeconds } = window;
  const served = servedBy(workers);
  return {
    record: 'capture',
    schema_version: 1,
    drover: report.tool.version,
    day: startTime?.slice(0, 10) ?? origin.day ?? null,
    host: name,
    capture: shortHash([
      startTime ?? timeOfDay ?? monotonicSeconds ?? '',
      durationMs ?? '',
      ...workers.map(({ pid }) => pid),
    ]),
    file,
    start_time: startTime,
    end_time: endTime,
    capture_ms: durationMs,
    server: serverOf(workers),
    grade,
    workers: listed,
    served,
    severity: verdict.severity,
    confidence: verdict.confidence,
    title: verdict.text,
    finding: null,
    kind: null,
    cause: null,
    spoken_for_by: null,
    request: null,
    target: null,
    code: null,
    protocol: null,
    count: null,
    total_ms: null,
    longest_ms: null,
    p50_ms: null,
    p99_ms: null,
    share: null,
    failures: null,
  };
}

function findingRow(capture: ArchiveRow, { finding, speaker, severity, same }: Kinship): ArchiveRow {
  const { count, totalMs, longestMs, share } = measured(same);
  return {
    ...capture,
    record: 'finding',
    start_time: finding.startTime,
    end_time: finding.endTime,
    severity,
    confidence: finding.confidence,
    title: finding.title,
    finding: finding.id,
    kind: finding.kind,
    cause: shortHash([causeKey(finding)]),
    spoken_for_by: speaker,
    request: firstText(finding.metrics, 'request'),
    target: firstText(finding.metrics, 'target') ?? dependencyIn(finding.metrics),
    code: codeOf(finding.metrics),
    count,
    total_ms: totalMs,
    longest_ms: longestMs,
    share,
  };
}

function dependencyRow(capture: ArchiveRow, dependency: Dependency): ArchiveRow {
  const { peer, protocol, waits, totalMs, longestMs, p50Ms, p99Ms, failures } = dependency;
  return {
    ...capture,
    record: 'dependency',
    severity: null,
    confidence: null,
    title: peer,
    target: peer,
    protocol,
    count: waits,
    total_ms: totalMs,
    longest_ms: longestMs,
    p50_ms: p50Ms,
    p99_ms: p99Ms,
    failures,
  };
}

/** The name that most processes have. */
function serverOf(workers: readonly Worker[]): string {
  const counts = new Map<string, number>();
  for (const { server } of workers) if (server !== '') counts.set(server, (counts.get(server) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

/** The first text of that name in any depth, in the order of the metrics; null where there is none. */
function firstText(metrics: { readonly [name: string]: Metric }, name: string): string | null {
  for (const [key, value] of Object.entries(metrics)) {
    if (key === name && typeof value === 'string' && value !== '') return value;
    for (const row of rowsIn(value)) {
      const found = firstText(row, name);
      if (found !== null) return found;
    }
  }
  return null;
}

/** The first of the services that a finding lists. */
function dependencyIn({ dependencies }: { readonly [name: string]: Metric }): string | null {
  return firstText({ rows: rowsIn(dependencies) }, 'peer');
}

/** The innermost frame of the application, where somebody looked at the stack. */
function codeOf(metrics: { readonly [name: string]: Metric }): string | null {
  for (const value of Object.values(metrics)) {
    for (const row of rowsIn(value)) {
      if (row.isApplication === true && typeof row.file === 'string') {
        const line = typeof row.line === 'number' ? `:${row.line}` : '';
        return `${row.file}${line} ${typeof row.function === 'string' ? row.function : ''}`.trim();
      }
      const found = codeOf(row);
      if (found !== null) return found;
    }
  }
  return null;
}

function rowsIn(value: Metric | undefined): readonly { readonly [name: string]: Metric }[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter(
    (row): row is { readonly [name: string]: Metric } => typeof row === 'object' && row !== null && !Array.isArray(row),
  );
}

/** The same twelve hexadecimal digits for the same parts, in every version of drover. */
function shortHash(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, HASH_DIGITS);
}
