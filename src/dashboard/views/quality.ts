import { wrap } from '../../output/page.ts';
import { reasonsInCommon } from '../../output/reasons-in-common.ts';
import { show } from '../../output/show.ts';
import { coverage, NO_FINDING, recording } from '../../output/wording.ts';
import { count } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownReport, topScreen } from '../state.ts';
import { tall } from './beside.ts';
import { isRead, UNREAD } from './checks.ts';
import { drawHosts, hostRows } from './hosts.ts';

const LABEL = 14;
const WORDS = { found: 'found', clear: 'clear', 'not-applicable': 'cannot tell', failed: 'failed' } as const;

/** Whoever opens the panel asks first what could not be judged. */
const STATUSES = ['failed', 'not-applicable', 'found', 'clear'] as const;

/** How far the data can be trusted, what was stumbled over, and what every check says. */
export function drawQuality(state: DashboardState): readonly Row[] {
  const { bodyRows } = layoutOf(state);
  const rows = qualityRows(state);
  const room = bodyRows - 1;
  const first = Math.min(topScreen(state).position, Math.max(0, rows.length - room));
  return tall(
    [
      rule(
        state.glyphs,
        state.columns,
        'DATA',
        rows.length > room ? `${first + 1} to ${Math.min(rows.length, first + room)} of ${rows.length}` : '',
      ),
      ...rows.slice(first),
    ],
    bodyRows,
  );
}

/** All rows of the panel; more than fit are reached by scrolling. */
function qualityRows(state: DashboardState): readonly Row[] {
  const report = shownReport(state);
  if (report === null) return [row(' Nothing read so far.')];
  const { quality, source, outcomes } = report;
  const hang = (label: string, text: string): readonly Row[] =>
    wrap(show(text, state.glyphs.ascii), Math.max(10, state.columns - LABEL - 1)).map((line, index) =>
      row(styled(` ${(index === 0 ? label : '').padEnd(LABEL - 1)}`, 'bold'), line),
    );
  return [
    ...hang('quality', coverage(quality).join(', ')),
    ...hang('recorded as', recording(source)),
    ...quality.notes.flatMap((note) => hang('note', note)),
    ...quality.diagnostics.flatMap(({ code, count: number, meaning, samples }) => [
      ...hang(`${count(number)} x`, `${code}: ${meaning}`),
      ...samples.slice(0, 2).flatMap(({ line, text }) => hang('', `line ${line}: ${text}`)),
    ]),
    ...(report.hosts === undefined ? [] : [row(''), ...drawHosts(state, hostRows(state))]),
    row(''),
    row(styled(' CHECKED', 'bold')),
    ...(isRead(state)
      ? STATUSES.flatMap((status) =>
          reasonsInCommon(Object.entries(outcomes).filter(([, outcome]) => outcome.status === status)).flatMap(
            ({ label, lines: [line = '', ...others] }) => [
              ...hang(WORDS[status], `${label}: ${line}`),
              ...others.flatMap((other) => hang('', other)),
            ],
          ),
        )
      : hang('', UNREAD)),
    row(''),
    ...hang('', NO_FINDING),
  ];
}
