import type { Finding } from '../../analysis/report.ts';
import { still, type Transition } from '../events.ts';
import {
  type DashboardState,
  type Screen,
  type ScreenKind,
  shownReport,
  topScreen,
  VIEW_NAMES,
  type ViewName,
} from '../state.ts';
import { findingRows, selectedFinding } from '../tables/findings.ts';
import { isAbout, workerRows } from '../tables/workers.ts';
import { linesWanted } from './line-moves.ts';

/** Puts a screen on top. */
export function opened(state: DashboardState, kind: ScreenKind, finding = '', position = 0): DashboardState {
  return { ...state, screens: [...state.screens, { kind, finding, position }] };
}

/** Changes the screen on top. */
export function onTop(state: DashboardState, change: Partial<Screen>): DashboardState {
  return { ...state, screens: [...state.screens.slice(0, -1), { ...topScreen(state), ...change }] };
}

/** Takes the top screen away; null when it was the last. */
export function closed(state: DashboardState): DashboardState | null {
  return state.screens.length > 1 ? { ...state, screens: state.screens.slice(0, -1) } : null;
}

/** Goes to a view; `q` comes back to the overview, which is always at the bottom. */
export function toView(state: DashboardState, view: ViewName): Transition {
  const bottom: Screen = { kind: 'overview', finding: '', position: 0 };
  const next = {
    ...state,
    screens: view === 'overview' ? [bottom] : [bottom, { kind: view, finding: '', position: 0 }],
  };
  if (view === 'lines') return linesWanted(next);
  return still(view === 'timeline' ? atSelectedFinding(next) : next);
}

/** The timeline begins where the selected finding does, at its worker, unless the cursor was moved before. */
function atSelectedFinding(state: DashboardState): DashboardState {
  const finding = selectedFinding(state);
  if (finding === undefined || finding.startMs === null || state.timeline.cursorMs > 0) return state;
  const position = workerRows(state, state.lists.timeline).findIndex(({ worker }) => isAbout(finding, worker));
  const cursorMs = shownReport(state)?.timeline?.isOnOneClock === false ? 0 : finding.startMs;
  const timeline = { ...state.timeline, cursorMs };
  return {
    ...state,
    timeline,
    lists: { ...state.lists, timeline: { ...state.lists.timeline, position: Math.max(0, position) } },
  };
}

/** The view after or before the one that is shown. */
export function viewBeside(view: ViewName, by: number): ViewName {
  return VIEW_NAMES[(VIEW_NAMES.indexOf(view) + by + VIEW_NAMES.length) % VIEW_NAMES.length] ?? 'overview';
}

/** The finding after or before another one, in the order of the list. */
export function findingBeside(state: DashboardState, id: string, by: number): Finding | undefined {
  const rows = findingRows(state);
  const index = rows.findIndex((finding) => finding.id === id);
  return rows[Math.max(0, Math.min(rows.length - 1, index + by))];
}

/**
 * The nearest finding of another kind in that direction: on the list it is selected, on a finding's own screen it is
 * shown.
 */
export function toKind(state: DashboardState, by: 1 | -1): DashboardState {
  const rows = findingRows(state);
  const screen = topScreen(state);
  const isOpen = screen.kind === 'finding';
  const from = isOpen
    ? rows.findIndex(({ id }) => id === screen.finding)
    : Math.min(state.lists.findings.position, rows.length - 1);
  let position = from;
  while (rows[position] !== undefined && rows[position]?.kind === rows[from]?.kind) position += by;
  const next = rows[position];
  if (next === undefined) return { ...state, message: 'No other kind that way.' };
  const selected = { ...state, lists: { ...state.lists, findings: { ...state.lists.findings, position } } };
  return isOpen ? onTop(selected, { finding: next.id, position: 0 }) : selected;
}
