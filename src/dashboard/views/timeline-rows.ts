import type { Activity, WorkerActivity } from '../../analysis/activity.ts';
import { type Glyphs, type Row, row, type Span, type Style, span } from '../spans.ts';

export type CellState = 'absent' | 'idle' | 'running' | 'silent' | 'herd' | 'blocked' | 'broken';

/** A stretch of time drawn into a number of cells. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cells: number;
}

interface Sums {
  readonly waiting: number;
  readonly blocked: number;
  readonly silent: number;
  readonly calls: number;
  readonly accepted: number;
  readonly wasted: number;
  readonly brokenPipes: number;
  readonly long: number;
  /** Seconds that the columns stand for. */
  readonly seconds: number;
}

/** What a worker did between two moments, from the columns that they touch. */
export function sumsOf(activity: Activity, worker: WorkerActivity, fromMs: number, toMs: number): Sums {
  const first = Math.max(0, Math.floor(fromMs / activity.columnMs));
  const last = Math.min(activity.columns, Math.max(first + 1, Math.ceil(toMs / activity.columnMs - 1e-9)));
  const sum = { waiting: 0, blocked: 0, silent: 0, calls: 0, accepted: 0, wasted: 0, brokenPipes: 0, long: 0 };
  for (let column = first; column < last; column++) {
    sum.waiting += worker.waiting[column] ?? 0;
    sum.blocked += worker.blocked[column] ?? 0;
    sum.silent += worker.silent[column] ?? 0;
    sum.calls += worker.calls[column] ?? 0;
    sum.accepted += worker.accepted[column] ?? 0;
    sum.wasted += worker.wasted[column] ?? 0;
    sum.brokenPipes += worker.brokenPipes[column] ?? 0;
    sum.long |= worker.long[column] ?? 0;
  }
  return { ...sum, seconds: (Math.max(0, last - first) * activity.columnMs) / 1000 };
}

/**
 * The worst that happened in a cell: a failed reply, a blocked call, a herd, a silence; else whether it mostly ran or
 * waited.
 */
export function cellState(activity: Activity, worker: WorkerActivity, fromMs: number, toMs: number): CellState {
  const isBefore = toMs <= worker.firstMs - activity.columnMs;
  const isAfter = worker.ended && fromMs >= worker.lastMs + activity.columnMs;
  const isUnknown = !worker.ended && fromMs >= worker.knownMs + activity.columnMs;
  if (isBefore || isAfter || isUnknown || fromMs >= activity.columns * activity.columnMs) return 'absent';
  const { waiting, blocked, silent, accepted, wasted, brokenPipes, long, seconds } = sumsOf(
    activity,
    worker,
    fromMs,
    toMs,
  );
  if (brokenPipes > 0) return 'broken';
  // A master sleeps between looks at its children: nobody waits for it.
  if (((long & 1) > 0 || blocked > seconds / 2) && worker.role !== 'master') return 'blocked';
  if (wasted > 1 && wasted > accepted) return 'herd';
  if ((long & 2) > 0 || silent > seconds / 2) return 'silent';
  return waiting + blocked + silent < seconds / 2 ? 'running' : 'idle';
}

const STYLES: Readonly<Record<CellState, Style>> = {
  absent: 'plain',
  idle: 'quiet',
  running: 'running',
  silent: 'silent',
  herd: 'herd',
  blocked: 'blocked',
  broken: 'broken',
};

function glyphOf(state: CellState, glyphs: Glyphs): string {
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
    const state = cellState(activity, worker, fromMs + cell * step, fromMs + (cell + 1) * step);
    const style = STYLES[state];
    const last = spans.at(-1);
    if (last?.style === style) last.text += glyphOf(state, glyphs);
    else spans.push({ text: glyphOf(state, glyphs), style });
  }
  return spans;
}

const LEGEND: readonly (readonly [CellState, string])[] = [
  ['idle', 'waits'],
  ['running', 'runs'],
  ['silent', 'no call'],
  ['blocked', 'blocked'],
  ['herd', 'herd'],
  ['broken', 'EPIPE'],
];

/** What the letters mean that are drawn in these rows, or all of them; as much as fits. */
export function drawLegend(glyphs: Glyphs, width: number, drawn: readonly Row[] | null = null): Row {
  const styles = new Set(drawn?.flatMap((cells) => cells.map(({ style }) => style)));
  const spans: Span[] = [];
  let used = 0;
  for (const [state, word] of LEGEND) {
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
