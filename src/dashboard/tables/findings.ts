import type { Finding } from '../../analysis/report.ts';
import { type DashboardState, shownReport } from '../state.ts';
import { arranged, type Column, WORST_FIRST } from './table.ts';

export const FINDING_COLUMNS: readonly Column<Finding>[] = [
  // The order of the report.
  { title: WORST_FIRST, order: () => 0 },
  { title: 'TIME', order: ({ startMs }) => -(startMs ?? 0) },
  { title: 'KIND', order: ({ kind }) => kind },
];

/** The findings in the order of the screen. */
export function findingRows(state: DashboardState): readonly Finding[] {
  const findings = shownReport(state)?.findings ?? [];
  return arranged(findings, FINDING_COLUMNS, state.lists.findings, ({ title, kind, severity, workers }) =>
    [title, kind, severity, ...workers].join(' '),
  );
}

/** The finding of that id. */
export function findingOf(state: DashboardState, id: string): Finding | undefined {
  return shownReport(state)?.findings.find((finding) => finding.id === id);
}

/** The finding that keys act on in the list. */
export function selectedFinding(state: DashboardState): Finding | undefined {
  const rows = findingRows(state);
  return rows[Math.min(state.lists.findings.position, rows.length - 1)];
}
