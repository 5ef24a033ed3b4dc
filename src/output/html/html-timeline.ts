import type { Report, Timeline, TimelineRow, Window } from '../../analysis/report.ts';
import { stateOf } from '../../analysis/timeline.ts';
import { STATE_WORDS, type WorkerState } from '../../analysis/worker-states.ts';
import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { moment, period } from '../when.ts';
import { SEVERITY_WORDS } from '../wording.ts';
import type { PageRoom } from './bounded.ts';
import { element, type Html } from './element.ts';
import { type Mark, marksOf } from './timeline-marks.ts';

/** Pixels, which are units of the drawing in that direction. */
interface Sizes {
  readonly row: number;
  readonly bar: number;
}
const LARGE: Sizes = { row: 26, bar: 14 };
const SMALL: Sizes = { row: 18, bar: 9 };
/** More rows than this are smaller. */
const MOST_LARGE = 16;
const TICKS = 6;
const LETTER = 7.3;
/** Percent of the width that a number of a finding takes, and lines of such numbers. */
const NUMBER_ROOM = 2.4;
const NUMBER_LINES = 3;
const AXIS = { height: 18, line: 18 } as const;
/** Columns that stand for the whole of a capture of which no timeline was kept. */
const PLAIN_COLUMNS = 1_000;
const OWN_BEGINNINGS =
  ' The clocks of these captures do not meet: each row counts from the beginning of its own capture.';

/** A row for each worker over time, with the findings on it. Drawn as it stands; the script zooms and reads it out. */
export function timelineSection(report: Report, room: PageRoom): readonly Html[] {
  const { durationMs } = report.window;
  if (durationMs === null || durationMs <= 0)
    return [element('p', {}, 'This capture has no times: there is no timeline.')];
  const timeline = report.timeline ?? plainTimeline(report, durationMs);
  if (timeline.rows.length === 0) return [element('p', {}, 'No process was seen that could have a row here.')];
  const marks = marksOf(report, timeline, room.findings);
  const sizes = timeline.rows.length > MOST_LARGE ? SMALL : LARGE;
  const height = timeline.rows.length * sizes.row;
  const hidden = report.workers.length - timeline.rows.length;
  return [
    element('p', { class: 'note' }, aboutColumns(report, timeline)),
    legend(timeline),
    element(
      'div',
      { class: 'timeline', id: 'timeline' },
      element('div', { class: 'corner' }),
      axis(report, timeline, marks),
      names(timeline.rows, report, sizes, height),
      element(
        'svg',
        {
          class: 'lanes',
          viewBox: `0 0 ${timeline.columns} ${height}`,
          preserveAspectRatio: 'none',
          height,
          role: 'group',
          'aria-label': `${plural(timeline.rows.length, 'worker')} over time`,
          'data-column-ms': rounded(timeline.columnMs),
          'data-start-ms': rounded(timeline.startMs),
          'data-zero': zeroOf(clockOf(report, timeline)),
        },
        grid(timeline, height),
        timeline.rows.map((row, index) => lane(report, timeline, row, marks[index] ?? [], index, sizes)),
      ),
    ),
    element('p', { id: 'readout', class: 'note' }, 'A line below a row is a finding: its number leads to it.'),
    ...(hidden > 0 ? [element('p', { class: 'note' }, `+${plural(hidden, 'more process', 'more processes')}`)] : []),
  ];
}

function aboutColumns(report: Report, { columnMs, isOnOneClock }: Timeline): string {
  if (report.timeline === undefined)
    return 'This report was saved without what each worker did over time: a row shows only how long it was seen.';
  const clock = isOnOneClock ? ofClock(report) : OWN_BEGINNINGS;
  return `The worst that a worker was in, in steps of ${durationOfMs(columnMs)}.${clock}`;
}

function ofClock({ window }: Report): string {
  if (window.startTime !== null) return ' Times are UTC.';
  return window.timeOfDay === null ? '' : ' Times are those of the clock of the trace.';
}

/** How long each worker was seen, where nothing else is known. */
function plainTimeline({ window, workers }: Report, durationMs: number): Timeline {
  const rows = workers.slice(0, 128).map(({ pid, host }) => ({ pid, host, states: '' }));
  const columnMs = durationMs / PLAIN_COLUMNS;
  return { startMs: window.startMs, columnMs, columns: PLAIN_COLUMNS, isOnOneClock: true, rows };
}

/** What the states look like that are drawn. */
function legend({ rows }: Timeline): Html {
  const letters = new Set(rows.flatMap(({ states }) => [...states]));
  const drawn = new Set([...letters].map(stateOf));
  const swatch = (state: WorkerState): Html =>
    element(
      'svg',
      { class: 'swatch', width: 18, height: 14, viewBox: '0 0 18 14', 'aria-hidden': 'true' },
      barPath(state, state === 'broken' ? 'M9 0v14' : `M0 ${middleOf(state, 0, 14)}h18`, 14),
    );
  return element(
    'p',
    { class: 'legend' },
    STATE_WORDS.filter(([state]) => drawn.has(state)).map(([state, word]) =>
      element('span', {}, swatch(state), ` ${word}`),
    ),
  );
}

function axis(report: Report, timeline: Timeline, marks: readonly (readonly Mark[])[]): Html {
  const numbers = placedNumbers(timeline, marks);
  const lines = Math.max(0, ...numbers.map(({ line }) => line + 1));
  const height = AXIS.height + lines * AXIS.line;
  const ticks = Array.from({ length: TICKS }, (_, index) => {
    const share = index / TICKS;
    const time = moment(
      clockOf(report, timeline),
      timeline.startMs + share * timeline.columns * timeline.columnMs,
      null,
    );
    return element('text', { class: 'tick', x: `${rounded(share * 100)}%`, y: 12 }, time);
  });
  return element(
    'svg',
    { class: 'axis', height, role: 'group', 'aria-label': 'time' },
    ticks,
    numbers.map(({ mark, at, line }) =>
      element(
        'a',
        { href: `#finding-${mark.number}` },
        element('title', {}, `${mark.number} ${mark.finding.title}`),
        element(
          'text',
          {
            class: `number ${mark.severity}`,
            x: `${rounded((100 * at) / timeline.columns)}%`,
            y: AXIS.height + (line + 1) * AXIS.line - 4,
            'data-at': rounded(at),
          },
          String(mark.number),
        ),
      ),
    ),
  );
}

interface PlacedNumber {
  readonly mark: Mark;
  readonly at: number;
  readonly line: number;
}

/** Where the number of each cause stands above the rows, on the first line on which there is room. */
function placedNumbers({ columns }: Timeline, marks: readonly (readonly Mark[])[]): readonly PlacedNumber[] {
  const placed: PlacedNumber[] = [];
  const first = new Map<number, Mark>();
  for (const mark of marks.flat())
    if (mark.finding.effectOf === null && !first.has(mark.number)) first.set(mark.number, mark);
  for (const mark of [...first.values()].toSorted((a, b) => a.number - b.number)) {
    const at = mark.stretches[0]?.[0] ?? 0;
    const room = (NUMBER_ROOM * columns) / 100;
    for (let line = 0; line < NUMBER_LINES; line++) {
      if (placed.some((other) => other.line === line && Math.abs(other.at - at) < room)) continue;
      placed.push({ mark, at, line });
      break;
    }
  }
  return placed;
}

function names(rows: readonly TimelineRow[], { workers }: Report, { row, bar }: Sizes, height: number): Html {
  const labels = rows.map(({ pid, host }) => ({
    name: `${host === null ? '' : `${host.slice(0, 20)} `}${pid === 0 ? '-' : pid}`,
    role: workers.find((worker) => worker.pid === pid && worker.host === host)?.role ?? '',
  }));
  const width = Math.ceil(LETTER * Math.max(...labels.map(({ name, role }) => name.length + role.length + 2)));
  return element(
    'svg',
    { class: 'names', width, height, 'aria-hidden': 'true' },
    labels.map(({ name, role }, index) =>
      element('text', { x: 0, y: index * row + bar / 2 + 6 }, name, element('tspan', { class: 'role' }, `  ${role}`)),
    ),
  );
}

function grid({ columns }: Timeline, height: number): Html {
  const lines = Array.from({ length: TICKS }, (_, index) => `M${rounded((index * columns) / TICKS)} 0v${height}`);
  return element('path', { class: 'grid', d: lines.join('') });
}

function lane(
  report: Report,
  timeline: Timeline,
  row: TimelineRow,
  marks: readonly Mark[],
  index: number,
  { row: step, bar }: Sizes,
): Html {
  const top = index * step + 2;
  const paths = row.states === '' ? [seen(report, timeline, row, top, bar)] : statePaths(row.states, top, bar);
  const name = `${row.host === null ? '' : `${row.host} `}${row.pid === 0 ? '-' : row.pid}`;
  return element(
    'g',
    { class: 'lane', 'data-name': name, 'data-states': runs(row.states) },
    element('title', {}, `worker ${name}${about(report, row)}`),
    paths,
    marks.map(({ number, finding, severity, stretches }) =>
      element(
        'a',
        { href: `#finding-${number}` },
        element(
          'path',
          {
            class: `mark ${severity}`,
            d: stretches.map(([from, to]) => `M${rounded(from)} ${top + bar + 3}h${rounded(to - from)}`).join(''),
          },
          element(
            'title',
            {},
            `${number} ${SEVERITY_WORDS[severity]} ${finding.title} (${period(report.window, finding)})`,
          ),
        ),
      ),
    ),
  );
}

function about({ workers }: Report, row: TimelineRow): string {
  const worker = workers.find(({ pid, host }) => pid === row.pid && host === row.host);
  if (worker === undefined) return '';
  const busy = worker.busyPercent === null ? '' : `, busy ${worker.busyPercent.toFixed(0)} %`;
  return `, ${worker.role}${busy}, longest turn ${durationOfMs(worker.longestTurnMs)}`;
}

function seen(
  { workers }: Report,
  { columns, columnMs, startMs }: Timeline,
  row: TimelineRow,
  top: number,
  bar: number,
): Html {
  const worker = workers.find(({ pid, host }) => pid === row.pid && host === row.host);
  const column = (ms: number | null | undefined, otherwise: number): number =>
    Math.max(0, Math.min(columns, ms === null || ms === undefined ? otherwise : (ms - startMs) / columnMs));
  const from = column(worker?.firstMs, 0);
  return element('path', {
    class: 'seen',
    d: `M${rounded(from)} ${top + bar - 1}h${rounded(Math.max(0, column(worker?.lastMs, columns) - from))}`,
  });
}

/** A path for each state, which is as high as the state is bad. */
function statePaths(states: string, top: number, bar: number): readonly Html[] {
  const paths = new Map<WorkerState, string[]>();
  let column = 0;
  for (const [run] of states.matchAll(/(.)\1*/g)) {
    const state = stateOf(run[0] ?? ' ');
    const drawn = paths.get(state) ?? [];
    paths.set(state, drawn);
    if (state === 'broken') for (let at = 0; at < run.length; at++) drawn.push(`M${column + at + 0.5} ${top}v${bar}`);
    else drawn.push(`M${column} ${middleOf(state, top, bar)}h${run.length}`);
    column += run.length;
  }
  return STATE_WORDS.flatMap(([state]) => {
    const drawn = paths.get(state);
    return drawn === undefined ? [] : [barPath(state, drawn.join(''), bar)];
  });
}

/** How high the bar of a state is, of 1: told apart without colours, too. */
const HEIGHTS: Readonly<Record<WorkerState, number>> = {
  absent: 0,
  idle: 0.15,
  running: 0.45,
  silent: 0.75,
  herd: 0.9,
  blocked: 1,
  broken: 1,
};

/** A horizontal line is as high as it is wide: its stroke is not stretched with the time. */
function barPath(state: WorkerState, d: string, bar: number): Html {
  return element('path', { class: state, 'stroke-width': rounded(HEIGHTS[state] * bar), d });
}

/** The middle of the bar of a state, which stands on the ground of its row. */
function middleOf(state: WorkerState, top: number, bar: number): number {
  return rounded(top + bar - (HEIGHTS[state] * bar) / 2);
}

/** Letters with their numbers, `3.12r`: what the script reads out. */
function runs(states: string): string {
  return states.replace(/(.)\1+/g, (run, letter: string) => `${run.length}${letter}`);
}

/** The clock of the axis. */
function clockOf({ window }: Report, { isOnOneClock }: Timeline): Window {
  return isOnOneClock ? window : { ...window, startTime: null, endTime: null, timeOfDay: null };
}

/** The moment from which times count, for the script: milliseconds since 1970, or of the day; '' without a clock. */
function zeroOf({ startTime, timeOfDay, startMs }: Window): string {
  const time = startTime ?? (timeOfDay === null ? '' : `1970-01-01T${timeOfDay}Z`);
  const zero = Date.parse(time) - startMs;
  return Number.isFinite(zero) ? String(zero) : '';
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
