import type { DescriptorGroup } from '../../model/machine/descriptor-groups.ts';
import type { Process } from '../../model/machine/process.ts';
import type { CensusPoint } from '../../model/topics/leaks/descriptor-census.ts';
import { largestOf } from '../extremes.ts';

/** A process of which one kind of descriptors grows with its requests. */
export interface Leak extends Growth {
  readonly process: Process;
}

/**
 * A leak grows with the requests: in each quarter of them by this share of the whole at least. A pool or a cache fills
 * and stays full.
 */
const QUARTERS = 4;
const SHARE_OF_QUARTER = 0.1;
/** What goes down in between, at most, as a share of what goes up. */
const SHARE_OF_FALL = 0.1;
/** Fewer counts than this show no growth. */
export const FEWEST_POINTS = 5;

export interface Growth {
  readonly group: DescriptorGroup;
  readonly from: CensusPoint;
  readonly to: CensusPoint;
  readonly growth: number;
  readonly requests: number;
}

/** How much a group grew while requests came, if it did so all the time; null when it did not. */
export function growthOf(points: readonly CensusPoint[], group: DescriptorGroup, least: number): Growth | null {
  const served = whileServing(points);
  const from = served[0];
  const to = served.at(-1);
  if (from === undefined || to === undefined || served.length < FEWEST_POINTS) return null;
  const growth = to.counts[group] - from.counts[group];
  // Requests that are still being worked on keep their own descriptors.
  if (growth - Math.max(0, to.inFlight - from.inFlight) < least) return null;
  let fallen = 0;
  for (let i = 1; i < served.length; i++) fallen += Math.max(0, count(served, i - 1, group) - count(served, i, group));
  if (fallen > SHARE_OF_FALL * growth) return null;
  const requests = to.requests - from.requests;
  for (let quarter = 0; quarter < QUARTERS; quarter++) {
    const begin = at(served, from.requests + (requests * quarter) / QUARTERS);
    const end = at(served, from.requests + (requests * (quarter + 1)) / QUARTERS);
    if (end.counts[group] - begin.counts[group] < SHARE_OF_QUARTER * growth) return null;
  }
  return hasStopped(served, group) ? null : { group, from, to, growth, requests };
}

/** So many more would have come since the last one, had it gone on as before: then a cache or a pool is full. */
const MISSED = 3;

/** Whether the group had stopped growing, though requests went on. */
function hasStopped(served: readonly CensusPoint[], group: DescriptorGroup): boolean {
  const [from] = served;
  const to = served.at(-1);
  const most = largestOf(
    served.map(({ counts }) => counts[group]),
    0,
  );
  const full = served.find(({ counts }) => counts[group] === most);
  if (from === undefined || to === undefined || full === undefined || full.requests <= from.requests) return false;
  const each = (full.counts[group] - from.counts[group]) / (full.requests - from.requests);
  return each * (to.requests - full.requests) >= MISSED;
}

/**
 * From the last count before the first request to the first one after the last: start-up and shutdown have their own
 * ways.
 */
function whileServing(points: readonly CensusPoint[]): readonly CensusPoint[] {
  const first = points[0]?.requests ?? 0;
  const last = points.at(-1)?.requests ?? 0;
  const start = points.findLastIndex(({ requests }) => requests === first);
  const end = points.findIndex(({ requests }) => requests === last);
  return start < 0 || end <= start ? [] : points.slice(start, end + 1);
}

/** The first count after so many requests. */
function at(points: readonly CensusPoint[], requests: number): CensusPoint {
  return points.find((point) => point.requests >= requests) ?? (points.at(-1) as CensusPoint);
}

function count(points: readonly CensusPoint[], index: number, group: DescriptorGroup): number {
  return points[index]?.counts[group] ?? 0;
}
