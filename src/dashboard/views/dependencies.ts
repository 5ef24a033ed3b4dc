import type { Dependency } from '../../analysis/report.ts';
import { count, durationOfMs, plural } from '../../trace/format-numbers.ts';
import { firstShown, layoutOf, tableRows } from '../layout.ts';
import { cell, figure, type Row, row, rule, selected, styled } from '../row.ts';
import type { DashboardState } from '../state.ts';
import { DEPENDENCY_COLUMNS, dependencyRows, findingsOnService } from '../tables/dependencies.ts';
import { orderName } from '../tables/table.ts';
import { tall } from './beside.ts';

const BELOW = 6;
const PROTOCOL = 11;
/** Figures with their width, from the width of the screen that has room for them on. The longest wait always has. */
const FIGURES: readonly (readonly [title: string, width: number, from: number, of: (each: Dependency) => string])[] = [
  ['WAITS', 8, 50, ({ waits }) => count(waits)],
  ['TOTAL', 10, 100, ({ totalMs }) => durationOfMs(totalMs)],
  ['P50', 10, 110, ({ p50Ms }) => durationOfMs(p50Ms)],
  ['P99', 10, 90, ({ p99Ms }) => durationOfMs(p99Ms)],
  ['LONGEST', 10, 0, ({ longestMs }) => durationOfMs(longestMs)],
  ['OPEN', 6, 60, ({ openAtEnd }) => count(openAtEnd)],
  ['FAILED', 8, 70, ({ failures }) => count(failures)],
];

/** The services that were waited for; below, what else is known of the selected one, and the findings that name it. */
export function drawDependencies(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lists } = state;
  const { bodyRows } = layoutOf(state);
  const rows = dependencyRows(state);
  const below = bodyRows >= 14 ? BELOW : 0;
  const shown = tableRows(bodyRows, below);
  const position = Math.min(lists.dependencies.position, rows.length - 1);
  const first = firstShown(position, shown, rows.length);
  const shownFigures = FIGURES.filter(([, , from]) => columns >= from);
  const peer = Math.max(0, columns - shownFigures.reduce((sum, [, width]) => sum + width, 0) - PROTOCOL - 3);
  const { filter } = lists.dependencies;
  const remark =
    `${filter === '' ? '' : `filter: ${filter} (${rows.length})  Esc clears  `}` +
    `${rows.length === 0 ? 0 : position + 1} of ${rows.length}, ${orderName(DEPENDENCY_COLUMNS, lists.dependencies)}`;
  const heads = shownFigures.map(([title, width]) => title.padStart(width)).join('');
  const list = rows.slice(first, first + shown).map((each, index) => {
    const figures = shownFigures.map(([, width, , of]) => figure(of(each), width)).join('');
    const cells = row(` ${cell(each.peer, peer)} ${cell(each.protocol ?? '-', PROTOCOL)}${figures}`);
    return first + index === position ? selected(cells) : cells;
  });
  const chosen = rows[position];
  return tall(
    [
      rule(glyphs, columns, 'WAITED FOR  from the question to the answer', remark),
      row(styled(` ${cell('SERVICE', peer)} ${cell('PROTOCOL', PROTOCOL)}${heads}`, 'quiet')),
      ...(rows.length === 0 ? [row(` ${whyNone(state, filter)}`)] : tall(list, shown)),
      ...(below > 0 && chosen !== undefined ? detail(state, chosen) : []),
    ],
    bodyRows,
  );
}

function whyNone({ reading }: DashboardState, filter: string): string {
  if (filter !== '') return 'No service has that text. Esc clears the filter.';
  if (reading.state === 'reading') return 'No wait for another service so far.';
  return 'No wait for another service was seen. D shows what the data cannot tell.';
}

function detail(state: DashboardState, dependency: Dependency): readonly Row[] {
  const { peer, waits, requests, openAtEnd, failures } = dependency;
  const facts = [
    `${count(requests)} of ${plural(waits, 'wait')} for a request`,
    `${plural(failures, 'failure')}`,
    `${openAtEnd === 0 ? 'none' : count(openAtEnd)} still open at the end`,
  ];
  const named = findingsOnService(state, dependency);
  return [
    rule(state.glyphs, state.columns, `SERVICE ${peer}`),
    row(` ${facts.join('   ')}`),
    ...(named.length === 0
      ? [row(' No finding names it.')]
      : named.slice(0, BELOW - 2).map(({ title, severity }) => row('   ', styled(title, severity)))),
  ];
}
