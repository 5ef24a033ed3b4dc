import type { Activity, Now } from '../analysis/activity.ts';
import type { Finding, Report } from '../analysis/report.ts';
import type { DashboardState, FileLine, LiveStatus, ReadingState } from './state.ts';

/** What happens to the dashboard. */
export type DashboardEvent =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'reading'; readonly reading: ReadingState }
  | {
      readonly type: 'picture';
      readonly report: Report;
      readonly activity: Activity | null;
      readonly open?: readonly Finding[];
    }
  | { readonly type: 'now'; readonly workers: ReadonlyMap<number, Now> }
  | { readonly type: 'lines'; readonly file: string; readonly rows: readonly FileLine[]; readonly total: number | null }
  | { readonly type: 'matches'; readonly filter: string; readonly matches: readonly number[]; readonly ended: boolean }
  /** A search ended: at a line, or nowhere. */
  | { readonly type: 'found'; readonly line: number | null; readonly text: string }
  | { readonly type: 'lines-busy'; readonly busy: string; readonly problem: string }
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'live'; readonly live: LiveStatus }
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'slow-link'; readonly slow: boolean };

/** What the dashboard wants done outside of it. */
export type SideEffect =
  | { readonly type: 'leave'; readonly forced: boolean }
  | { readonly type: 'suspend' }
  | { readonly type: 'redraw' }
  | { readonly type: 'mouse'; readonly on: boolean }
  | { readonly type: 'stop-reading' }
  | { readonly type: 'read-lines'; readonly file: string; readonly first: number; readonly count: number }
  /** With a filter the numbers of the lines are known. */
  | { readonly type: 'read-numbers'; readonly file: string; readonly numbers: readonly number[] }
  | { readonly type: 'filter-lines'; readonly file: string; readonly filter: string }
  | {
      readonly type: 'seek-text';
      readonly file: string;
      readonly text: string;
      readonly from: number;
      readonly forward: boolean;
    }
  | { readonly type: 'seek-time'; readonly file: string; readonly atMs: number }
  | { readonly type: 'copy'; readonly name: string; readonly text: string }
  | { readonly type: 'write'; readonly name: string; readonly text: string }
  | { readonly type: 'print'; readonly rows: readonly string[] }
  | { readonly type: 'detach' }
  | { readonly type: 'extend'; readonly byMs: number };

/** What an event leads to. */
export interface Transition {
  readonly state: DashboardState;
  readonly effects: readonly SideEffect[];
}

/** A transition that wants nothing done outside of the dashboard. */
export function still(state: DashboardState): Transition {
  return { state, effects: [] };
}
