import type { AnyMetrics, Metric } from './metric.ts';
import { listOf, numberOf, textOf } from './read-metric.ts';

/** Findings of one cause, one for each worker or service that has it: the one that speaks for all first. */
export interface Causing {
  readonly kind: string;
  readonly findings: readonly { readonly workers: readonly number[]; readonly metrics: AnyMetrics }[];
}

/** What makes a finding an effect of another: it hangs under its cause and is none of its own. */
export interface Effect {
  /** Kinds that may be its cause; of two that explain as much the first one counts. */
  readonly of: readonly string[];
  /** Which part of it, 0 to 1, that cause explains. */
  share(metrics: AnyMetrics, cause: Causing): number;
  /** From this share on it is an effect; half of it where none is given. */
  readonly least?: number;
  /**
   * What happened, as the end of a list of effects: `4 replies came too late`; '' where the cause says it. `kind` is
   * that of the cause.
   */
  inWords(metrics: AnyMetrics, share: number, kind?: string): string;
}

/** From this share on the cause names the same waits with the same length: an effect would say them twice. */
const SAID_BY_CAUSE = 0.99;

export const isSaidByCause = (share: number): boolean => share >= SAID_BY_CAUSE;

/** Kinds that tell when workers stood still, apart from stalls of loops. */
export const STANDING_STILL = ['lock-contention', 'disk-sync', 'blocking-dns', 'worker-saturation'] as const;

/** A time in which one worker stood still, as a finding lists it. */
export interface ListedStall {
  readonly pid: number;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * When the workers of a cause stood still: the longest stalls, the longest waits for a lock, a disk or a name server,
 * statements that waited for another session, and times in which all of them were busy.
 */
export function stallsOf({ kind, findings }: Causing): ListedStall[] {
  if (kind !== 'loop-stall')
    return findings.flatMap(({ metrics }) => [
      ...listOf(metrics.longestWaits).map((wait) => listed(wait, wait.pid)),
      ...(kind === 'session-lock' ? listOf(metrics.waits).map((wait) => listed(wait, wait.pid)) : []),
      ...(kind === 'worker-saturation'
        ? listOf(metrics.busyIn).flatMap(({ pid }) => listOf(metrics.stretches).map((each) => listed(each, pid)))
        : []),
    ]);
  return findings.flatMap(({ metrics }) =>
    listOf(metrics.stalls)
      .filter((stall) => stall.startMs !== null)
      .map((stall) => listed(stall, metrics.worker)),
  );
}

function listed(item: AnyMetrics, pid: Metric | undefined): ListedStall {
  return { pid: numberOf(pid), startMs: numberOf(item.startMs), endMs: numberOf(item.endMs) };
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
