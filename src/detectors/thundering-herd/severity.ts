import type { Context } from '../detector.ts';
import type { Severity } from '../finding.ts';

/**
 * How bad so many wasted wake-ups are. With two acceptors at most half of all wake-ups are wasted, so that their limit
 * lies lower.
 */
export function severityOf(
  { threshold }: Context,
  {
    acceptors,
    factor,
    wastedRatio,
  }: { readonly acceptors: number; readonly factor: number; readonly wastedRatio: number },
  perSecond: number | null,
): Severity {
  const limit = acceptors < 3 ? 1 + threshold('herd-wasted-ratio') * (acceptors - 1) : threshold('herd-factor');
  if (factor < limit || wastedRatio < threshold('herd-wasted-ratio')) return 'info';
  return perSecond !== null && perSecond >= threshold('herd-critical-per-second') ? 'critical' : 'warning';
}
