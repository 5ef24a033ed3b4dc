import { wrap } from '../../output/page.ts';
import { bindings } from '../keys.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, type ScreenKind, topScreen } from '../state.ts';
import { tall } from './beside.ts';
import { drawLegend } from './timeline-rows.ts';

const KEYS = 10;

/** The keys that work on the screen below, from the same table as the footer. */
export function drawHelp(state: DashboardState): readonly Row[] {
  const { bodyRows } = layoutOf(state);
  const below = state.screens.at(-2)?.kind ?? 'overview';
  const rows = helpRows(state, below);
  const room = bodyRows - 1;
  const first = Math.min(topScreen(state).position, Math.max(0, rows.length - room));
  return tall(
    [
      rule(state.glyphs, state.columns, `KEYS  ${below}`, rows.length > room ? 'j k: more   q: back' : 'q: back'),
      ...rows.slice(first),
    ],
    bodyRows,
  );
}

function helpRows(state: DashboardState, below: ScreenKind): readonly Row[] {
  const listed = bindings(below, state.source).filter(({ says }) => says !== '');
  return [
    ...listed.flatMap(({ shown, says }) =>
      wrap(says, Math.max(10, state.columns - KEYS - 1)).map((line, index) =>
        row(styled(` ${(index === 0 ? shown : '').padEnd(KEYS - 1)}`, 'bold'), line),
      ),
    ),
    row(styled(` ${'Ctrl-C'.padEnd(KEYS - 1)}`, 'bold'), 'leave at once'),
    row(' ', ...drawLegend(state.glyphs, state.columns - 2)),
  ];
}

/** What can be written to a file. */
export function drawExport(state: DashboardState): readonly Row[] {
  const { bodyRows } = layoutOf(state);
  const listed = bindings('export', state.source).filter(({ action }) => action.startsWith('export-'));
  return tall(
    [
      rule(state.glyphs, state.columns, 'EXPORT'),
      ...listed.map(({ shown, word, says }) =>
        row(styled(` ${shown.padEnd(KEYS - 1)}`, 'bold'), `${word.padEnd(10)} ${says}`),
      ),
      row(''),
      row(' Files are written to the current directory, readable by you alone; payload is left out.'),
      row(' Bookmarks and their notes go with Markdown and text.'),
    ],
    bodyRows,
  );
}
