import type { SideEffect, Transition } from '../events.ts';
import { layoutOf } from '../layout.ts';
import type { DashboardState, LinesState } from '../state.ts';

/** Lines that fit under the rule of the view. */
function room(state: DashboardState): number {
  return Math.max(1, layoutOf(state).bodyRows - 1);
}

/** Moves the cursor to a line of the file, into the middle of the screen when it was out of sight. */
export function moveLinesTo(state: DashboardState, line: number): Transition {
  const { lines } = state;
  const last = lines.total ?? Number.MAX_SAFE_INTEGER;
  const cursor = Math.max(1, Math.min(last, line));
  if (lines.matches !== null) return linesWanted({ ...state, lines: { ...lines, cursor } });
  const height = room(state);
  const isInSight = cursor >= lines.top && cursor < lines.top + height;
  const top = isInSight ? lines.top : Math.max(1, cursor - Math.floor(height / 2));
  return linesWanted({ ...state, lines: { ...lines, cursor, top } });
}

/** Moves the cursor by that many of the lines that are shown. */
export function moveLinesBy(state: DashboardState, by: number): Transition {
  const { lines } = state;
  const { matches } = lines;
  if (matches !== null) {
    const index = Math.max(0, Math.min(matches.length - 1, indexIn(matches, lines.cursor) + by));
    return moveLinesTo(state, matches[index] ?? lines.cursor);
  }
  const last = lines.total ?? Number.MAX_SAFE_INTEGER;
  const cursor = Math.max(1, Math.min(last, lines.cursor + by));
  const height = room(state);
  const top = cursor < lines.top ? cursor : cursor >= lines.top + height ? cursor - height + 1 : lines.top;
  return linesWanted({ ...state, lines: { ...lines, cursor, top } });
}

/** Asks for the lines that the screen shows, unless they are there. */
export function linesWanted(state: DashboardState): Transition {
  const { lines } = state;
  const effect = lines.matches === null ? plainLines(state, lines) : matchingLines(state, lines, lines.matches);
  return { state, effects: effect === null ? [] : [effect] };
}

function plainLines(state: DashboardState, lines: LinesState): SideEffect | null {
  const count = room(state);
  const isThere =
    lines.rows[0]?.line === lines.top && (lines.rows.length >= count || lines.rows.at(-1)?.line === lines.total);
  return isThere ? null : { type: 'read-lines', file: lines.file, first: lines.top, count };
}

function matchingLines(state: DashboardState, lines: LinesState, matches: readonly number[]): SideEffect | null {
  const count = room(state);
  const index = indexIn(matches, lines.cursor);
  const first = Math.max(0, Math.min(index - Math.floor(count / 2), matches.length - count));
  const numbers = matches.slice(first, first + count);
  const isThere = numbers.length === lines.rows.length && numbers.every((line, at) => lines.rows[at]?.line === line);
  return isThere ? null : { type: 'read-numbers', file: lines.file, numbers };
}

/** Where a line stands among the matches, or the last one before it. */
function indexIn(matches: readonly number[], line: number): number {
  const after = matches.findIndex((match) => match > line);
  return Math.max(0, (after < 0 ? matches.length : after) - 1);
}

/** Shows another file, at a line. */
export function linesOf(state: DashboardState, file: string, line: number): Transition {
  if (file === state.lines.file && state.lines.matches === null) return moveLinesTo(state, line);
  const lines: LinesState = {
    ...state.lines,
    file,
    filter: '',
    matches: null,
    rows: file === state.lines.file ? state.lines.rows : [],
    total: file === state.lines.file ? state.lines.total : null,
  };
  return moveLinesTo({ ...state, lines }, line);
}
