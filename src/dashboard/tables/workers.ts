import type { WorkerActivity } from '../../analysis/activity.ts';
import type { Worker } from '../../analysis/report.ts';
import { type DashboardState, type ListState, shownActivity, shownReport } from '../state.ts';
import { arranged, type Column } from './table.ts';

/** A worker with what it did over time. */
export interface WorkerRow {
  readonly worker: Worker;
  readonly activity: WorkerActivity | null;
}

export const WORKER_COLUMNS: readonly Column<WorkerRow>[] = [
  { title: 'LONGEST', order: ({ worker }) => worker.longestTurnMs ?? -1 },
  { title: 'PID', order: ({ worker }) => -worker.pid },
  { title: 'BUSY', order: ({ worker }) => worker.busyPercent ?? -1 },
  { title: 'ACCEPTED', order: ({ worker }) => worker.accepted },
  { title: 'WASTED', order: ({ worker }) => worker.wastedWakeups },
  { title: 'EPIPE', order: ({ worker }) => worker.brokenPipes },
];

/** The workers in the order of the screen, pinned ones first. The timeline keeps its own place in the same order. */
export function workerRows(state: DashboardState, list: ListState = state.lists.workers): readonly WorkerRow[] {
  const activities = new Map(shownActivity(state)?.workers.map((activity) => [activity.pid, activity]));
  const rows = (shownReport(state)?.workers ?? []).map((worker) => ({
    worker,
    activity: activities.get(worker.pid) ?? null,
  }));
  const order = arranged(rows, WORKER_COLUMNS, list, ({ worker }) => `${worker.pid} ${worker.role} ${worker.server}`);
  const isPinned = ({ worker }: WorkerRow): boolean => state.pinned.includes(worker.pid);
  return state.pinned.length === 0 ? order : [...order.filter(isPinned), ...order.filter((each) => !isPinned(each))];
}
