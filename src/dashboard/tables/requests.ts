import type { RequestActivity } from '../../analysis/activity.ts';
import { type DashboardState, shownActivity } from '../state.ts';
import { arranged, type Column, WORST_FIRST } from './table.ts';

export const REQUEST_COLUMNS: readonly Column<RequestActivity>[] = [
  // Those without an answer, and then the slowest.
  { title: WORST_FIRST, order: () => 0 },
  { title: 'AGE', order: ({ ageMs }) => ageMs },
  { title: 'TIME', order: ({ readMs }) => -readMs },
  { title: 'OWN', order: ({ ownMs }) => ownMs },
  { title: 'BEHIND', order: ({ behindMs }) => behindMs },
  { title: 'WAITED', order: ({ waitedMs }) => waitedMs },
  { title: 'REQUEST', order: ({ request }) => request },
  { title: 'PID', order: ({ pid }) => -pid },
];

/** Requests without an answer, and those that were answered late, in the order of the screen. */
export function requestRows(state: DashboardState): readonly RequestActivity[] {
  return arranged(
    shownActivity(state)?.requests ?? [],
    REQUEST_COLUMNS,
    state.lists.requests,
    ({ request, pid, waitedFor, behind }) => `${request} ${pid} ${waitedFor} ${behind}`,
  );
}
