import { someNames } from './host-noun.ts';
import type { Report, Window } from './report.ts';

/** A capture that holds what another one holds, `of` under that one's path. */
export interface CopiedCapture {
  readonly path: string;
  readonly of: string;
}

/**
 * What tells a capture from all others: begin, end, processes, number and length of every call. Equal for a file and a
 * packed copy of it; clocks of two hosts never agree to the microsecond. Null for captures without a fraction of a
 * second, of which nobody can tell: two idle containers give equal lines.
 */
export function captureKey(report: Report): string | null {
  return hasFraction(report.window) ? recordsOf(report) : null;
}

/** Whether two reports are on the same records. */
export function isSameCapture(first: Report, second: Report): boolean {
  const key = captureKey(first);
  return key !== null && key === captureKey(second);
}

/** The report with a note on the copies that were left out. */
export function withCopies(report: Report, copies: readonly CopiedCapture[]): Report {
  if (copies.length === 0) return report;
  const notes = [...new Set(copies.map(({ of }) => of))].map((original) => {
    const paths = copies.filter(({ of }) => of === original).map(({ path }) => path);
    return sentenceOn(paths, original);
  });
  return { ...report, quality: { ...report.quality, notes: [...notes, ...report.quality.notes] } };
}

export function copySentence({ path, of }: CopiedCapture): string {
  return sentenceOn([path], of);
}

function sentenceOn(paths: readonly string[], original: string): string {
  const verb = paths.length === 1 ? 'holds' : 'hold';
  return `${someNames(paths)} ${verb} the same capture as ${original}, which is reported once.`;
}

function hasFraction(window: Window): boolean {
  return beginsWithinSecond(window) || (window.durationMs ?? 0) % 1000 !== 0;
}

/** Whether the stamps of a capture are finer than seconds, as far as its first one tells. */
export function beginsWithinSecond({ startTime, timeOfDay, monotonicSeconds }: Window): boolean {
  const stamps = [startTime, timeOfDay].some((stamp) => /\.\d*[1-9]/.test(stamp ?? ''));
  return stamps || (monotonicSeconds ?? 0) % 1 !== 0;
}

function recordsOf({ window, quality, verdict, workers, calls, findings }: Report): string {
  const { lines, events, unparsedLines } = quality;
  const processes = workers.map(({ pid, tids, comm }) => [pid, tids, comm]);
  return JSON.stringify([
    window,
    lines,
    events,
    unparsedLines,
    processes,
    calls,
    verdict,
    findings.map(({ title }) => title),
  ]);
}
