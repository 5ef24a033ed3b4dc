import type { Activity, WorkerActivity } from '../../analysis/activity.ts';
import { STATE_WORDS, stateBetween, type WorkerState } from '../../analysis/worker-states.ts';
import { type Glyphs, type Row, row, type Span, type Style, span } from '../spans.ts';

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

/** One worker over time. */
export function drawTimelineRow(
  activity: Activity,
  worker: WorkerActivity,
  { fromMs, toMs, cells }: Stretch,
  glyphs: Glyphs,
): readonly Span[] {
  const spans: { text: string; style: Style }[] = [];
  const step = (toMs - fromMs) / cells;
  for (let cell = 0; cell < cells; cell++) {
    const state = stateBetween(activity, worker, fromMs + cell * step, fromMs + (cell + 1) * step);
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
  const spans: Span[] = [];
  let used = 0;
  for (const [state, word] of STATE_WORDS) {
    if (drawn !== null && !styles.has(STYLES[state])) continue;
    const text = `${word} `;
    if (used + text.length + 1 > width + 1) break;
    used += text.length + 1;
    spans.push(span(glyphOf(state, glyphs), STYLES[state]), span(text));
  }
  return row(...spans);
}

/** The stretch that the timeline shows, within the trace. */
export function shownStretch(
  activity: Activity | null,
  timeline: { readonly fromMs: number; readonly toMs: number },
): { fromMs: number; toMs: number } {
  const endMs = activity === null ? 1 : activity.columns * activity.columnMs;
  const fromMs = Math.max(0, Math.min(timeline.fromMs, endMs - activityStep(activity)));
  return { fromMs, toMs: Math.max(fromMs + activityStep(activity), Math.min(timeline.toMs, endMs)) };
}

function activityStep(activity: Activity | null): number {
  return activity?.columnMs ?? 1;
}
