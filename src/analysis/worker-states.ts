import type { Activity, WorkerActivity } from './activity-types.ts';

/** The worst that a worker was in for a stretch of time. */
export type WorkerState = 'absent' | 'idle' | 'running' | 'silent' | 'herd' | 'blocked' | 'broken';

/** How the states read in a legend, in the order of their harm. */
export const STATE_WORDS: readonly (readonly [WorkerState, string])[] = [
  ['idle', 'waits'],
  ['running', 'runs'],
  ['silent', 'no call'],
  ['blocked', 'blocked'],
  ['herd', 'herd'],
  ['broken', 'EPIPE'],
];

interface Sums {
  readonly waiting: number;
  readonly blocked: number;
  readonly silent: number;
  readonly calls: number;
  readonly accepted: number;
  readonly wasted: number;
  readonly brokenPipes: number;
  readonly long: number;
  /** Seconds that the columns stand for. */
  readonly seconds: number;
}

/** What a worker did between two moments, from the columns that they touch. */
export function sumsOf(activity: Activity, worker: WorkerActivity, fromMs: number, toMs: number): Sums {
  const first = Math.max(0, Math.floor(fromMs / activity.columnMs));
  const last = Math.min(activity.columns, Math.max(first + 1, Math.ceil(toMs / activity.columnMs - 1e-9)));
  const sum = { waiting: 0, blocked: 0, silent: 0, calls: 0, accepted: 0, wasted: 0, brokenPipes: 0, long: 0 };
  for (let column = first; column < last; column++) {
    sum.waiting += worker.waiting[column] ?? 0;
    sum.blocked += worker.blocked[column] ?? 0;
    sum.silent += worker.silent[column] ?? 0;
    sum.calls += worker.calls[column] ?? 0;
    sum.accepted += worker.accepted[column] ?? 0;
    sum.wasted += worker.wasted[column] ?? 0;
    sum.brokenPipes += worker.brokenPipes[column] ?? 0;
    sum.long |= worker.long[column] ?? 0;
  }
  return { ...sum, seconds: (Math.max(0, last - first) * activity.columnMs) / 1000 };
}

/**
 * The worst that happened in a cell: a failed reply, a blocked call, a herd, a silence; else whether it mostly ran or
 * waited.
 */
export function stateBetween(activity: Activity, worker: WorkerActivity, fromMs: number, toMs: number): WorkerState {
  const isBefore = toMs <= worker.firstMs - activity.columnMs;
  const isAfter = worker.ended && fromMs >= worker.lastMs + activity.columnMs;
  const isUnknown = !worker.ended && fromMs >= worker.knownMs + activity.columnMs;
  if (isBefore || isAfter || isUnknown || fromMs >= activity.columns * activity.columnMs) return 'absent';
  const { waiting, blocked, silent, accepted, wasted, brokenPipes, long, seconds } = sumsOf(
    activity,
    worker,
    fromMs,
    toMs,
  );
  if (brokenPipes > 0) return 'broken';
  // A master sleeps between looks at its children: nobody waits for it.
  if (((long & 1) > 0 || blocked > seconds / 2) && worker.role !== 'master') return 'blocked';
  if (wasted > 1 && wasted > accepted) return 'herd';
  if ((long & 2) > 0 || silent > seconds / 2) return 'silent';
  return waiting + blocked + silent < seconds / 2 ? 'running' : 'idle';
}
