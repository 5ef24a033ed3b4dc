import type { Finding, Metric } from './report.ts';

/** A stretch of time, or a moment, milliseconds of the report. */
export interface FindingInterval {
  readonly startMs: number;
  readonly endMs: number;
  /** Whose it was; null where the finding tells it of all its workers. */
  readonly pid: number | null;
}

/** When each thing was that a finding lists with its times; [] where it lists none. */
export function intervalsOf({ metrics }: Finding): FindingInterval[] {
  // A finding that speaks for others of the same cause names all workers, and lists what one of them did.
  const worker = typeof metrics.worker === 'number' ? metrics.worker : null;
  return Object.values(metrics)
    .flatMap(intervalsIn)
    .map((interval) => ({ ...interval, pid: interval.pid ?? worker }));
}

function intervalsIn(value: Metric): FindingInterval[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: Metric) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return [];
    const { startMs, endMs, atMs, hungUpMs, againAtMs, pid: named } = item as { readonly [name: string]: Metric };
    const pid = typeof named === 'number' ? named : null;
    if (typeof startMs === 'number' && typeof endMs === 'number') return [{ startMs, endMs, pid }];
    const at = [atMs, hungUpMs, againAtMs].find((each) => typeof each === 'number');
    return typeof at === 'number' ? [{ startMs: at, endMs: at, pid }] : [];
  });
}
