import type { Activity, Now } from '../../analysis/activity.ts';
import { type DashboardEvent, still, type Transition } from '../events.ts';
import { actionOf } from '../keys.ts';
import { layoutOf } from '../layout.ts';
import { type DashboardState, topScreen } from '../state.ts';
import { act } from './act.ts';
import { linesWanted, moveLinesTo } from './line-moves.ts';
import { withPicture } from './picture.ts';
import { typeInto } from './prompt.ts';

/** What an event makes of the dashboard, and what it wants done. Pure: no clock, no files, no terminal. */
export function reduce(state: DashboardState, event: DashboardEvent): Transition {
  switch (event.type) {
    case 'key':
      return onKey(state, event.key);
    case 'paste':
      // Pasted text never acts as keys.
      return state.prompt === null
        ? still(state)
        : still({ ...state, prompt: { ...state.prompt, text: state.prompt.text + event.text } });
    case 'resize': {
      const resized = { ...state, columns: event.columns, rows: event.rows };
      return topScreen(state).kind === 'lines' ? linesWanted(resized) : still(resized);
    }
    case 'reading':
      return still({ ...state, reading: event.reading });
    case 'picture':
      return still(withPicture(state, event));
    case 'now':
      return still({ ...state, activity: withNow(state.activity, event.workers) });
    case 'lines': {
      if (event.file !== state.lines.file) return still(state);
      return still({
        ...state,
        lines: { ...state.lines, rows: event.rows, total: event.total ?? state.lines.total, busy: '', problem: '' },
      });
    }
    case 'matches': {
      if (event.filter !== state.lines.filter) return still(state);
      const first = state.lines.matches === null || state.lines.matches.length === 0;
      const lines = { ...state.lines, matches: event.matches, busy: event.ended ? '' : 'searching' };
      const next = { ...state, lines };
      const cursor =
        event.matches.find((line) => line >= state.lines.cursor) ?? event.matches.at(-1) ?? state.lines.cursor;
      if (event.matches.length === 0) return still({ ...next, lines: { ...lines, rows: [] } });
      return first ? moveLinesTo(next, cursor) : linesWanted(next);
    }
    case 'found':
      if (event.line === null)
        return still({ ...state, message: `Not found: ${event.text}`, lines: { ...state.lines, busy: '' } });
      return moveLinesTo({ ...state, lines: { ...state.lines, busy: '' } }, event.line);
    case 'lines-busy':
      return still({ ...state, lines: { ...state.lines, busy: event.busy, problem: event.problem } });
    case 'message':
      return still({ ...state, message: event.text });
    case 'live':
      return still({ ...state, live: event.live });
    case 'tick':
      return still({ ...state, nowMs: event.nowMs });
    case 'slow-link':
      return still({ ...state, slowLink: event.slow });
  }
}

function withNow(activity: Activity | null, workers: ReadonlyMap<number, Now>): Activity | null {
  if (activity === null) return null;
  return {
    ...activity,
    workers: activity.workers.map((worker) => ({ ...worker, now: workers.get(worker.pid) ?? worker.now })),
  };
}

function onKey(state: DashboardState, key: string): Transition {
  if (key === 'C-c') return { state, effects: [{ type: 'leave', forced: true }] };
  if (state.prompt !== null) return typeInto(state, state.prompt, key);
  const quiet = { ...state, message: '', lastKeyMs: state.nowMs };
  // Only leaving works on a terminal that is too small to show what keys do.
  if (layoutOf(state).tooSmall)
    return key === 'q' ? { state, effects: [{ type: 'leave', forced: false }] } : still(quiet);
  const screen = topScreen(quiet);
  const action = actionOf(key, screen.kind, quiet.source);
  return action === null ? still(quiet) : act(quiet, action);
}
