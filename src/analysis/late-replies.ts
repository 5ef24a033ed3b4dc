import type { Model } from '../model/model.ts';
import { count, duration, durationOfMs, milliseconds, plural } from '../trace/format-numbers.ts';
import type { Finding, TimeShare } from './report.ts';

/** Kinds that say why a request waits, whatever they weigh. */
const REASONS: ReadonlySet<string> = new Set(['slow-dependency', 'loop-stall', 'service-stall', 'worker-saturation']);

/** A call that may have held up a request took this part of its time, at least and at most. */
const LEAST = 0.5;
const MOST = 1.1;

/**
 * The end of a verdict that found nothing to act on, where requests had no answer within a second all the same; '' for
 * none, and where a finding says why.
 */
export function lateInWords(
  { processes }: Model,
  findings: readonly Finding[],
  times: readonly TimeShare[] | null,
): string {
  if (findings.some(({ kind }) => REASONS.has(kind))) return '';
  let late = 0;
  let longest = 0;
  let slowest: { readonly name: string } | null = null;
  let pid = 0;
  for (const process of processes.all()) {
    const each = process.late;
    late += each.count;
    if (each.longest <= longest) continue;
    longest = each.longest;
    slowest = each.request;
    pid = process.pid;
  }
  if (slowest === null) return '';
  const all = Math.max(processes.requests, late);
  const call = times?.find((row) => row.pid === pid && mayBeWhy(row, milliseconds(longest)));
  const where = call?.target ? ` on ${call.target}` : '';
  const why = call
    ? `; a call of ${call.call}${where} took ${durationOfMs(call.longestMs)})`
    : '), and no call shows why';
  return (
    `; yet ${count(late)} of ${plural(all, 'request')} had no answer within 1 s ` +
    `(${slowest.name}: ${duration(longest)}${why}`
  );
}

/** A call that took about as long, and is no wait for work, nor for a lock of which nobody knows who has it. */
function mayBeWhy({ kind, call, longestMs }: TimeShare, late: number): boolean {
  if (kind === 'idle' || kind === 'outside' || call === null || call === 'futex' || longestMs === null) return false;
  return longestMs >= late * LEAST && longestMs <= late * MOST;
}
