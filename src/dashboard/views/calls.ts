import type { CallTarget } from '../../analysis/activity.ts';
import { count, durationOfMs } from '../../trace/format-numbers.ts';
import { firstShown, layoutOf, tableRows } from '../layout.ts';
import { cell, figure, type Row, row, rule, selected, styled } from '../row.ts';
import type { DashboardState } from '../state.ts';
import { CALL_COLUMNS, callRows } from '../tables/calls.ts';
import { orderName } from '../tables/table.ts';
import { tall } from './beside.ts';

const BELOW = 9;
const FIGURE = 9;
/** Below this width the medians give their room to what calls were made on. */
const WIDE = 100;
/** Figures from the width on that has room for them; the total and the longest are always there. */
const FIGURES: readonly (readonly [title: string, from: number, of: (calls: CallTarget) => string])[] = [
  ['COUNT', 46, (calls) => count(calls.count)],
  ['ERRORS', 54, (calls) => count(calls.errors)],
  ['TOTAL', 0, ({ totalMs }) => durationOfMs(totalMs)],
  ['P50', WIDE, ({ p50Ms }) => durationOfMs(p50Ms)],
  ['P99', 64, ({ p99Ms }) => durationOfMs(p99Ms)],
  ['MAX', 0, ({ maxMs }) => durationOfMs(maxMs)],
];
/** Names of calls are whole, up to the longest that Linux has in common use. */
const LEAST_CALL = 14;
const MOST_CALL = 20;

/** Where the time of the trace went, by syscall and by what it was made on; below, how long the selected calls took. */
export function drawCalls(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lists } = state;
  const { bodyRows } = layoutOf(state);
  const rows = callRows(state);
  const below = bodyRows >= 16 ? BELOW : 0;
  const shown = tableRows(bodyRows, below);
  const position = Math.min(lists.calls.position, rows.length - 1);
  const first = firstShown(position, shown, rows.length);
  const shownFigures = FIGURES.filter(([, from]) => columns >= from);
  const titles = shownFigures.map(([title]) => title);
  const longest = Math.max(...rows.map(({ call }) => call.length)) + 1;
  const name = Math.min(MOST_CALL, Math.max(LEAST_CALL, longest));
  const target = Math.max(0, columns - titles.length * FIGURE - name - 3);
  const heads = ` ${'CALL'.padEnd(name)}${cell('ON', target)} ${titles.map((each) => each.padStart(FIGURE)).join('')}`;
  const { filter } = lists.calls;
  const remark =
    `${filter === '' ? '' : `filter: ${filter} (${rows.length})  Esc clears  `}` +
    `${rows.length === 0 ? 0 : position + 1} of ${rows.length}, ${orderName(CALL_COLUMNS, lists.calls)}`;
  const list = rows.slice(first, first + shown).map((each, index) => {
    const figures = shownFigures.map(([, , of]) => of(each));
    const cells = row(
      ` ${cell(each.call, name - 1)} ${cell(each.target, target)} ` +
        `${figures.map((text) => figure(text, FIGURE)).join('')}`,
    );
    return first + index === position ? selected(cells) : cells;
  });
  const chosen = rows[position];
  return tall(
    [
      rule(glyphs, columns, 'CALLS  time between entry and return, waiting included', remark),
      row(styled(heads, 'quiet')),
      ...tall(list, shown),
      ...(below > 0 && chosen !== undefined ? histogram(state, chosen, below - 1) : []),
    ],
    bodyRows,
  );
}

/** How many of the calls took how long, in as many steps as there are rows. */
function histogram(state: DashboardState, { call, target, octaves }: CallTarget, height: number): readonly Row[] {
  const { columns, glyphs } = state;
  const title = rule(glyphs, columns, `HOW LONG  ${call}${target === '' ? '' : ` on ${target}`}`);
  if (octaves.length === 0) return [title, row(' The durations of these calls are not known.')];
  const first = octaves.findIndex((number) => number > 0);
  const size = Math.max(1, Math.ceil((octaves.length - first) / height));
  const steps: { readonly below: number; readonly number: number }[] = [];
  for (let from = first; from < octaves.length; from += size) {
    const number = octaves.slice(from, from + size).reduce((sum, each) => sum + each, 0);
    steps.push({ below: 2 ** (from + size - 1) / 1000, number });
  }
  const most = Math.max(...steps.map(({ number }) => number));
  const room = Math.max(4, columns - 34);
  return [
    title,
    ...steps.map(({ below, number }) => {
      const length = number === 0 ? 0 : Math.max(1, Math.round((number / most) * room));
      return row(
        ` under ${durationOfMs(below).padStart(12)} ${count(number).padStart(11)}  `,
        styled(glyphs.blocked.repeat(length), 'running'),
      );
    }),
  ];
}
