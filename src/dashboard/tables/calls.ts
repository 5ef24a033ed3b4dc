import type { CallTarget } from '../../analysis/activity.ts';
import type { CallStatistics } from '../../analysis/report.ts';
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
  octaves = [],
}: CallStatistics): CallTarget {
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
    octaves,
  };
}
