import type { Report, Timeline, TimelineRow } from '../../analysis/report.ts';
import { stateOf } from '../../analysis/timeline.ts';
import { STATE_WORDS, type WorkerState } from '../../analysis/worker-states.ts';
import { durationOfMs, wholePercent } from '../../trace/format-numbers.ts';
import { period } from '../when.ts';
import { SEVERITY_WORDS } from '../wording.ts';
import { element, type Html } from './element.ts';
import type { FindingMark } from './timeline-marks.ts';

/** Pixels, which are units of the drawing in that direction. */
export interface Sizes {
  readonly row: number;
  readonly bar: number;
}
/** What the states look like that are drawn. */
export function legend({ rows }: Timeline): Html {
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

/** The row of a worker: a bar for what it was in, and a line below for each finding on it. */
export function lane(
  report: Report,
  timeline: Timeline,
  row: TimelineRow,
  marks: readonly FindingMark[],
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
  const busy = worker.busyPercent === null ? '' : `, busy ${wholePercent(worker.busyPercent)} %`;
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

/** A number of the drawing, to two decimals. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
