import type { ScreenKind } from './state.ts';

/** What a key does; the reducer knows how. */
export type Action =
  | 'back'
  | 'escape'
  | 'help'
  | 'view-1'
  | 'view-2'
  | 'view-3'
  | 'view-4'
  | 'view-5'
  | 'view-6'
  | 'view-7'
  | 'next-view'
  | 'previous-view'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'half-up'
  | 'half-down'
  | 'first'
  | 'last'
  | 'open'
  | 'filter'
  | 'search'
  | 'next-match'
  | 'previous-match'
  | 'next-kind'
  | 'previous-kind'
  | 'next-finding'
  | 'previous-finding'
  | 'sort'
  | 'reverse'
  | 'jump'
  | 'time-back'
  | 'time-on'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-all'
  | 'pin'
  | 'clock'
  | 'bookmark'
  | 'next-bookmark'
  | 'copy'
  | 'export'
  | 'lo-fi'
  | 'mouse'
  | 'quality'
  | 'freeze'
  | 'stop-reading'
  | 'detach'
  | 'extend'
  | 'follow'
  | 'next-file'
  | 'export-markdown'
  | 'export-html'
  | 'export-text'
  | 'export-json'
  | 'export-ndjson'
  | 'redraw'
  | 'suspend';

interface Binding {
  readonly action: Action;
  /** The first one is shown. */
  readonly keys: readonly string[];
  /** How the keys read in the footer and in the help: `jk`. */
  readonly shown: string;
  /** One word for the footer; '' keeps it out. */
  readonly word: string;
  /** What the help says. */
  readonly says: string;
  /** Only in a live capture, or only for a file. */
  readonly only?: 'live' | 'file';
}

const HELP: Binding = { action: 'help', keys: ['?', 'f1'], shown: '?', word: 'Help', says: 'this page' };
const QUIT: Binding = {
  action: 'back',
  keys: ['q'],
  shown: 'q',
  word: 'quit',
  says: 'back; at the top: leave (a live capture is detached first)',
};
const MOVE: readonly Binding[] = [
  {
    action: 'down',
    keys: ['j', 'down'],
    shown: 'j k',
    word: 'move',
    says: 'move (also the arrows, PgUp PgDn, Ctrl-d Ctrl-u, g G)',
  },
  { action: 'up', keys: ['k', 'up'], shown: '', word: '', says: '' },
  { action: 'page-down', keys: ['pagedown', 'C-f'], shown: '', word: '', says: '' },
  { action: 'page-up', keys: ['pageup', 'C-b'], shown: '', word: '', says: '' },
  { action: 'half-down', keys: ['C-d'], shown: '', word: '', says: '' },
  { action: 'half-up', keys: ['C-u'], shown: '', word: '', says: '' },
  { action: 'first', keys: ['g', 'home'], shown: '', word: '', says: '' },
  { action: 'last', keys: ['G', 'end'], shown: '', word: '', says: '' },
];
const LIST: readonly Binding[] = [
  { action: 'filter', keys: ['/'], shown: '/', word: 'filter', says: 'show only rows with a text; Esc clears' },
  { action: 'sort', keys: ['s'], shown: 's', word: 'sort', says: 'sort by the next column; S turns the order' },
  { action: 'reverse', keys: ['S'], shown: '', word: '', says: '' },
];
const TIME: readonly Binding[] = [
  {
    action: 'time-back',
    keys: ['[', 'left'],
    shown: '[ ]',
    word: 'time',
    says: 'move the time cursor (also left, right)',
  },
  { action: 'time-on', keys: [']', 'right'], shown: '', word: '', says: '' },
  {
    action: 'zoom-in',
    keys: ['+', '='],
    shown: '+ -',
    word: 'zoom',
    says: 'zoom at the cursor; 0 shows the whole trace',
    only: 'file',
  },
  { action: 'zoom-out', keys: ['-'], shown: '', word: '', says: '' },
  { action: 'zoom-all', keys: ['0'], shown: '', word: '', says: '' },
];
const OPEN: Binding = {
  action: 'open',
  keys: ['enter'],
  shown: 'Enter',
  word: 'open',
  says: 'show the proof: finding, its lines, one line in full',
};
const COPY: Binding = {
  action: 'copy',
  keys: ['y'],
  shown: 'y',
  word: 'copy',
  says: 'copy the selection as Markdown, and write it to a file (payload left out)',
};
const TO_VIEWS: Binding = {
  action: 'view-1',
  keys: ['1'],
  shown: '1-7',
  word: 'views',
  says: '1 overview, 2 workers, 3 timeline, 4 calls, 5 lines, 6 services, 7 requests',
};
const VIEWS: readonly Binding[] = [
  { action: 'view-2', keys: ['2'], shown: '', word: '', says: '' },
  { action: 'view-3', keys: ['3'], shown: '', word: '', says: '' },
  { action: 'view-4', keys: ['4'], shown: '', word: '', says: '' },
  { action: 'view-5', keys: ['5'], shown: '', word: '', says: '' },
  { action: 'view-6', keys: ['6'], shown: '', word: '', says: '' },
  { action: 'view-7', keys: ['7'], shown: '', word: '', says: '' },
];
const PIN: Binding = { action: 'pin', keys: ['w'], shown: 'w', word: '', says: 'keep this worker at the top' };
const KINDS: readonly Binding[] = [
  { action: 'next-kind', keys: ['n'], shown: 'n N', word: 'kind', says: 'next and previous finding of another kind' },
  { action: 'previous-kind', keys: ['N'], shown: '', word: '', says: '' },
];
const FINDINGS: readonly Binding[] = [
  { action: 'next-finding', keys: [')'], shown: '( )', word: 'findings', says: 'previous and next finding' },
  { action: 'previous-finding', keys: ['('], shown: '', word: '', says: '' },
];

/** Keys that work in every screen. */
const EVERYWHERE: readonly Binding[] = [
  {
    action: 'stop-reading',
    keys: ['escape'],
    shown: 'Esc',
    word: '',
    says: 'back, clear the filter; while a file is read: stop, and use what was read',
  },
  { action: 'next-view', keys: ['tab'], shown: 'Tab', word: '', says: 'next view; Shift-Tab the one before' },
  { action: 'previous-view', keys: ['backtab'], shown: '', word: '', says: '' },
  ...VIEWS,
  { action: 'detach', keys: ['d'], shown: 'd', word: 'detach', says: 'detach now, and keep looking', only: 'live' },
  { action: 'extend', keys: ['+'], shown: '+', word: 'a minute', says: 'capture for 60 s more', only: 'live' },
  { action: 'freeze', keys: ['space'], shown: 'Space', word: 'freeze', says: 'freeze the screen; reading goes on' },
  { action: 'follow', keys: ['f'], shown: 'f', word: '', says: 'go to the newest' },
  { action: 'jump', keys: [':'], shown: ':', word: '', says: 'jump: 02:13:37, +12.4s, line 402118, pid 4127' },
  {
    action: 'export',
    keys: ['e'],
    shown: 'e',
    word: 'export',
    says: 'write the report to a file: Markdown, HTML, text, JSON',
  },
  {
    action: 'bookmark',
    keys: ['b'],
    shown: 'b',
    word: '',
    says: "bookmark the selection with a note (goes into exports); ' goes to the next one",
  },
  { action: 'next-bookmark', keys: ["'"], shown: '', word: '', says: '' },
  { action: 'clock', keys: ['T'], shown: 'T', word: '', says: 'times as UTC, local, or since the start' },
  {
    action: 'quality',
    keys: ['D'],
    shown: 'D',
    word: 'data',
    says: 'how far these data can be trusted, and what was checked',
  },
  {
    action: 'lo-fi',
    keys: ['L'],
    shown: 'L',
    word: '',
    says: 'print this screen as plain text, for the mouse and for tickets',
  },
  { action: 'mouse', keys: ['m'], shown: 'm', word: '', says: 'mouse on and off' },
  { action: 'redraw', keys: ['C-l'], shown: 'Ctrl-L', word: '', says: 'draw the screen again' },
  { action: 'suspend', keys: ['C-z'], shown: 'Ctrl-Z', word: '', says: 'suspend; fg comes back' },
];

const HERE: Readonly<Record<ScreenKind, readonly Binding[]>> = {
  overview: [...MOVE, OPEN, ...KINDS, COPY, ...LIST, TO_VIEWS],
  workers: [...MOVE, OPEN, ...LIST, PIN, TO_VIEWS],
  timeline: [...MOVE, ...TIME, OPEN, PIN, TO_VIEWS],
  calls: [...MOVE, ...LIST, TO_VIEWS],
  dependencies: [
    ...MOVE,
    { ...OPEN, says: 'show the finding that names the service; without one the line of its longest wait' },
    ...LIST,
    TO_VIEWS,
  ],
  requests: [
    ...MOVE,
    { ...OPEN, says: 'show the line on which the request was read, among the others' },
    ...LIST,
    TO_VIEWS,
  ],
  lines: [
    ...MOVE,
    OPEN,
    { action: 'search', keys: ['/'], shown: '/', word: 'search', says: 'go to the next line with a text, as in less' },
    {
      action: 'next-match',
      keys: ['n'],
      shown: 'n N',
      word: 'match',
      says: 'next and previous line with the text that was looked for',
    },
    { action: 'previous-match', keys: ['N'], shown: '', word: '', says: '' },
    { action: 'filter', keys: ['&'], shown: '&', word: 'filter', says: 'show only lines with a text; Esc clears' },
    ...FINDINGS,
    COPY,
    { action: 'next-file', keys: ['o'], shown: 'o', word: '', says: 'the next file of the capture' },
    TO_VIEWS,
  ],
  finding: [...MOVE, OPEN, COPY, ...FINDINGS, ...KINDS, TO_VIEWS],
  line: [...MOVE, COPY],
  quality: [...MOVE],
  help: [...MOVE],
  export: [
    { action: 'export-markdown', keys: ['m'], shown: 'm', word: 'Markdown', says: 'a note for the incident' },
    {
      action: 'export-html',
      keys: ['h'],
      shown: 'h',
      word: 'HTML',
      says: 'one page to send to others, with the timeline',
    },
    { action: 'export-text', keys: ['t'], shown: 't', word: 'text', says: 'the whole report as text' },
    { action: 'export-json', keys: ['j'], shown: 'j', word: 'JSON', says: 'the whole report for a program' },
    { action: 'export-ndjson', keys: ['n'], shown: 'n', word: 'NDJSON', says: 'one finding a line' },
  ],
};

/** The keys of a screen, those of the screen itself first. One table for the reducer, the footer and the help. */
export function bindings(screen: ScreenKind, source: 'file' | 'live'): readonly Binding[] {
  const live = ['detach', 'extend', 'freeze'];
  const here = HERE[screen];
  const rest = EVERYWHERE.filter(
    ({ action, keys }) => !here.some((other) => other.action === action || other.keys[0] === keys[0]),
  );
  // Whoever watches a server that hangs needs those that act on the capture first.
  const ofCapture = source === 'live' ? rest.filter(({ action }) => live.includes(action)) : [];
  const others = rest.filter((each) => !ofCapture.includes(each));
  return [HELP, ...ofCapture, ...here, ...others, QUIT].filter(({ only }) => only === undefined || only === source);
}

/** What a key does on a screen, or null. */
export function actionOf(key: string, screen: ScreenKind, source: 'file' | 'live'): Action | null {
  return bindings(screen, source).find(({ keys }) => keys.includes(key))?.action ?? null;
}
