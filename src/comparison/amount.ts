import { severityOf } from '../analysis/causes.ts';
import type { Finding, Metric, Report } from '../analysis/report.ts';
import { MEASURES, type Measures } from '../detectors/kinds.ts';
import type { Amount } from './comparison.ts';
import type { Exposure } from './exposure.ts';

/** How much there is of a cause in a report: of the finding that speaks for it and of those that are the same. */
export function amountOf(cause: Finding, { findings }: Report, exposure: Exposure | null): Amount {
  const all = [cause, ...cause.members.flatMap((id) => findings.find((finding) => finding.id === id) ?? [])];
  // A newer drover may know more kinds.
  const { count, totalMs, longestMs, share }: Measures = MEASURES[cause.kind] ?? {};
  const times = added(all, count);
  return {
    id: cause.id,
    severity: severityOf(cause, findings),
    count: times,
    rate: times === null || exposure === null ? null : times / exposure.units,
    per: exposure?.per ?? null,
    totalMs: added(all, totalMs),
    longestMs: largest(all, longestMs),
    share: largest(all, share),
  };
}

function added(findings: readonly Finding[], name: string | undefined): number | null {
  const values = findings.flatMap((finding) => numbersIn(finding, name));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function largest(findings: readonly Finding[], name: string | undefined): number | null {
  const values = findings.flatMap((finding) => numbersIn(finding, name));
  return values.length === 0 ? null : Math.max(...values);
}

/** The values of a metric; of `list.name` those of every row. */
function numbersIn({ metrics }: Finding, name: string | undefined): readonly number[] {
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
