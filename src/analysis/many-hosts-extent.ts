import type { HostReport } from './host-report.ts';
import { NO_TIMES, type Report, type SlowReplies, type Window } from './report.ts';

/** How all were recorded; where they differ only what some of them have, and that they differ. */
export function commonFlags(reports: readonly HostReport[]): Report['source']['flags'] {
  const all = reports.map(({ report }) => report.source.flags);
  const [first] = all;
  if (first === undefined) throw new Error('there is one report at least');
  if (all.every((flags) => JSON.stringify(flags) === JSON.stringify(first))) return first;
  return {
    timestamps: 'mixed',
    durations: all.some(({ durations }) => durations),
    pids: all.some(({ pids }) => pids),
    fdDecoration: 'mixed',
    stacks: all.some(({ stacks }) => stacks),
    others: [],
  };
}

/**
 * From the first event of any host to the last, with the length of the longest capture: nobody recorded what lies
 * between them. No times where their clocks have no date to compare.
 */
export function combinedWindow(all: readonly Window[]): Window {
  // Of a capture that lies outside the time that was asked for nothing was looked at.
  const held = all.filter(({ durationMs: own }) => own !== 0);
  const windows = held.length === 0 ? all : held;
  const starts = windows.flatMap(({ startTime }) => startTime ?? []).toSorted();
  const ends = windows.flatMap(({ endTime }) => endTime ?? []).toSorted();
  const [startTime = null] = starts;
  const endTime = ends.at(-1) ?? null;
  const longest = Math.max(...windows.map(({ durationMs: own }) => own ?? -1));
  const durationMs = longest < 0 ? null : longest;
  if (starts.length < windows.length || startTime === null || endTime === null) return { ...NO_TIMES, durationMs };
  return { startTime, endTime, timeOfDay: null, monotonicSeconds: null, startMs: 0, durationMs };
}

/** Those of all hosts, with the longest of any; null where there are none. */
export function combinedSlowReplies(reports: readonly HostReport[]): SlowReplies | null {
  const [longest, ...others] = reports
    .flatMap(({ report }) => report.slowReplies ?? [])
    .toSorted((a, b) => b.longestMs - a.longestMs);
  if (longest === undefined) return null;
  return { ...longest, count: others.reduce((sum, { count }) => sum + count, longest.count) };
}
