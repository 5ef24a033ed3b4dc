import { MEASURES, type Measures } from '../detectors/kinds.ts';
import type { Finding, Metric } from './report.ts';

/** How much there is of a finding, in the numbers that its kind is measured by; null where its kind has none. */
export interface Measured {
  readonly count: number | null;
  readonly totalMs: number | null;
  readonly longestMs: number | null;
  /** 0 to 1. */
  readonly share: number | null;
}

/** How much there is of findings together: counts and times added, the longest and the largest share of all. */
export function measured(findings: readonly Pick<Finding, 'kind' | 'metrics'>[]): Measured {
  const [first] = findings;
  // A newer drover may know more kinds.
  const { count, totalMs, longestMs, share }: Measures = first === undefined ? {} : (MEASURES[first.kind] ?? {});
  return {
    count: added(findings, count),
    totalMs: added(findings, totalMs),
    longestMs: largest(findings, longestMs),
    share: largest(findings, share),
  };
}

function added(findings: readonly Pick<Finding, 'metrics'>[], name: string | undefined): number | null {
  const values = findings.flatMap((finding) => numbersIn(finding, name));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function largest(findings: readonly Pick<Finding, 'metrics'>[], name: string | undefined): number | null {
  const values = findings.flatMap((finding) => numbersIn(finding, name));
  return values.length === 0 ? null : Math.max(...values);
}

/** The values of a metric; of `list.name` those of every row. */
function numbersIn({ metrics }: Pick<Finding, 'metrics'>, name: string | undefined): readonly number[] {
  if (name === undefined) return [];
  const [first = '', inner] = name.split('.');
  const value: Metric | undefined = metrics[first];
  if (inner === undefined) return typeof value === 'number' ? [value] : [];
  if (!Array.isArray(value)) return [];
  return value.flatMap((row: Metric) => {
    const found = typeof row === 'object' && row !== null && !Array.isArray(row) ? Object.entries(row) : [];
    return found.flatMap(([key, number]) => (key === inner && typeof number === 'number' ? [number] : []));
  });
}
