import type { Activity } from '../../analysis/activity.ts';
import { sumsOf } from '../../analysis/worker-states.ts';
import { count, durationOfMs } from '../../trace/format-numbers.ts';
import { firstShown, layoutOf } from '../layout.ts';
import { type Row, row, rule, span } from '../spans.ts';
import { type DashboardState, shownActivity, shownReport } from '../state.ts';
import { type WorkerRow, workerRows } from '../tables/workers.ts';
import { at, clockName } from '../times.ts';
import { tall } from './beside.ts';
import { oneHostOnly } from './one-host-only.ts';
import { drawLegend, drawTimelineRow, shownStretch } from './timeline-rows.ts';

export const ROW_LABEL = 9;
const BELOW = 6;

/**
 * A row for each worker over the stretch that zoom and cursor chose; below, what the selected worker did under the
 * cursor.
 */
export function drawTimeline(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lists, timeline } = state;
  const { bodyRows } = layoutOf(state);
  const activity = shownActivity(state);
  if (activity === null || shownReport(state)?.window.durationMs === null)
    return tall(
      [
        rule(glyphs, columns, 'TIMELINE'),
        ...(activity === null ? withoutActivity(state) : [row(' This trace has no times: there is no timeline.')]),
      ],
      bodyRows,
    );
  const rows = workerRows(state, lists.timeline);
  const cells = columns - ROW_LABEL - 1;
  const stretch = { ...shownStretch(activity, timeline), cells };
  const below = bodyRows >= 12 ? BELOW : 0;
  const shown = Math.max(1, bodyRows - 4 - below);
  const position = Math.min(lists.timeline.position, rows.length - 1);
  const first = firstShown(position, shown, rows.length);
  const step = (stretch.toMs - stretch.fromMs) / cells;
  const timelineRows = rows.slice(first, first + shown).map(({ worker, activity: workerActivity }, index) => {
    const isChosen = first + index === position;
    const label = `${isChosen ? glyphs.pointer : ' '}${state.pinned.includes(worker.pid) ? '*' : ''}${worker.pid}`;
    return row(
      span(label.padEnd(ROW_LABEL), isChosen ? 'bold' : 'plain'),
      ...(workerActivity === null ? [] : drawTimelineRow(activity, workerActivity, stretch, glyphs)),
    );
  });
  const cursorCell = Math.max(0, Math.min(cells - 1, Math.floor((timeline.cursorMs - stretch.fromMs) / step)));
  const chosen = rows[position];
  return tall(
    [
      rule(
        glyphs,
        columns,
        `TIMELINE  1 column = ${durationOfMs(step)}`,
        `${rows.length === 0 ? 0 : position + 1} of ${rows.length}   cursor ${at(state, timeline.cursorMs)} ` +
          `${clockName(state)}`,
      ),
      row(' '.repeat(ROW_LABEL), span(timeAxis(state, stretch.fromMs, step, cells), 'quiet')),
      ...timelineRows,
      row(`${' '.repeat(ROW_LABEL + cursorCell)}^`),
      row(' ', ...drawLegend(glyphs, columns - 1)),
      ...(below > 0 && chosen !== undefined ? underCursor(state, activity, chosen, step) : []),
    ],
    bodyRows,
  );
}

/** Times over the rows, one about every 16 cells. */
export function timeAxis(state: DashboardState, fromMs: number, step: number, cells: number): string {
  const every = 16;
  let text = '';
  for (let cell = 0; cell + 8 <= cells; cell += every) {
    const time = at(state, fromMs + cell * step);
    text = text.padEnd(cell) + (step * every < 2_000 ? time : time.replace(/\.\d{3}( s)?$/, '$1'));
  }
  return text;
}

function underCursor(
  state: DashboardState,
  activity: Activity,
  { worker, activity: workerActivity }: WorkerRow,
  step: number,
): readonly Row[] {
  const { cursorMs } = state.timeline;
  const title = rule(state.glyphs, state.columns, `WORKER ${worker.pid} at ${at(state, cursorMs)}`);
  if (workerActivity === null) return [title];
  const sums = sumsOf(activity, workerActivity, cursorMs, cursorMs + Math.max(step, activity.columnMs));
  const parts = [
    `in ${durationOfMs(sums.seconds * 1000)}: waits ${durationOfMs(sums.waiting * 1000)}`,
    `blocked ${durationOfMs(sums.blocked * 1000)}`,
    `no call ${durationOfMs(sums.silent * 1000)}`,
    `${count(sums.calls)} calls`,
    `${count(sums.accepted)} accepted`,
    `${count(sums.wasted)} woken for nothing`,
    `${count(sums.brokenPipes)} EPIPE`,
  ];
  const findings = findingsAt(state, worker.pid, cursorMs, step);
  return [
    title,
    row(` ${parts.join('   ')}`),
    ...(findings.length === 0
      ? [row(' No finding covers this moment. Enter opens the lines at this time.')]
      : findings
          .slice(0, 3)
          .map(({ title: text, severity }, index) => row(index === 0 ? ' Enter: ' : '        ', span(text, severity)))),
  ];
}

/**
 * Findings that name the worker and cover the moment, worst first. Those of many stalls cover only the stalls that they
 * list.
 */
export function findingsAt(state: DashboardState, pid: number, atMs: number, widthMs: number) {
  return (shownReport(state)?.findings ?? []).filter(({ workers, startMs, endMs, openEnded, metrics }) => {
    if (!workers.includes(pid) || startMs === null) return false;
    const { stalls } = metrics;
    const covers = (from: number, to: number): boolean => from < atMs + widthMs && to >= atMs;
    if (Array.isArray(stalls) && stalls.length > 0) {
      return stalls.some((stall: unknown) => {
        if (typeof stall !== 'object' || stall === null || !('startMs' in stall && 'endMs' in stall)) return false;
        const { startMs: from, endMs: to } = stall;
        return typeof from === 'number' && typeof to === 'number' && covers(from, to);
      });
    }
    return covers(startMs, openEnded ? Number.POSITIVE_INFINITY : (endMs ?? startMs));
  });
}

/** Why there is nothing to draw. */
function withoutActivity(state: DashboardState): readonly Row[] {
  const one = oneHostOnly(state, 'timeline');
  return one.length > 0 ? one : [row(' Nothing read so far.')];
}
