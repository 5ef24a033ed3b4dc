import type { Finding, Report } from '../../src/index.ts';

/** Figures are rounded to a microsecond, each on its own. */
const ROUNDING_MS = 0.0015;
/** Percentiles are told within 5 %. */
const PERCENTILE = 1.05;

type Row = { readonly [name: string]: unknown };

/** Where figures of a report contradict each other, whatever the capture is: `/calls/3 longest above total`. */
export function contradictions(report: Report): readonly string[] {
  const found: string[] = [];
  visit(JSON.parse(JSON.stringify(report)), '', (row, path) => {
    for (const complaint of [...ofDurations(row), ...ofStretch(row), ...ofShares(row), ...ofParts(row)])
      found.push(`${path} ${complaint}`);
  });
  for (const finding of report.findings)
    for (const complaint of [...ofTimes(finding), ...ofPids(finding)]) found.push(`${finding.id} ${complaint}`);
  return found;
}

function visit(value: unknown, path: string, look: (row: Row, path: string) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) look(value as Row, path);
  for (const [name, each] of Object.entries(value)) visit(each, `${path}/${name}`, look);
}

function numberOf(row: Row, ...names: readonly string[]): number | null {
  for (const name of names) if (typeof row[name] === 'number') return row[name];
  return null;
}

/** One of several times is at most their sum, and they are at most the longest each. */
function ofDurations(row: Row): string[] {
  const longest = numberOf(row, 'longestMs', 'maxMs');
  const total = numberOf(row, 'totalMs');
  const count = numberOf(row, 'count', 'waits', 'lookups');
  const median = numberOf(row, 'p50Ms');
  const high = numberOf(row, 'p95Ms', 'p99Ms');
  const said: string[] = [];
  if (longest !== null && total !== null) {
    if (longest > total + ROUNDING_MS) said.push(`longest ${longest} ms, together ${total} ms`);
    if (count !== null && total > count * (longest + ROUNDING_MS))
      said.push(`${count} of at most ${longest} ms, together ${total} ms`);
  }
  if (longest !== null && high !== null && high > longest * PERCENTILE)
    said.push(`percentile ${high} ms, longest ${longest} ms`);
  if (median !== null && high !== null && median > high) said.push(`median ${median} ms, percentile ${high} ms`);
  return said;
}

function ofStretch(row: Row): string[] {
  const start = numberOf(row, 'startMs');
  const end = numberOf(row, 'endMs');
  if (start === null || end === null) return [];
  const said = end < start ? [`from ${start} ms to ${end} ms`] : [];
  const stall = numberOf(row, 'stallMs');
  if (stall !== null && Math.abs(stall - (end - start)) > ROUNDING_MS) said.push(`${stall} ms from ${start} to ${end}`);
  // Of threads that take turns one can have been blocked before the others were.
  const from = numberOf(row, 'blockedFromMs');
  const to = numberOf(row, 'blockedToMs');
  if (from !== null && to !== null && (to < start || from > end || to < from))
    said.push(`blocked from ${from} to ${to} of ${start} to ${end}`);
  return said;
}

function ofShares(row: Row): string[] {
  return Object.entries(row)
    .filter(([name, value]) => {
      if (typeof value !== 'number') return false;
      if (/percent$/i.test(name)) return value < 0 || value > 100;
      return /^(?:share|maxShare|gini|busyShare|againShare|.*Ratio)$/.test(name) && (value < 0 || value > 1);
    })
    .map(([name, value]) => `${name} ${value}`);
}

/** Of the worst of all that are named. */
const OF_THE_WORST: ReadonlySet<string> = new Set(['spinners']);

/** What a table adds up to is at most what its owner says of all, and none of its rows has more than the longest. */
function ofParts(row: Row): string[] {
  const said: string[] = [];
  for (const [table, rows] of Object.entries(row)) {
    if (!Array.isArray(rows) || OF_THE_WORST.has(table)) continue;
    for (const name of ['count', 'totalMs']) {
      const whole = numberOf(row, name);
      const parts = rows.map((each: Row) => numberOf(each ?? {}, name) ?? 0);
      const sum = parts.reduce((all, each) => all + each, 0);
      if (whole !== null && sum > whole + ROUNDING_MS * (rows.length + 1))
        said.push(`${table} ${name} ${sum} of ${whole}`);
    }
    const longest = numberOf(row, 'longestMs');
    for (const each of rows as readonly Row[]) {
      const own = numberOf(each ?? {}, 'longestMs');
      if (longest !== null && own !== null && own > longest + ROUNDING_MS)
        said.push(`${table} longest ${own} of ${longest}`);
    }
  }
  return said;
}

/** What a finding dates lies between its start and its end. */
function ofTimes({ startMs, endMs, metrics }: Finding): string[] {
  if (startMs === null || endMs === null) return [];
  const said: string[] = [];
  visit(metrics, '', (row, path) => {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value !== 'number' || !/^(?:startMs|endMs|atMs|\w+AtMs|firstMs|lastMs|hungUpMs)$/.test(name)) continue;
      if (value < startMs - ROUNDING_MS || value > endMs + ROUNDING_MS)
        said.push(`${path}/${name} ${value} is not from ${startMs} to ${endMs}`);
    }
  });
  return said;
}

/**
 * Who is named in the figures is named as a worker. Those who hold a lock need not wait for it, and a capture without
 * pids has none to name.
 */
function ofPids({ workers, metrics }: Finding): string[] {
  const said: string[] = [];
  visit(metrics, '', (row, path) => {
    const pid = numberOf(row, 'pid');
    if (pid !== null && pid !== 0 && !path.startsWith('/holders/') && !workers.includes(pid))
      said.push(`${path} ${pid} is not among ${workers.join(' ')}`);
  });
  return said;
}
