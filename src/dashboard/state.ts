import type { Activity } from '../analysis/activity.ts';
import type { Report } from '../analysis/report.ts';
import type { Glyphs } from './row.ts';
import type { FindingMemory } from './steady-findings.ts';

/** The seven views, and what is opened on top of them. */
export type ViewName = 'overview' | 'workers' | 'timeline' | 'calls' | 'lines' | 'dependencies' | 'requests';
export type ScreenKind = ViewName | 'finding' | 'line' | 'quality' | 'help' | 'export';
export const VIEW_NAMES: readonly ViewName[] = [
  'overview',
  'workers',
  'timeline',
  'calls',
  'lines',
  'dependencies',
  'requests',
];

/** One level of the stack of screens; `q` goes back one. */
export interface Screen {
  readonly kind: ScreenKind;
  /** Of a finding. */
  readonly finding: string;
  /** The selected row, or the first one shown where rows cannot be selected. */
  readonly position: number;
}

export type ListName = 'findings' | 'workers' | 'timeline' | 'calls' | 'dependencies' | 'requests';

/** Which rows of a table are shown, and which one keys act on. */
export interface ListState {
  readonly position: number;
  /** Index of the column it is sorted by. */
  readonly sort: number;
  readonly reversed: boolean;
  readonly filter: string;
}

/** A part of the whole trace, in milliseconds from its first event. */
export interface TimelineState {
  readonly fromMs: number;
  /** Infinity: to the end. */
  readonly toMs: number;
  readonly cursorMs: number;
}

export interface FileLine {
  readonly line: number;
  readonly text: string;
  /** As it stands in the file, where `text` says it in other words. */
  readonly original?: string;
}

/** The raw lines of one file, of which only those on the screen are here. */
export interface LinesState {
  readonly file: string;
  readonly cursor: number;
  /** Number of the first line on the screen. */
  readonly top: number;
  /** What was read for the screen, in order. */
  readonly rows: readonly FileLine[];
  /** Lines of the file; null while nobody knows. */
  readonly total: number | null;
  readonly filter: string;
  /** Numbers of the lines that the filter lets through, as far as was searched; null without a filter. */
  readonly matches: readonly number[] | null;
  /** What is going on: `searching`, `unpacking to line 402,118`; '' when nothing is. */
  readonly busy: string;
  readonly problem: string;
}

export interface Prompt {
  readonly kind: 'filter' | 'search' | 'jump' | 'note';
  readonly text: string;
}

export interface Bookmark {
  readonly kind: 'finding' | 'line';
  readonly file: string;
  readonly line: number;
  readonly finding: string;
  readonly text: string;
  readonly note: string;
}

export interface ReadingState {
  readonly bytesRead: number;
  readonly sizeBytes: number | null;
  readonly lines: number;
  readonly state: 'reading' | 'done' | 'stopped' | 'failed';
  /** Why it failed. */
  readonly problem: string;
  readonly hint: string;
}

/** What a live capture says about itself; null for files. */
export interface LiveStatus {
  readonly state: 'starting' | 'tracing' | 'detached' | 'ended';
  readonly engine: string;
  readonly pids: readonly number[];
  readonly elapsedMs: number;
  readonly limitMs: number;
  /** Captured and not read yet, beyond what a moment leaves. */
  readonly behindBytes: number;
  /** How long ago the first of them was captured; 0 where there are none. */
  readonly behindMs: number;
  /** null where the tracer counts and prints none. */
  readonly callsPerSecond: number | null;
  readonly lost: number;
  readonly spool: string;
  readonly spoolBytes: number;
  readonly spoolLimitBytes: number;
  /** What tracing costs now, percent of one processor; null before it was measured. */
  readonly costPercent?: number | null;
  readonly notes: readonly string[];
  /** The clock of the host when this was reported, since 1970, and the monotonic clock then. */
  readonly wallMs: number;
  readonly atMs: number;
  /** Since the last byte arrived. */
  readonly silentMs: number;
  /** Since the analysis said last what the workers are in; left out where it has not yet. */
  readonly unheardMs?: number;
  /** What the kernel says of each traced process; left out where it was not asked. */
  readonly processes?: readonly ProcessNow[];
}

/** A traced process as the kernel shows it. */
export interface ProcessNow {
  readonly pid: number;
  /** Its number in its own container. */
  readonly innerPid: number;
  readonly name: string;
  /** Which server it is of; '' or left out where nothing tells. */
  readonly server?: string;
  /** The thread of it that this is about; left out for its first one. */
  readonly tid?: number;
  /** '' while it is in no call. */
  readonly call: string;
  readonly target: string;
  readonly isWaiting: boolean;
  /** What keeps it from running: a signal, the freezer of its cgroup, a debugger; '' or left out for nothing. */
  readonly held?: '' | 'stopped' | 'frozen' | 'traced';
  /** How long it has been in it when this was reported, at least. */
  readonly ageMs: number;
  /** How much of that a second look has shown; 0 after one look. */
  readonly stayMs: number;
  /** For how long it was in no wait at any look. */
  readonly awayMs: number;
  /** It watches other traced processes, and is where such threads stay while they have nothing to do. */
  readonly isParked?: boolean;
  /** Where its application was seen since it left its wait, `app.py:12 application()`; '' when nowhere. */
  readonly code?: string;
  /** It was in it before the tracer came. */
  readonly isFromStart: boolean;
}

export interface Frozen {
  readonly report: Report | null;
  readonly activity: Activity | null;
  readonly sinceMs: number;
}

export type Clock = 'utc' | 'local' | 'relative';

export interface DashboardState {
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: Glyphs;
  readonly source: 'file' | 'live';
  /** Milliseconds that only grow, of the last event. */
  readonly nowMs: number;
  readonly reading: ReadingState;
  readonly report: Report | null;
  readonly activity: Activity | null;
  readonly files: readonly string[];
  /** The file still grows: its end is not the end. */
  readonly follows: boolean;
  readonly screens: readonly Screen[];
  readonly lists: Readonly<Record<ListName, ListState>>;
  readonly timeline: TimelineState;
  readonly lines: LinesState;
  readonly prompt: Prompt | null;
  /** What was looked for last, for `n` and `N`. */
  readonly sought: string;
  readonly message: string;
  readonly bookmarks: readonly Bookmark[];
  readonly pinned: readonly number[];
  readonly clock: Clock;
  readonly mouse: boolean;
  readonly frozen: Frozen | null;
  readonly live: LiveStatus | null;
  readonly memory: FindingMemory;
  /** Findings that came later are marked as new. */
  readonly lastKeyMs: number;
  /** Writing to the terminal takes long. */
  readonly slowLink: boolean;
}

interface Beginning {
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: Glyphs;
  readonly source: 'file' | 'live';
  readonly files: readonly string[];
  readonly follows?: boolean;
  readonly mouse: boolean;
}

const LIST: ListState = { position: 0, sort: 0, reversed: false, filter: '' };

export function initialState(beginning: Beginning): DashboardState {
  const { columns, rows, glyphs, source, files, follows = false, mouse } = beginning;
  return {
    columns,
    rows,
    glyphs,
    source,
    nowMs: 0,
    reading: { bytesRead: 0, sizeBytes: null, lines: 0, state: 'reading', problem: '', hint: '' },
    report: null,
    activity: null,
    files,
    follows,
    screens: [{ kind: 'overview', finding: '', position: 0 }],
    lists: {
      findings: LIST,
      workers: LIST,
      timeline: { ...LIST, sort: 1 },
      calls: LIST,
      dependencies: LIST,
      requests: LIST,
    },
    timeline: { fromMs: 0, toMs: Number.POSITIVE_INFINITY, cursorMs: 0 },
    lines: {
      file: files[0] ?? '',
      cursor: 1,
      top: 1,
      rows: [],
      total: null,
      filter: '',
      matches: null,
      busy: '',
      problem: '',
    },
    prompt: null,
    sought: '',
    message: '',
    bookmarks: [],
    pinned: [],
    clock: 'utc',
    mouse,
    frozen: null,
    live: null,
    memory: [],
    lastKeyMs: 0,
    slowLink: false,
  };
}

/** The screen that keys go to. */
export function topScreen(state: DashboardState): Screen {
  return state.screens.at(-1) ?? { kind: 'overview', finding: '', position: 0 };
}

function isViewName(kind: ScreenKind): kind is ViewName {
  return VIEW_NAMES.some((view) => view === kind);
}

/** The view under whatever is opened on top of it. */
export function currentView(state: DashboardState): ViewName {
  return state.screens.map(({ kind }) => kind).findLast(isViewName) ?? 'overview';
}

/** What is on the screen: what was read last, or what was there when it was frozen. */
export function shownReport(state: DashboardState): Report | null {
  return state.frozen === null ? state.report : state.frozen.report;
}

/** How much time there is to draw, in columns of so many milliseconds; null where nothing is known over time. */
export interface Extent {
  readonly columns: number;
  readonly columnMs: number;
}

export function shownExtent(state: DashboardState): Extent | null {
  return shownActivity(state) ?? shownReport(state)?.timeline ?? null;
}

export function shownActivity(state: DashboardState): Activity | null {
  return state.frozen === null ? state.activity : state.frozen.activity;
}
