import { causesIn, effectsOf, severityOf } from '../../analysis/causes.ts';
import type { Evidence, Finding, Severity } from '../../analysis/report.ts';
import { type DashboardState, shownReport } from '../state.ts';
import { arranged, type Column, WORST_FIRST } from './table.ts';

/** Lines of each effect that stand below those of the cause. */
export const LINES_OF_EFFECT = 3;

export const FINDING_COLUMNS: readonly Column<Finding>[] = [
  // The order of the report.
  { title: WORST_FIRST, order: () => 0 },
  { title: 'TIME', order: ({ startMs }) => -(startMs ?? 0) },
  { title: 'KIND', order: ({ kind }) => kind },
];

/** The causes in the order of the report; what came of them stands in their text. */
export function causesOf(state: DashboardState): readonly Finding[] {
  return causesIn(shownReport(state)?.findings ?? []);
}

/** How bad a cause is, with what came of it. */
export function shownSeverity(state: DashboardState, finding: Finding): Severity {
  return severityOf(finding, shownReport(state)?.findings ?? []);
}

/** The causes in the order of the screen. */
export function findingRows(state: DashboardState): readonly Finding[] {
  const findings = causesOf(state);
  return arranged(findings, FINDING_COLUMNS, state.lists.findings, ({ title, kind, severity, workers }) =>
    [title, kind, severity, ...workers].join(' '),
  );
}

/** The finding of that id. */
export function findingOf(state: DashboardState, id: string): Finding | undefined {
  return shownReport(state)?.findings.find((finding) => finding.id === id);
}

/** The lines that prove it, then some for each of its effects: what its screen lists, and Enter opens. */
export function linesOfCause(state: DashboardState, finding: Finding): readonly Evidence[] {
  const effects = effectsOf(finding, shownReport(state)?.findings ?? []);
  return [...finding.evidence, ...effects.flatMap(({ evidence }) => evidence.slice(0, LINES_OF_EFFECT))];
}

/** The finding that keys act on in the list. */
export function selectedFinding(state: DashboardState): Finding | undefined {
  const rows = findingRows(state);
  return rows[Math.min(state.lists.findings.position, rows.length - 1)];
}
