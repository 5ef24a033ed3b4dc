import type { Action } from '../keys.ts';
import { type DashboardState, shownExtent } from '../state.ts';
import { labelWidth } from '../views/timeline.ts';
import { shownStretch } from '../views/timeline-rows.ts';

type TimeAction = Extract<Action, 'time-back' | 'time-on' | 'zoom-in' | 'zoom-out' | 'zoom-all'>;

/** Moves the time cursor a cell, or zooms around it. */
export function timeAction(state: DashboardState, action: TimeAction): DashboardState {
  const extent = shownExtent(state);
  if (extent === null) return state;
  const { timeline } = state;
  const endMs = extent.columns * extent.columnMs;
  const { fromMs, toMs } = shownStretch(extent, timeline);
  const cells = Math.max(1, state.columns - labelWidth(state) - 1);
  const step = (toMs - fromMs) / cells;
  if (action === 'zoom-all') return { ...state, timeline: { ...timeline, fromMs: 0, toMs: Number.POSITIVE_INFINITY } };
  if (action === 'time-back' || action === 'time-on') {
    const cursorMs = Math.max(0, Math.min(endMs - step, timeline.cursorMs + (action === 'time-on' ? step : -step)));
    return { ...state, timeline: inSight({ ...timeline, cursorMs }, fromMs, toMs, endMs) };
  }
  // No closer than one column of the data a cell: there is nothing more to see.
  const length = Math.min(
    endMs,
    Math.max(Math.min(endMs, extent.columnMs * cells), (toMs - fromMs) * (action === 'zoom-in' ? 0.5 : 2)),
  );
  const from = Math.max(0, Math.min(timeline.cursorMs - length / 2, endMs - length));
  return { ...state, timeline: { ...timeline, fromMs: from, toMs: from + length } };
}

/** Scrolls so that the cursor is shown. */
function inSight(
  timeline: DashboardState['timeline'],
  fromMs: number,
  toMs: number,
  endMs: number,
): DashboardState['timeline'] {
  const length = toMs - fromMs;
  if (timeline.cursorMs >= fromMs && timeline.cursorMs < toMs) return timeline;
  const from = Math.max(0, Math.min(timeline.cursorMs - length / 2, endMs - length));
  return { ...timeline, fromMs: from, toMs: from + length };
}
