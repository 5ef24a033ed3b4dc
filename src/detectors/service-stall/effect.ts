import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { type Causing, coveredMs, type Effect, stallsOf } from '../effect.ts';
import type { AnyMetrics } from '../metric.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

const NEARLY_ALL = 0.9;

/** Nobody could accept because each worker was in a stall of the same cause. */
export const effect: Effect = {
  of: ['loop-stall'],
  share: (metrics, cause) => {
    let all = 0;
    let explained = 0;
    for (const { startMs, endMs, blockedIn } of listOf(metrics.stalls)) {
      const length = numberOf(endMs) - numberOf(startMs);
      for (const place of listOf(blockedIn)) {
        all += length;
        if (isBehind(place, cause, numberOf(startMs), numberOf(endMs))) explained += length;
      }
    }
    return all === 0 ? 0 : explained / all;
  },
  // Whatever took most of it is where to begin.
  least: 0.01,
  inWords: (metrics, share) => `nobody could accept or answer ${extent(metrics)}${others(share)}`,
};

function others(share: number): string {
  return share >= NEARLY_ALL ? '' : ' (other stalls included)';
}

function extent({ count, totalMs, longestMs }: AnyMetrics): string {
  return numberOf(count) === 1
    ? `for ${durationOfMs(numberOf(longestMs))}`
    : `${plural(numberOf(count), 'time')}, ${durationOfMs(numberOf(totalMs))} in all`;
}

type Place = ReturnType<typeof listOf>[number];

function isBehind(place: Place, cause: Causing, startMs: number, endMs: number): boolean {
  const pid = numberOf(place.pid);
  const own = cause.findings.find(({ metrics }) => numberOf(metrics.worker) === pid);
  if (own === undefined || place.cause !== own.metrics.cause) return false;
  if (bare(place.target) !== bare(own.metrics.target)) return false;
  // Only the longest stalls are listed: of further ones the cause and the target are all there is.
  const isCut = numberOf(own.metrics.count) > listOf(own.metrics.stalls).length;
  return isCut || coveredMs(stallsOf(cause), pid, startMs, endMs) > 0;
}

function bare(target: Place[string] | undefined): string {
  return textOf(target).replace(/fd \d+/, 'fd');
}
