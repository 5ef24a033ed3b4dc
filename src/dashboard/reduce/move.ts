import { still, type Transition } from '../events.ts';
import type { Action } from '../keys.ts';
import { layoutOf } from '../layout.ts';
import { type DashboardState, type ListName, shownExtent, topScreen } from '../state.ts';
import { callRows } from '../tables/calls.ts';
import { dependencyRows } from '../tables/dependencies.ts';
import { findingOf, findingRows, linesOfCause } from '../tables/findings.ts';
import { requestRows } from '../tables/requests.ts';
import { workerRows } from '../tables/workers.ts';
import { moveLinesBy, moveLinesTo } from './line-moves.ts';
import { listOf } from './prompt.ts';
import { onTop } from './screens.ts';

type Move = Extract<Action, 'up' | 'down' | 'page-up' | 'page-down' | 'half-up' | 'half-down' | 'first' | 'last'>;

/** Moves the selection, or what is shown where nothing can be selected. */
export function move(state: DashboardState, by: Move): Transition {
  const { kind, finding } = topScreen(state);
  if (kind === 'lines') return moveInLines(state, by);
  if (kind === 'timeline' && (by === 'first' || by === 'last')) return still(moveInTime(state, by));
  const list = listOf(state);
  if (list !== null) {
    const total = rowsOf(state, list);
    const position = moved(Math.min(state.lists[list].position, Math.max(0, total - 1)), by, total, state);
    return still({ ...state, lists: { ...state.lists, [list]: { ...state.lists[list], position } } });
  }
  const open = kind === 'finding' ? findingOf(state, finding) : undefined;
  const lines = open === undefined ? 0 : linesOfCause(state, open).length;
  const total = kind === 'finding' ? lines : Number.MAX_SAFE_INTEGER;
  return still(onTop(state, { position: moved(topScreen(state).position, by, total, state) }));
}

function rowsOf(state: DashboardState, list: ListName): number {
  switch (list) {
    case 'findings':
      return findingRows(state).length;
    case 'calls':
      return callRows(state).length;
    case 'dependencies':
      return dependencyRows(state).length;
    case 'requests':
      return requestRows(state).length;
    default:
      return workerRows(state, state.lists[list]).length;
  }
}

function moveInLines(state: DashboardState, by: Move): Transition {
  const { lines } = state;
  if (by === 'first') return moveLinesTo(state, lines.matches?.[0] ?? 1);
  if (by !== 'last') return moveLinesBy(state, distance(by, state));
  const last = lines.matches?.at(-1) ?? lines.total;
  if (last !== null) return moveLinesTo(state, last);
  // Nobody has counted the lines yet: reading far beyond the end tells where it is.
  return {
    state: { ...state, lines: { ...lines, busy: 'counting lines' } },
    effects: [{ type: 'read-lines', file: lines.file, first: Number.MAX_SAFE_INTEGER, count: 1 }],
  };
}

function moveInTime(state: DashboardState, by: 'first' | 'last'): DashboardState {
  const extent = shownExtent(state);
  const endMs = extent === null ? 0 : (extent.columns - 1) * extent.columnMs;
  return { ...state, timeline: { ...state.timeline, cursorMs: by === 'first' ? 0 : endMs } };
}

function moved(position: number, by: Move, total: number, state: DashboardState): number {
  const last = Math.max(0, total - 1);
  if (by === 'first') return 0;
  // The views take what is too far as their end.
  if (by === 'last') return total === Number.MAX_SAFE_INTEGER ? 100_000 : last;
  return Math.max(0, Math.min(last, position + distance(by, state)));
}

function distance(by: Move, state: DashboardState): number {
  const page = Math.max(1, layoutOf(state).bodyRows - 2);
  switch (by) {
    case 'up':
      return -1;
    case 'down':
      return 1;
    case 'page-up':
      return -page;
    case 'page-down':
      return page;
    case 'half-up':
      return -Math.ceil(page / 2);
    default:
      return Math.ceil(page / 2);
  }
}
