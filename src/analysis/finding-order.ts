import type { DraftFinding, Kind } from '../detectors/finding.ts';
import { areRelated } from './finding-links.ts';
import { SEVERITIES } from './report.ts';

/**
 * What is acted on after something else: stalls before herds (their cures make stalls worse), a lock before the workers that are busy waiting for it, a
 * leak before the errors at the limit. `anywhere`: whatever worker it is about; else the two must speak of the same one.
 */
const AFTER: Readonly<Partial<Record<Kind, { readonly causes: readonly Kind[]; readonly anywhere: boolean }>>> = {
  'thundering-herd': { causes: ['service-stall', 'loop-stall'], anywhere: true },
  'accept-skew': { causes: ['service-stall', 'loop-stall'], anywhere: true },
  'accept-hoarding': { causes: ['service-stall', 'loop-stall'], anywhere: true },
  'epoll-churn': { causes: ['service-stall', 'loop-stall'], anywhere: true },
  'ineffective-reuseport': { causes: ['service-stall', 'loop-stall'], anywhere: true },
  'stranded-queue': { causes: ['service-stall', 'loop-stall'], anywhere: true },
  'backlog-overflow': { causes: ['service-stall', 'loop-stall', 'worker-saturation'], anywhere: true },
  'accept-delay': { causes: ['service-stall', 'loop-stall', 'worker-saturation'], anywhere: true },
  'heartbeat-late': { causes: ['service-stall', 'loop-stall'], anywhere: false },
  'broken-pipe': { causes: ['service-stall', 'loop-stall'], anywhere: false },
  'abandoned-request': { causes: ['service-stall', 'loop-stall'], anywhere: false },
  'request-retry': { causes: ['service-stall', 'loop-stall'], anywhere: false },
  'worker-saturation': { causes: ['lock-contention', 'disk-sync', 'blocking-dns'], anywhere: false },
  'accept-errors': { causes: ['fd-leak'], anywhere: false },
};

/** The order in which to act: the most severe first, what explains another before it, then the order of the registry, then the larger one. */
export function inOrderOfAction(drafts: readonly DraftFinding[], kinds: readonly Kind[]): DraftFinding[] {
  const order = new Map(kinds.map((kind, index) => [kind, index]));
  const causes = new Map(drafts.map((draft) => [draft, new Set(drafts.filter((other) => explains(other, draft)))]));
  const rank = (draft: DraftFinding): number => {
    const own = SEVERITIES.indexOf(draft.severity);
    const explained = [...(causes.get(draft) ?? [])];
    return explained.length === 0 ? own : Math.max(own, Math.min(...explained.map(({ severity }) => SEVERITIES.indexOf(severity))));
  };
  const ranks = new Map(drafts.map((draft) => [draft, rank(draft)]));
  const sorted = drafts.toSorted(
    (a, b) =>
      (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0) ||
      (order.get(a.kind) ?? 0) - (order.get(b.kind) ?? 0) ||
      weight(b) - weight(a) ||
      a.start - b.start,
  );
  for (const draft of [...sorted]) {
    const causing = causes.get(draft);
    if (causing === undefined || causing.size === 0) continue;
    const first = sorted.findIndex((other) => causing.has(other));
    const own = sorted.indexOf(draft);
    if (first <= own) continue;
    sorted.splice(first + 1, 0, draft);
    sorted.splice(own, 1);
  }
  return sorted;
}

function explains(cause: DraftFinding, effect: DraftFinding): boolean {
  const after = AFTER[effect.kind];
  if (after === undefined || cause.severity === 'info' || !after.causes.includes(cause.kind)) return false;
  return after.anywhere || areRelated(cause, effect);
}

/** Of two findings of one kind and severity the one that took more time, or happened more often, comes first. */
export function weight({ metrics }: DraftFinding): number {
  const { totalMs, count, wastedWakeups } = metrics;
  return typeof totalMs === 'number' ? totalMs : typeof count === 'number' ? count : typeof wastedWakeups === 'number' ? wastedWakeups : 0;
}
