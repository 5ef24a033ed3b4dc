import type { Finding, Metric } from './report.ts';

/** Beginning and end of each thing that a finding lists with its times, milliseconds of the report; [] without any. */
export function spansOf({ metrics }: Finding): (readonly [startMs: number, endMs: number])[] {
  return Object.values(metrics).flatMap(spansIn);
}

function spansIn(value: Metric): (readonly [start: number, end: number])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: Metric) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return [];
    const { startMs, endMs, atMs, hungUpMs } = item as { readonly [name: string]: Metric };
    if (typeof startMs === 'number' && typeof endMs === 'number') return [[startMs, endMs] as const];
    const at = typeof atMs === 'number' ? atMs : hungUpMs;
    return typeof at === 'number' ? [[at, at] as const] : [];
  });
}
