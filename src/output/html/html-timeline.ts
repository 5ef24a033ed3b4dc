import type { Report, Timeline, TimelineRow, Window } from '../../analysis/report.ts';
import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { moment } from '../when.ts';
import type { PageRoom } from './bounded.ts';
import { element, type Html } from './element.ts';
import { lane, legend, rounded, type Sizes } from './timeline-lanes.ts';
import { type FindingMark, marksOf } from './timeline-marks.ts';

const LARGE: Sizes = { row: 26, bar: 14 };
const SMALL: Sizes = { row: 18, bar: 9 };
/** More rows than this are smaller. */
const MOST_LARGE = 16;
const TICKS = 6;
/** The widest of the usual monospaced letters, of 13 px: DejaVu Sans Mono. */
const LETTER = 7.9;
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

function axis(report: Report, timeline: Timeline, marks: readonly (readonly FindingMark[])[]): Html {
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
  readonly mark: FindingMark;
  readonly at: number;
  readonly line: number;
}

/** Where the number of each cause stands above the rows, on the first line on which there is room. */
function placedNumbers({ columns }: Timeline, marks: readonly (readonly FindingMark[])[]): readonly PlacedNumber[] {
  const placed: PlacedNumber[] = [];
  const first = new Map<number, FindingMark>();
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
