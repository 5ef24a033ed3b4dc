import { hostNoun } from '../../analysis/host-noun.ts';
import type { Severity } from '../../analysis/report.ts';
import { shortInHostTable } from '../../analysis/short-title.ts';
import { hostGroups, namesOf } from '../../output/text-hosts.ts';
import { SEVERITY_WORDS } from '../../output/wording.ts';
import { cell, figure, type Row, row, type Style, styled } from '../row.ts';
import { type DashboardState, shownReport } from '../state.ts';

/** The head of the table, the worst host, and the one after it. */
export const FEWEST_HOST_ROWS = 3;
const SEVERITY = 11;
const SHORT_SEVERITY = 5;
const SHORT_WORDS = { critical: 'CRIT', warning: 'WARN', info: 'INFO', none: '-' } as const;
const LONGEST = 18;
/** From here on there is room for whole words, and for the lengths beside what is found. */
const WIDE = 120;
/** Names of hosts take no more of the width than that. */
const MOST_OF_WIDTH = 0.4;

/** How many rows `drawHosts` fills with all there is; 0 for the captures of one host. */
export function hostRows(state: DashboardState): number {
  const report = shownReport(state);
  return report?.hosts === undefined ? 0 : hostGroups(report, report.hosts).length + 1;
}

/** Which host says what, the worst first, in so many rows at most; those that say the same share one. */
export function drawHosts(state: DashboardState, most: number): readonly Row[] {
  const report = shownReport(state);
  if (report?.hosts === undefined || most < 2) return [];
  const { columns } = state;
  const groups = hostGroups(report, report.hosts);
  const room = groups.length + 1 <= most ? groups.length : most - 2;
  const shown = groups.slice(0, room);
  const title = `${hostNoun(report).toUpperCase()}S`;
  const longest = Math.max(title.length, ...shown.map(({ names }) => namesOf(names).length));
  const width = Math.min(longest, Math.floor(columns * MOST_OF_WIDTH)) + 1;
  const lengths = columns >= WIDE ? LONGEST : 0;
  const isWide = lengths > 0;
  const words = isWide ? SEVERITY_WORDS : SHORT_WORDS;
  const label = isWide ? SEVERITY : SHORT_SEVERITY;
  const what = columns - 1 - width - label - lengths;
  const draw = (names: string, word: string, style: Style, length: string, text: string): Row =>
    row(
      ` ${cell(names, width - 1)} `,
      styled(word.padEnd(label), style),
      isWide ? `${figure(length, lengths - 2)}  ` : '',
      cell(shortInHostTable(text, what), what),
    );
  return [
    draw(title, isWide ? 'SEVERITY' : 'SEV', 'quiet', 'LONGEST', 'WHAT'),
    ...shown.map(({ names, severity, longest: length, text }) =>
      draw(namesOf(names), words[severity], styleOf(severity), length, text),
    ),
    ...(groups.length > shown.length ? [row(` +${groups.length - shown.length} more rows: D shows all`)] : []),
  ];
}

function styleOf(severity: Severity | 'none'): Style {
  return severity === 'none' ? 'plain' : severity;
}
