import type { Finding, RequestActivity } from '../../analysis/report.ts';
import { type DashboardState, shownActivity, shownReport } from '../state.ts';
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

/** The row that keys act on. */
export function selectedRequest(state: DashboardState): RequestActivity | undefined {
  const rows = requestRows(state);
  return rows[Math.min(state.lists.requests.position, rows.length - 1)];
}

/** The findings that name a request, worst first. */
export function findingsOnRequest(state: DashboardState, { request }: RequestActivity): readonly Finding[] {
  const findings = shownReport(state)?.findings ?? [];
  return findings.filter(({ title, summary }) => names(`${title} ${summary}`, request));
}

/** `GET /a` is not named by a text on `GET /ab` or `GET /a/b`. */
function names(text: string, request: string): boolean {
  for (let at = text.indexOf(request); at >= 0; at = text.indexOf(request, at + 1))
    if (!/^[\w/*~%-]|^\.\w/.test(text.slice(at + request.length))) return true;
  return false;
}
