import type { Worker } from '../../analysis/report.ts';
import { NO_TIMES } from '../../analysis/report.ts';
import { sumsOf } from '../../analysis/worker-states.ts';
import { show } from '../../output/show.ts';
import { moment } from '../../output/when.ts';
import { count, durationOfMs } from '../../trace/format-numbers.ts';
import { firstShown, layoutOf } from '../layout.ts';
import { cell, type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownActivity, shownExtent, shownReport } from '../state.ts';
import { hostWidth, isAbout, type WorkerRow, workerRows } from '../tables/workers.ts';
import { at, clockName } from '../times.ts';
import { tall } from './beside.ts';
import { drawLegend, drawTimelineRow, laneOf, shownStretch } from './timeline-rows.ts';

const ROW_LABEL = 9;
const BELOW = 6;

/**
 * A row for each worker over the stretch that zoom and cursor chose; below, what the selected worker did under the
 * cursor.
 */
export function drawTimeline(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lists, timeline } = state;
  const { bodyRows } = layoutOf(state);
  const extent = shownExtent(state);
  if (extent === null || shownReport(state)?.window.durationMs === null)
    return tall([rule(glyphs, columns, 'TIMELINE'), row(` ${whyEmpty(state)}`)], bodyRows);
  const rows = workerRows(state, lists.timeline);
  const label = labelWidth(state);
  const cells = columns - label - 1;
  const stretch = { ...shownStretch(extent, timeline), cells };
  const below = bodyRows >= 12 ? BELOW : 0;
  const shown = Math.max(1, bodyRows - 4 - below);
  const position = Math.min(lists.timeline.position, rows.length - 1);
  const first = firstShown(position, shown, rows.length);
  const step = (stretch.toMs - stretch.fromMs) / cells;
  const timelineRows = rows.slice(first, first + shown).map((each, index) => {
    const isChosen = first + index === position;
    return row(
      styled(labelOf(state, each.worker, isChosen, label - ROW_LABEL), isChosen ? 'bold' : 'plain'),
      ...drawTimelineRow(laneOf(state, each), stretch, glyphs),
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
        `${rows.length === 0 ? 0 : position + 1} of ${rows.length}   cursor ${momentOn(state, timeline.cursorMs)} ` +
          `${hasOneClock(state) ? clockName(state) : 'into each'}`,
      ),
      row(' '.repeat(label), styled(timeAxis(state, stretch.fromMs, step, cells), 'quiet')),
      ...timelineRows,
      row(`${' '.repeat(label + cursorCell)}^`),
      row(' ', ...drawLegend(glyphs, columns - 1)),
      ...(below > 0 && chosen !== undefined ? underCursor(state, chosen, step) : []),
    ],
    bodyRows,
  );
}

/** Times over the rows, one about every 16 cells. */
export function timeAxis(state: DashboardState, fromMs: number, step: number, cells: number): string {
  const every = 16;
  let text = '';
  for (let cell = 0; cell + 8 <= cells; cell += every) {
    const time = momentOn(state, fromMs + cell * step);
    text = text.padEnd(cell) + (step * every < 2_000 ? time : time.replace(/\.\d{3}( s)?$/, '$1'));
  }
  return text;
}

function underCursor(state: DashboardState, each: WorkerRow, step: number): readonly Row[] {
  const { cursorMs } = state.timeline;
  const { worker } = each;
  const name = `${worker.pid}${worker.host === null ? '' : ` of ${worker.host}`}`;
  const findings = findingsAt(state, worker, cursorMs, step);
  const nothing = worker.host === null ? ' Enter opens the lines at this time.' : '';
  return [
    rule(state.glyphs, state.columns, `WORKER ${name} at ${momentOn(state, cursorMs)}`, show(worker.server)),
    ...sumsUnderCursor(state, each, step),
    ...(findings.length === 0
      ? [row(` No finding covers this moment.${nothing}`)]
      : findings
          .slice(0, 3)
          .map(({ title: text, severity }, index) =>
            row(index === 0 ? ' Enter: ' : '        ', styled(text, severity)),
          )),
  ];
}

/** What the worker did meanwhile; of several hosts only the letters are kept. */
function sumsUnderCursor(state: DashboardState, { activity: own }: WorkerRow, step: number): readonly Row[] {
  const activity = shownActivity(state);
  if (activity === null || own === null) return [];
  const { cursorMs } = state.timeline;
  const sums = sumsOf(activity, own, cursorMs, cursorMs + Math.max(step, activity.columnMs));
  const parts = [
    `in ${durationOfMs(sums.seconds * 1000)}: waits ${durationOfMs(sums.waiting * 1000)}`,
    `blocked ${durationOfMs(sums.blocked * 1000)}`,
    `no call ${durationOfMs(sums.silent * 1000)}`,
    `${count(sums.calls)} calls`,
    `${count(sums.accepted)} accepted`,
    `${count(sums.wasted)} woken for nothing`,
    `${count(sums.brokenPipes)} EPIPE`,
  ];
  return [row(` ${parts.join('   ')}`)];
}

/**
 * Findings that name the worker and cover the moment, worst first. Those of many stalls cover only the stalls that they
 * list. Where the clocks of several hosts do not meet, all that name the worker.
 */
export function findingsAt(state: DashboardState, worker: Worker, atMs: number, widthMs: number) {
  const own = (shownReport(state)?.findings ?? []).filter((finding) => isAbout(finding, worker));
  if (!hasOneClock(state)) return own;
  return own.filter(({ startMs, endMs, openEnded, metrics }) => {
    if (startMs === null) return false;
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

function whyEmpty(state: DashboardState): string {
  return shownReport(state) === null ? 'Nothing read so far.' : 'This trace has no times: there is no timeline.';
}

/** So wide is what stands before each row. */
export function labelWidth(state: DashboardState): number {
  return hostWidth(workerRows(state, state.lists.timeline), state.columns) + ROW_LABEL;
}

function labelOf(state: DashboardState, { pid, host }: Worker, isChosen: boolean, hosts: number): string {
  const mark = `${isChosen ? state.glyphs.pointer : ' '}${state.pinned.includes(pid) ? '*' : ''}`;
  const name = hosts === 0 ? '' : `${cell(host ?? '', hosts - 1)} `;
  return `${mark}${name}${pid}`.padEnd(hosts + ROW_LABEL);
}

function hasOneClock(state: DashboardState): boolean {
  return shownActivity(state) !== null || shownReport(state)?.timeline?.isOnOneClock !== false;
}

/** A moment of the timeline: of hosts whose clocks do not meet, since the beginning of each. */
function momentOn(state: DashboardState, ms: number): string {
  return hasOneClock(state) ? at(state, ms) : moment(NO_TIMES, ms, null);
}
