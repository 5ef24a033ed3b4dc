import { type Clipping, clippingOf } from '../clipping.ts';
import { type SideEffect, still, type Transition } from '../events.ts';
import { exported } from '../export.ts';
import type { Action } from '../keys.ts';
import { textOf } from '../row.ts';
import { type Clock, currentView, type DashboardState, shownReport, topScreen, VIEW_NAMES } from '../state.ts';
import { findingOf } from '../tables/findings.ts';
import { drawScreen } from '../views/screen.ts';
import { linesOf, linesWanted } from './line-moves.ts';
import { move } from './move.ts';
import { open } from './open.ts';
import { filterLines, listOf } from './prompt.ts';
import { closed, findingBeside, opened, toKind, toView, viewBeside } from './screens.ts';
import { timeAction } from './timeline-moves.ts';

const CLOCKS: readonly Clock[] = ['utc', 'local', 'relative'];
const EXTENSION_MS = 60_000;

/** Does what a key stands for. */
export function act(state: DashboardState, action: Action): Transition {
  switch (action) {
    case 'back':
      return back(state);
    case 'escape':
    case 'stop-reading':
      return escape(state);
    case 'help':
      return topScreen(state).kind === 'help' ? back(state) : still(opened(state, 'help'));
    case 'quality':
      return topScreen(state).kind === 'quality' ? back(state) : still(opened(state, 'quality'));
    case 'export':
      return still(opened(state, 'export'));
    case 'view-1':
    case 'view-2':
    case 'view-3':
    case 'view-4':
    case 'view-5':
    case 'view-6':
    case 'view-7':
      return toView(state, VIEW_NAMES[Number(action.slice(-1)) - 1] ?? 'overview');
    case 'next-view':
      return toView(state, viewBeside(currentView(state), 1));
    case 'previous-view':
      return toView(state, viewBeside(currentView(state), -1));
    case 'up':
    case 'down':
    case 'page-up':
    case 'page-down':
    case 'half-up':
    case 'half-down':
    case 'first':
    case 'last':
      return move(state, action);
    case 'open':
      return open(state);
    case 'filter':
      return still({ ...state, prompt: { kind: 'filter', text: '' } });
    case 'search':
      return still({ ...state, prompt: { kind: 'search', text: '' } });
    case 'jump':
      return still({ ...state, prompt: { kind: 'jump', text: '' } });
    case 'bookmark':
      return still({ ...state, prompt: { kind: 'note', text: '' } });
    case 'next-match':
    case 'previous-match':
      return seek(state, action === 'next-match');
    case 'next-kind':
    case 'previous-kind':
      return still(toKind(state, action === 'next-kind' ? 1 : -1));
    case 'next-finding':
    case 'previous-finding':
      return toFinding(state, action === 'next-finding' ? 1 : -1);
    case 'sort':
      return changeList(state, (list) => ({ ...list, sort: list.sort + 1, position: 0 }));
    case 'reverse':
      return changeList(state, (list) => ({ ...list, reversed: !list.reversed, position: 0 }));
    case 'time-back':
    case 'time-on':
    case 'zoom-in':
    case 'zoom-out':
    case 'zoom-all':
      return still(timeAction(state, action));
    case 'pin':
      return pin(state);
    case 'clock': {
      const clock = CLOCKS[(CLOCKS.indexOf(state.clock) + 1) % CLOCKS.length] ?? 'utc';
      const words = { utc: 'UTC', local: 'the local clock', relative: 'seconds since the first event' };
      return still({ ...state, clock, message: `Times are ${words[clock]}.` });
    }
    case 'next-bookmark':
      return nextBookmark(state);
    case 'copy':
      return copy(state, clippingOf(state));
    case 'export-markdown':
    case 'export-html':
    case 'export-text':
    case 'export-json':
    case 'export-ndjson': {
      const file = exported(state, action);
      const left = closed(state) ?? state;
      return file === null
        ? still({ ...left, message: 'Nothing to export so far.' })
        : { state: left, effects: [{ type: 'write', ...file }] };
    }
    case 'lo-fi':
      return effect(state, { type: 'print', rows: drawScreen(state).map((row) => textOf(row).trimEnd()) });
    case 'mouse':
      return {
        state: { ...state, mouse: !state.mouse, message: `Mouse ${state.mouse ? 'off' : 'on'}.` },
        effects: [{ type: 'mouse', on: !state.mouse }],
      };
    case 'freeze':
      return still(freeze(state));
    case 'follow':
      return topScreen(state).kind === 'lines' || topScreen(state).kind === 'timeline'
        ? move(state, 'last')
        : still(state);
    case 'next-file':
      return nextFile(state);
    case 'detach':
      return effect({ ...state, message: 'Detaching; what was captured stays.' }, { type: 'detach' });
    case 'extend':
      return effect({ ...state, message: 'Capturing for 60 s more.' }, { type: 'extend', byMs: EXTENSION_MS });
    case 'redraw':
      return effect(state, { type: 'redraw' });
    case 'suspend':
      return effect(state, { type: 'suspend' });
  }
}

function back(state: DashboardState): Transition {
  const left = closed(state);
  if (left === null) return effect(state, { type: 'leave', forced: false });
  return topScreen(left).kind === 'lines' ? linesWanted(left) : still(left);
}

/** Clears what narrows the view, closes what is open, stops a reading; never leaves. */
function escape(state: DashboardState): Transition {
  const list = listOf(state);
  if (list !== null && state.lists[list].filter !== '')
    return changeList(state, (each) => ({ ...each, filter: '', position: 0 }));
  if (topScreen(state).kind === 'lines' && state.lines.matches !== null) return filterLines(state, '');
  const left = closed(state);
  if (left !== null) return topScreen(left).kind === 'lines' ? linesWanted(left) : still(left);
  if (state.source === 'file' && state.reading.state === 'reading')
    return effect({ ...state, message: 'Stopping.' }, { type: 'stop-reading' });
  return still(state);
}

function changeList(
  state: DashboardState,
  change: (list: DashboardState['lists']['findings']) => DashboardState['lists']['findings'],
): Transition {
  const name = listOf(state);
  return name === null
    ? still(state)
    : still({ ...state, lists: { ...state.lists, [name]: change(state.lists[name]) } });
}

function seek(state: DashboardState, forward: boolean): Transition {
  const { sought, lines } = state;
  if (lines.matches !== null) return move(state, forward ? 'down' : 'up');
  if (sought === '') return still({ ...state, message: 'Look for a text with / first.' });
  const from = lines.cursor + (forward ? 1 : -1);
  return effect(
    { ...state, lines: { ...lines, busy: 'searching' } },
    { type: 'seek-text', file: lines.file, text: sought, from, forward },
  );
}

/** From a finding to its neighbour; from the lines to the lines of the neighbour. */
function toFinding(state: DashboardState, by: number): Transition {
  const index = state.screens.findLastIndex(({ kind }) => kind === 'finding');
  const id = state.screens[index]?.finding ?? '';
  const next = findingBeside(state, id, index < 0 ? (by > 0 ? 1 : 0) : by);
  if (next === undefined) return still(state);
  const screens =
    index < 0
      ? [...state.screens.slice(0, -1), { kind: 'finding' as const, finding: next.id, position: 0 }, topScreen(state)]
      : state.screens.map((screen, at) => (at === index ? { ...screen, finding: next.id, position: 0 } : screen));
  const moved = { ...state, screens, message: topScreen(state).kind === 'lines' ? next.title : '' };
  const [line] = next.evidence;
  if (topScreen(state).kind !== 'lines' || line === undefined) return still(moved);
  return linesOf(moved, line.file, line.line);
}

function pin(state: DashboardState): Transition {
  const pid = clippingOf(state).pid;
  if (pid === null) return still(state);
  // Another host may have a worker of that number.
  if (shownReport(state)?.hosts !== undefined)
    return still({ ...state, message: 'A worker is kept at the top only in the capture of one host.' });
  const pinned = state.pinned.includes(pid) ? state.pinned.filter((each) => each !== pid) : [...state.pinned, pid];
  return still({
    ...state,
    pinned,
    message: state.pinned.includes(pid)
      ? `Worker ${pid} is no longer kept at the top.`
      : `Worker ${pid} is kept at the top.`,
  });
}

function copy(state: DashboardState, { name, text }: Clipping): Transition {
  if (text === '') return still({ ...state, message: 'Nothing is selected.' });
  return effect(state, { type: 'copy', name, text });
}

function nextBookmark(state: DashboardState): Transition {
  const [first, ...rest] = state.bookmarks;
  if (first === undefined) return still({ ...state, message: 'No bookmarks: b sets one.' });
  // The one that is shown goes to the end, so that the key walks through them.
  const turned = { ...state, bookmarks: [...rest, first], message: first.note === '' ? first.text : first.note };
  if (first.kind === 'finding')
    return findingOf(state, first.finding) === undefined
      ? still(turned)
      : still(opened(turned, 'finding', first.finding));
  return linesOf(topScreen(state).kind === 'lines' ? turned : opened(turned, 'lines'), first.file, first.line);
}

function nextFile(state: DashboardState): Transition {
  const { files } = state;
  if (files.length < 2) return still({ ...state, message: 'This capture is one file.' });
  const file = files[(files.indexOf(state.lines.file) + 1) % files.length] ?? state.lines.file;
  return linesOf({ ...state, message: file }, file, 1);
}

function freeze(state: DashboardState): DashboardState {
  if (state.frozen !== null) return { ...state, frozen: null };
  return { ...state, frozen: { report: state.report, activity: state.activity, sinceMs: state.nowMs } };
}

function effect(state: DashboardState, ...effects: readonly SideEffect[]): Transition {
  return { state, effects };
}
