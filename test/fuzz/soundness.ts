import type { Activity } from '../../src/analysis/activity.ts';
import type { Finding, Report } from '../../src/analysis/report.ts';

/** Moments, which count from the first event; every other number of milliseconds is a length. */
const MOMENT = /^(?:start|end|at|first|last|hungUp|since|opened|until|from|to)Ms$/;
const SHARE = /(?:Share|Ratio|gini)$/i;
/** Milliseconds are rounded to microseconds. */
const ROUNDING = 0.002;

/**
 * What the schema cannot say about the numbers of a report on the trace; '' when all of them can be true. `isWhole`: no
 * part of the trace was chosen.
 */
export function unsoundness(report: Report, trace: string, isWhole: boolean): string {
  const { window, findings, workers, calls, quality } = report;
  const walked = walk(report, 'report', isWhole ? window.durationMs : null);
  if (walked !== '') return walked;
  const ids = new Set(findings.map(({ id }) => id));
  if (ids.size < findings.length) return 'two findings have one id';
  for (const finding of findings) {
    const problem = unsoundFinding(finding, ids, quality.lines, trace);
    if (problem !== '') return `${finding.id}: ${problem}`;
  }
  for (const { pid, firstMs, lastMs } of workers)
    if (firstMs !== null && lastMs !== null && lastMs < firstMs)
      return `worker ${pid}: ends at ${lastMs}, begins at ${firstMs}`;
  for (const { call, count, errors, totalMs, maxMs, p50Ms, p99Ms } of calls) {
    const failed = Object.values(errors).reduce((sum, each) => sum + each, 0);
    if (failed > count) return `${call}: ${failed} of ${count} calls failed`;
    if (p50Ms !== null && p99Ms !== null && p50Ms > p99Ms) return `${call}: p50 ${p50Ms}, p99 ${p99Ms}`;
    if (totalMs !== null && maxMs !== null && maxMs > totalMs + ROUNDING)
      return `${call}: longest ${maxMs}, in all ${totalMs}`;
  }
  if (quality.unparsedLines > quality.lines) return `${quality.unparsedLines} of ${quality.lines} lines unparsed`;
  if (window.startTime !== null && window.endTime !== null && window.endTime < window.startTime)
    return 'the window ends before it begins';
  return '';
}

/** What can be wrong with the numbers that a dashboard draws. */
export function unsoundActivity({ columns, columnMs, workers, targets }: Activity): string {
  if (!(columns >= 1 && columnMs > 0 && Number.isFinite(columnMs * columns)))
    return `${columns} columns of ${columnMs} ms`;
  for (const { pid, firstMs, lastMs, knownMs, now, ...lane } of workers) {
    if (![firstMs, lastMs, knownMs, now.sinceMs].every(Number.isFinite)) return `worker ${pid}: a moment is no number`;
    for (const name of ['waiting', 'blocked', 'silent'] as const)
      for (const seconds of lane[name])
        if (!(seconds >= 0 && Number.isFinite(seconds))) return `worker ${pid}: ${name} for ${seconds} s`;
  }
  for (const { call, count, errors, totalMs, maxMs } of targets)
    if (!(count >= errors && errors >= 0 && totalMs >= 0 && maxMs >= 0))
      return `${call}: ${errors} of ${count}, ${totalMs} ms, ${maxMs} ms`;
  return '';
}

function unsoundFinding(
  { startMs, endMs, related, evidence, metrics, id, title, summary }: Finding,
  ids: ReadonlySet<string>,
  lines: number,
  trace: string,
): string {
  if ((startMs === null) !== (endMs === null)) return `begins at ${startMs}, ends at ${endMs}`;
  if (startMs !== null && endMs !== null && startMs > endMs) return `begins at ${startMs}, ends at ${endMs}`;
  for (const other of related) if (!ids.has(other) || other === id) return `is related to ${other}`;
  for (const { line } of evidence) if (line > lines) return `line ${line} of ${lines}`;
  const { longestMs, totalMs } = metrics;
  if (typeof longestMs === 'number' && typeof totalMs === 'number' && longestMs > totalMs + ROUNDING)
    return `longest ${longestMs}, in all ${totalMs}`;
  const senseless = /\bNaN\b|\bInfinity\b|\bundefined\b|\[object|(?:^|[\s(])-\d[\d.,]* ?(?:ms|s|%|MB)\b/.exec(
    `${title} ${summary}`,
  )?.[0];
  // The trace itself may hold such a word.
  return senseless === undefined || trace.includes(senseless.replace(/^[\s(]/, ''))
    ? ''
    : `says ${JSON.stringify(senseless)}: ${title} ${summary}`;
}

function walk(value: unknown, path: string, durationMs: number | null): string {
  if (value === undefined) return `${path} is undefined`;
  if (typeof value === 'number') return wrongNumber(value, path.slice(path.lastIndexOf('.') + 1), durationMs, path);
  if (value === null || typeof value !== 'object') return '';
  for (const [key, inner] of Object.entries(value)) {
    const problem = walk(inner, `${path}.${key}`, durationMs);
    if (problem !== '') return problem;
  }
  return '';
}

function wrongNumber(value: number, key: string, durationMs: number | null, path: string): string {
  if (!Number.isFinite(value)) return `${path} is ${value}`;
  // Nothing that drover counts or measures is below zero, but for a number of sorts that means none.
  if (value < 0) return `${path} is ${value}`;
  if (key.endsWith('Percent') && value > 100) return `${path} is ${value}`;
  if (SHARE.test(key) && value > 1) return `${path} is ${value}`;
  if (MOMENT.test(key) && durationMs !== null && value > durationMs + ROUNDING)
    return `${path} is ${value}, the window ${durationMs}`;
  return '';
}
