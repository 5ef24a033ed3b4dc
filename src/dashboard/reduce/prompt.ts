import { still, type Transition } from '../events.ts';
import { type Bookmark, type DashboardState, type ListName, type Prompt, topScreen } from '../state.ts';
import { selectedFinding } from '../tables/findings.ts';
import { workerRows } from '../tables/workers.ts';
import { parseTime } from '../times.ts';
import { linesWanted, moveLinesTo } from './line-moves.ts';
import { opened, toView } from './screens.ts';

/** A key while something is being typed. */
export function typeInto(state: DashboardState, prompt: Prompt, key: string): Transition {
  if (key === 'escape') return still({ ...state, prompt: null });
  if (key === 'enter') return entered({ ...state, prompt: null }, prompt);
  const text = key === 'backspace' ? prompt.text.slice(0, -1) : key === 'C-u' ? '' : prompt.text + typed(key);
  const next = { ...state, prompt: { ...prompt, text } };
  // A list narrows while one types; a file is searched when the text is complete.
  const list = listOf(state);
  if (prompt.kind !== 'filter' || list === null) return still(next);
  return still({ ...next, lists: { ...state.lists, [list]: { ...state.lists[list], filter: text, position: 0 } } });
}

function typed(key: string): string {
  if (key === 'space') return ' ';
  return [...key].length === 1 ? key : '';
}

function entered(state: DashboardState, { kind, text }: Prompt): Transition {
  if (kind === 'note')
    return still({
      ...state,
      bookmarks: [...state.bookmarks, bookmarkOf(state, text)],
      message: "Bookmarked; ' goes to the next one. It goes into exports.",
    });
  if (kind === 'jump') return text.trim() === '' ? still(state) : jump(state, text.trim());
  if (topScreen(state).kind !== 'lines') return still(state);
  if (kind === 'search') return searchLines(state, text || state.sought);
  return filterLines({ ...state, sought: text }, text);
}

/** Goes to the next line that holds the text, among all lines. */
function searchLines(state: DashboardState, sought: string): Transition {
  if (sought === '') return still(state);
  const { state: next, effects } = state.lines.matches === null ? still(state) : filterLines(state, '');
  const { file, cursor } = next.lines;
  return {
    state: { ...next, sought, lines: { ...next.lines, busy: 'searching' } },
    effects: [...effects, { type: 'seek-text', file, text: sought, from: cursor + 1, forward: true }],
  };
}

/** Shows only the lines that hold the text; all of them for ''. */
export function filterLines(state: DashboardState, filter: string): Transition {
  const lines = { ...state.lines, filter, matches: filter === '' ? null : [], busy: filter === '' ? '' : 'searching' };
  if (filter === '') return linesWanted({ ...state, lines: { ...lines, top: Math.max(1, lines.cursor - 5) } });
  return { state: { ...state, lines }, effects: [{ type: 'filter-lines', file: lines.file, filter }] };
}

/** `line 402118` or `402118`, `pid 4127`, a time. */
function jump(state: DashboardState, text: string): Transition {
  const line = /^(?:line\s+|l)?([\d,]+)$/.exec(text)?.[1];
  if (line !== undefined) {
    const shown = topScreen(state).kind === 'lines' ? state : toView(state, 'lines').state;
    return moveLinesTo(shown, Number(line.replaceAll(',', '')));
  }
  const pid = /^pid\s+(\d+)$/.exec(text)?.[1];
  if (pid !== undefined) return toWorker(state, Number(pid));
  const atMs = parseTime(state, text);
  if (atMs === null)
    return still({ ...state, message: `"${text}" is no time, line or pid: 02:13:37, +12.4s, line 402118, pid 4127` });
  if (topScreen(state).kind === 'timeline') return still({ ...state, timeline: { ...state.timeline, cursorMs: atMs } });
  const shown = topScreen(state).kind === 'lines' ? state : opened(state, 'lines');
  return { state: shown, effects: [{ type: 'seek-time', file: state.lines.file, atMs }] };
}

function toWorker(state: DashboardState, pid: number): Transition {
  const shown = toView(state, 'workers').state;
  const position = workerRows(shown).findIndex(({ worker }) => worker.pid === pid || worker.tids.includes(pid));
  if (position < 0) return still({ ...state, message: `No worker ${pid} in this trace.` });
  return still({ ...shown, lists: { ...shown.lists, workers: { ...shown.lists.workers, position } } });
}

const TABLES: readonly ListName[] = ['workers', 'timeline', 'calls', 'dependencies', 'requests'];

/** The table that the top screen is, or null. */
export function listOf(state: DashboardState): ListName | null {
  const { kind } = topScreen(state);
  if (kind === 'overview') return 'findings';
  return TABLES.find((table) => table === kind) ?? null;
}

function bookmarkOf(state: DashboardState, note: string): Bookmark {
  const { kind, finding } = topScreen(state);
  const { file, cursor, rows } = state.lines;
  if (kind === 'lines' || kind === 'line')
    return {
      kind: 'line',
      file,
      line: cursor,
      finding: '',
      text: rows.find(({ line }) => line === cursor)?.text ?? '',
      note,
    };
  const chosen = kind === 'finding' ? state.report?.findings.find(({ id }) => id === finding) : selectedFinding(state);
  return { kind: 'finding', file: '', line: 0, finding: chosen?.id ?? '', text: chosen?.title ?? '', note };
}
