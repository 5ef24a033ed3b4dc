import type { CallTarget } from '../../analysis/activity.ts';
import { type DashboardState, shownActivity, shownReport } from '../state.ts';
import { arranged, type Column } from './table.ts';

export const CALL_COLUMNS: readonly Column<CallTarget>[] = [
  { title: 'TOTAL', order: ({ totalMs }) => totalMs },
  { title: 'MAX', order: ({ maxMs }) => maxMs },
  { title: 'COUNT', order: ({ count }) => count },
  { title: 'P99', order: ({ p99Ms }) => p99Ms ?? -1 },
  { title: 'ERRORS', order: ({ errors }) => errors },
  { title: 'CALL', order: ({ call }) => call },
];

/** Calls by what they were made on, in the order of the screen; by syscall alone while that is all there is. */
export function callRows(state: DashboardState): readonly CallTarget[] {
  const targets = shownActivity(state)?.targets ?? (shownReport(state)?.calls ?? []).map(withoutTarget);
  return arranged(targets, CALL_COLUMNS, state.lists.calls, ({ call, target }) => `${call} ${target}`);
}

function withoutTarget({
  call,
  count,
  errors,
  totalMs,
  maxMs,
  p50Ms,
  p99Ms,
}: {
  readonly call: string;
  readonly count: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly totalMs: number | null;
  readonly maxMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}): CallTarget {
  const failed = Object.values(errors).reduce((sum, each) => sum + each, 0);
  return {
    call,
    target: '',
    count,
    errors: failed,
    totalMs: totalMs ?? 0,
    maxMs: maxMs ?? 0,
    p50Ms,
    p99Ms,
    octaves: [],
  };
}
