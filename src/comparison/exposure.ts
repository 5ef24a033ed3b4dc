import type { Report } from '../analysis/report.ts';
import { servedBy } from '../analysis/served.ts';

/** How often a cause had the opportunity to show. */
export interface Exposure {
  readonly per: 'thousand-requests' | 'minute';
  /** So many thousands of requests, or minutes. */
  readonly units: number;
}

/** Fewer requests say nothing about a rate per request. */
const LEAST_SERVED = 20;
const THOUSAND = 1_000;
const MINUTE_MS = 60_000;

/** Requests a second; null without times. */
export function loadOf(report: Report): number | null {
  const { durationMs } = report.window;
  return durationMs === null || durationMs <= 0 ? null : (servedBy(report.workers) * 1_000) / durationMs;
}

/** Loads that differ by less than this factor are the same. */
export const SAME_LOAD = 1.5;

/**
 * What both reports are measured by, which is the same: requests where both served some, for then the load may differ,
 * else time. null where there is neither.
 */
export function exposuresOf(before: Report, after: Report): readonly [Exposure | null, Exposure | null] {
  const served = [servedBy(before.workers), servedBy(after.workers)] as const;
  if (served[0] >= LEAST_SERVED && served[1] >= LEAST_SERVED) return [byRequests(served[0]), byRequests(served[1])];
  const [first, second] = [before.window.durationMs, after.window.durationMs];
  if (first === null || second === null || first <= 0 || second <= 0) return [null, null];
  return [byTime(first), byTime(second)];
}

function byRequests(served: number): Exposure {
  return { per: 'thousand-requests', units: served / THOUSAND };
}

function byTime(durationMs: number): Exposure {
  return { per: 'minute', units: durationMs / MINUTE_MS };
}
