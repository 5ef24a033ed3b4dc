import { effectsOf } from '../../analysis/causes.ts';
import type { Finding } from '../../analysis/report.ts';
import { SEVERITY_WORDS } from '../../output/wording.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownReport, topScreen } from '../state.ts';
import { causesOf, findingOf, LINES_OF_EFFECT, linesOfCause, shownSeverity } from '../tables/findings.ts';
import { tall } from './beside.ts';
import { factRows, furtherStepRows, hanging, proofRows, relatedRows, stepRows } from './finding-text.ts';

/**
 * One finding in full: the facts, what to do, the lines that prove it and its effects, why it matters. Scrolls so that
 * the marked line is in sight.
 */
export function drawFinding(state: DashboardState): readonly Row[] {
  const { bodyRows } = layoutOf(state);
  const { finding: id, position } = topScreen(state);
  const report = shownReport(state);
  const finding = findingOf(state, id);
  if (report === null || finding === undefined)
    return tall([row(''), row(' This finding is no longer in the report. q goes back.')], bodyRows);
  const causes = causesOf(state);
  const number = causes.indexOf(finding) + 1;
  const { rows, lineRows } = findingPage(state, finding);
  const heading = rule(
    state.glyphs,
    state.columns,
    `FINDING ${number} of ${causes.length}`,
    `${Math.min(position + 1, lineRows.length)} of ${lineRows.length} lines`,
  );
  const room = bodyRows - 1;
  // What stands after the lines is in sight when the last of them is marked.
  const isLast = position >= lineRows.length - 1 && lineRows.length > 1;
  const marked = isLast ? rows.length - 1 : position === 0 ? 0 : (lineRows[position] ?? 0);
  const first = rows.length <= room ? 0 : Math.max(0, Math.min(marked - Math.floor(room / 2), rows.length - room));
  return tall([heading, ...rows.slice(first, first + room)], bodyRows);
}

/** All rows of a finding, and which of them are the lines that Enter opens. */
function findingPage(
  state: DashboardState,
  finding: Finding,
): { readonly rows: readonly Row[]; readonly lineRows: readonly number[] } {
  const { columns, glyphs } = state;
  const report = shownReport(state);
  const severity = shownSeverity(state, finding);
  const rows: Row[] = [
    row(' ', styled(SEVERITY_WORDS[severity], severity), ' ', styled(finding.title, 'bold')),
    ...factRows(state, finding, columns),
    // The lines that prove it are to be seen at once: further steps follow them.
    ...stepRows(glyphs, finding.next.slice(0, 1), columns),
    row(
      styled(' PROOF', 'bold'),
      finding.evidence.length === 0
        ? '  no single line shows it'
        : '  Enter opens the marked line among its neighbours',
    ),
  ];
  const lines = linesOfCause(state, finding);
  const { position } = topScreen(state);
  const lineRows: number[] = [];
  const add = (from: number, to: number): void => {
    const drawn = proofRows(state, lines.slice(from, to), columns, position - from);
    lineRows.push(...drawn.map((_, index) => rows.length + index));
    rows.push(...drawn);
  };
  add(0, finding.evidence.length);
  let at = finding.evidence.length;
  for (const effect of effectsOf(finding, report?.findings ?? [])) {
    const end = Math.min(lines.length, at + Math.min(LINES_OF_EFFECT, effect.evidence.length));
    if (effect.effect !== '') rows.push(...hanging(glyphs, 'THEN', effect.effect ?? effect.title, columns));
    add(at, end);
    at = end;
  }
  rows.push(
    ...furtherStepRows(glyphs, finding.next, columns),
    ...hanging(glyphs, 'WHY', finding.why, columns),
    ...(report === null ? [] : relatedRows(report, finding, glyphs, columns)),
    ...hanging(glyphs, 'MORE', `drover explain ${finding.kind} says how it is found and when it is wrong.`, columns),
  );
  return { rows, lineRows };
}
