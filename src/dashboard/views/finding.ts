import type { Finding } from '../../analysis/report.ts';
import { SEVERITY_WORDS } from '../../output/wording.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, rule, span } from '../spans.ts';
import { type DashboardState, shownReport, topScreen } from '../state.ts';
import { findingOf } from '../tables/findings.ts';
import { tall } from './beside.ts';
import { factRows, hanging, proofRows, relatedRows, stepRows } from './finding-text.ts';

/**
 * One finding in full: the facts, the lines that prove it, why it matters, what to do. Scrolls so that the marked line
 * is in sight.
 */
export function drawFinding(state: DashboardState): readonly Row[] {
  const { bodyRows } = layoutOf(state);
  const { finding: id, position } = topScreen(state);
  const report = shownReport(state);
  const finding = findingOf(state, id);
  if (report === null || finding === undefined)
    return tall([row(''), row(' This finding is no longer in the report. q goes back.')], bodyRows);
  const number = report.findings.indexOf(finding) + 1;
  const { rows, proofAt } = findingPage(state, finding);
  const heading = rule(
    state.glyphs,
    state.columns,
    `FINDING ${number} of ${report.findings.length}`,
    `${Math.min(position + 1, finding.evidence.length)} of ${finding.evidence.length} lines`,
  );
  const room = bodyRows - 1;
  // What stands after the proof is in sight when the last line of it is marked.
  const isLast = position >= finding.evidence.length - 1 && finding.evidence.length > 1;
  const marked = isLast ? rows.length - 1 : position === 0 ? 0 : proofAt + position;
  const first = rows.length <= room ? 0 : Math.max(0, Math.min(marked - Math.floor(room / 2), rows.length - room));
  return tall([heading, ...rows.slice(first, first + room)], bodyRows);
}

/** All rows of a finding, and where its lines begin. */
function findingPage(
  state: DashboardState,
  finding: Finding,
): { readonly rows: readonly Row[]; readonly proofAt: number } {
  const { columns, glyphs } = state;
  const report = shownReport(state);
  const title = row(' ', span(SEVERITY_WORDS[finding.severity], finding.severity), ' ', span(finding.title, 'bold'));
  const before = [
    title,
    ...factRows(state, finding, columns),
    row(
      span(' PROOF', 'bold'),
      finding.evidence.length === 0
        ? '  no single line shows it'
        : '  Enter opens the marked line among its neighbours',
    ),
  ];
  const rows = [
    ...before,
    ...proofRows(state, finding, columns, topScreen(state).position),
    ...hanging(glyphs, 'WHY', finding.why, columns),
    ...stepRows(glyphs, finding.next, columns),
    ...(report === null ? [] : relatedRows(report, finding, glyphs, columns)),
    ...hanging(glyphs, 'MORE', `drover explain ${finding.kind} says how it is found and when it is wrong.`, columns),
  ];
  return { rows, proofAt: before.length };
}
