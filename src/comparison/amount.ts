import { severityOf } from '../analysis/causes.ts';
import { measured } from '../analysis/measured.ts';
import type { Finding, Report } from '../analysis/report.ts';
import type { Amount } from './comparison.ts';
import type { Exposure } from './exposure.ts';

/** How much there is of a cause in a report: of the finding that speaks for it and of those that are the same. */
export function amountOf(cause: Finding, { findings }: Report, exposure: Exposure | null): Amount {
  const members = cause.members.flatMap((id) => findings.find((finding) => finding.id === id) ?? []);
  const { count, totalMs, longestMs, share } = measured([cause, ...members]);
  return {
    id: cause.id,
    severity: severityOf(cause, findings),
    count,
    rate: count === null || exposure === null ? null : count / exposure.units,
    per: exposure?.per ?? null,
    totalMs,
    longestMs,
    share,
  };
}
