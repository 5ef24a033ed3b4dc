import { definitionOf, KINDS } from '../detectors/registry.ts';
import { areRelated } from './finding-links.ts';
import type { Draft } from './parts.ts';
import { type Confidence, SEVERITIES } from './report.ts';

const CONFIDENCES: readonly Confidence[] = ['likely', 'possible', 'cannot-tell'];

/**
 * The order in which to act: the most severe first, what explains another before it (stalls before herds, whose cures
 * make stalls worse; a lock before the workers that wait for it), then the order of the registry, then the surer one,
 * then the larger one.
 */
export function inOrderOfAction(drafts: readonly Draft[]): Draft[] {
  const order = new Map(KINDS.map((kind, index) => [kind, index]));
  const causes = new Map(drafts.map((draft) => [draft, new Set(drafts.filter((other) => explains(other, draft)))]));
  const rank = (draft: Draft): number => {
    const own = SEVERITIES.indexOf(draft.severity);
    const explained = [...(causes.get(draft) ?? [])];
    return explained.length === 0
      ? own
      : Math.max(own, Math.min(...explained.map(({ severity }) => SEVERITIES.indexOf(severity))));
  };
  const ranks = new Map(drafts.map((draft) => [draft, rank(draft)]));
  const sorted = drafts.toSorted(
    (a, b) =>
      (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0) ||
      (order.get(a.kind) ?? 0) - (order.get(b.kind) ?? 0) ||
      CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
      Number(mayBeIdle(a)) - Number(mayBeIdle(b)) ||
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

/** A thread that waits for a lock which is taken is surer than many that may wait for work. */
function mayBeIdle({ metrics }: Pick<Draft, 'metrics'>): boolean {
  const { threads } = metrics;
  const [first] = Array.isArray(threads) ? (threads as readonly { readonly idle?: unknown }[]) : [];
  return first?.idle === 'unknown';
}

/** A cause is to be acted on first. */
export function explains(cause: Draft, effect: Draft): boolean {
  const { follows } = definitionOf(effect.kind);
  if (follows === undefined || cause.severity === 'info' || !follows.kinds.includes(cause.kind)) return false;
  return follows.anywhere || areRelated(cause, effect);
}

/** Of two findings of one kind and severity the one that took more time, or happened more often, comes first. */
export function weight({ metrics }: Pick<Draft, 'metrics'>): number {
  const { totalMs, count, wastedWakeups } = metrics;
  return typeof totalMs === 'number'
    ? totalMs
    : typeof count === 'number'
      ? count
      : typeof wastedWakeups === 'number'
        ? wastedWakeups
        : 0;
}
