import { stateIn } from '../../analysis/timeline.ts';
import { STATE_WORDS, stateBetween, type WorkerState } from '../../analysis/worker-states.ts';
import { type Glyphs, type Row, row, type Style, type StyledText, styled } from '../row.ts';
import { type DashboardState, type Extent, shownActivity, shownReport } from '../state.ts';
import type { WorkerRow } from '../tables/workers.ts';

/** The worst that a worker was in between two moments of the timeline, in milliseconds. */
export type StateBetween = (fromMs: number, toMs: number) => WorkerState;

/** A stretch of time drawn into a number of cells. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cells: number;
}

const STYLES: Readonly<Record<WorkerState, Style>> = {
  absent: 'plain',
  idle: 'quiet',
  running: 'running',
  silent: 'silent',
  herd: 'herd',
  blocked: 'blocked',
  broken: 'broken',
};

function glyphOf(state: WorkerState, glyphs: Glyphs): string {
  if (state === 'absent') return ' ';
  if (state === 'herd') return 'x';
  if (state === 'broken') return '!';
  return glyphs[state];
}

/** What is known of a worker over time; null where nothing is. Of several hosts their common report tells it. */
export function laneOf(state: DashboardState, { worker, activity }: WorkerRow): StateBetween | null {
  const whole = shownActivity(state);
  if (whole !== null) return activity === null ? null : (fromMs, toMs) => stateBetween(whole, activity, fromMs, toMs);
  const timeline = shownReport(state)?.timeline;
  const lane = timeline?.rows.find(({ pid, host }) => pid === worker.pid && host === worker.host);
  if (timeline === undefined || lane === undefined || lane.states === '') return null;
  return (fromMs, toMs) => stateIn(timeline, lane, fromMs, toMs);
}

/** One worker over time; blanks for one of which nothing is known. */
export function drawTimelineRow(
  lane: StateBetween | null,
  { fromMs, toMs, cells }: Stretch,
  glyphs: Glyphs,
): readonly StyledText[] {
  if (lane === null) return [styled(' '.repeat(cells))];
  const spans: { text: string; style: Style }[] = [];
  const step = (toMs - fromMs) / cells;
  for (let cell = 0; cell < cells; cell++) {
    const state = lane(fromMs + cell * step, fromMs + (cell + 1) * step);
    const style = STYLES[state];
    const last = spans.at(-1);
    if (last?.style === style) last.text += glyphOf(state, glyphs);
    else spans.push({ text: glyphOf(state, glyphs), style });
  }
  return spans;
}

/** What the letters mean that are drawn in these rows, or all of them; as much as fits. */
export function drawLegend(glyphs: Glyphs, width: number, drawn: readonly Row[] | null = null): Row {
  const styles = new Set(drawn?.flatMap((cells) => cells.map(({ style }) => style)));
  const spans: StyledText[] = [];
  let used = 0;
  for (const [state, word] of STATE_WORDS) {
    if (drawn !== null && !styles.has(STYLES[state])) continue;
    const text = `${word} `;
    if (used + text.length + 1 > width + 1) break;
    used += text.length + 1;
    spans.push(styled(glyphOf(state, glyphs), STYLES[state]), styled(text));
  }
  return row(...spans);
}

/** The stretch that the timeline shows, within the trace. */
export function shownStretch(
  { columns, columnMs }: Extent,
  timeline: { readonly fromMs: number; readonly toMs: number },
): { fromMs: number; toMs: number } {
  const endMs = columns * columnMs;
  const fromMs = Math.max(0, Math.min(timeline.fromMs, endMs - columnMs));
  return { fromMs, toMs: Math.max(fromMs + columnMs, Math.min(timeline.toMs, endMs)) };
}
