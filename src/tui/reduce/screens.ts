import type { Finding } from '../../analysis/report.ts';
import type { Step } from '../events.ts';
import { type Screen, type ScreenKind, type TuiState, topScreen, VIEW_NAMES, type ViewName } from '../state.ts';
import { findingRows } from '../tables/findings.ts';
import { linesWanted } from './line-moves.ts';

/** Puts a screen on top. */
export function opened(state: TuiState, kind: ScreenKind, finding = '', position = 0): TuiState {
  return { ...state, screens: [...state.screens, { kind, finding, position }] };
}

/** Changes the screen on top. */
export function onTop(state: TuiState, change: Partial<Screen>): TuiState {
  return { ...state, screens: [...state.screens.slice(0, -1), { ...topScreen(state), ...change }] };
}

/** Takes the top screen away; null when it was the last. */
export function closed(state: TuiState): TuiState | null {
  return state.screens.length > 1 ? { ...state, screens: state.screens.slice(0, -1) } : null;
}

/** Goes to a view; `q` comes back to triage, which is always at the bottom. */
export function toView(state: TuiState, view: ViewName): Step {
  const bottom: Screen = { kind: 'triage', finding: '', position: 0 };
  const next = { ...state, screens: view === 'triage' ? [bottom] : [bottom, { kind: view, finding: '', position: 0 }] };
  return view === 'lines' ? linesWanted(next) : { state: next, effects: [] };
}

/** The view after or before the one that is shown. */
export function viewBeside(view: ViewName, by: number): ViewName {
  return VIEW_NAMES[(VIEW_NAMES.indexOf(view) + by + VIEW_NAMES.length) % VIEW_NAMES.length] ?? 'triage';
}

/** The finding after or before another one, in the order of the list. */
export function findingBeside(state: TuiState, id: string, by: number): Finding | undefined {
  const rows = findingRows(state);
  const index = rows.findIndex((finding) => finding.id === id);
  return rows[Math.max(0, Math.min(rows.length - 1, index + by))];
}
