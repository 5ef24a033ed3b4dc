import type { Metrics } from './metric.ts';
import { listOf, numberOf, textOf } from './read-metric.ts';

/** Findings of one cause, one for each worker or service that has it: the one that speaks for all first. */
export interface Causing {
  readonly kind: string;
  readonly findings: readonly { readonly workers: readonly number[]; readonly metrics: Metrics }[];
}

/** What makes a finding an effect of another: it hangs under its cause and is none of its own. */
export interface Effect {
  /** Kinds that may be its cause. */
  readonly of: readonly string[];
  /** Which part of it, 0 to 1, that cause explains. */
  share(metrics: Metrics, cause: Causing): number;
  /** From this share on it is an effect; half of it where none is given. */
  readonly least?: number;
  /** What happened, as the end of a list of effects: `4 replies came too late`. */
  inWords(metrics: Metrics, share: number): string;
}

/** A stall of one worker as loop-stall lists it. */
export interface ListedStall {
  readonly pid: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** The longest stalls of a cause in all its workers; none for other kinds than `loop-stall`. */
export function stallsOf({ kind, findings }: Causing): ListedStall[] {
  if (kind !== 'loop-stall') return [];
  return findings.flatMap(({ metrics }) =>
    listOf(metrics.stalls)
      .filter((stall) => stall.startMs !== null)
      .map((stall) => ({
        pid: numberOf(metrics.worker),
        startMs: numberOf(stall.startMs),
        endMs: numberOf(stall.endMs),
      })),
  );
}

/** The requests that a stall happened in, as far as the capture tells them. */
export function stalledRequests({ kind, findings }: Causing): ReadonlySet<string> {
  if (kind !== 'loop-stall') return new Set();
  const told = findings.flatMap(({ metrics }) => [
    textOf(metrics.request),
    ...(Array.isArray(metrics.requests) ? metrics.requests.map(textOf) : []),
  ]);
  return new Set(told.filter((request) => request !== ''));
}

/** How much of an interval of a worker its stalls cover, in milliseconds. */
export function coveredMs(stalls: readonly ListedStall[], pid: number, fromMs: number, toMs: number): number {
  return stalls.reduce(
    (sum, stall) =>
      stall.pid === pid ? sum + Math.max(0, Math.min(toMs, stall.endMs) - Math.max(fromMs, stall.startMs)) : sum,
    0,
  );
}

/** The part of a list for which that holds; 0 for an empty one. */
export function shareOf<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  return items.length === 0 ? 0 : items.filter(holds).length / items.length;
}
