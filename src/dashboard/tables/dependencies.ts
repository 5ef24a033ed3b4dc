import type { Dependency } from '../../analysis/report.ts';
import { type DashboardState, shownReport } from '../state.ts';
import { arranged, type Column } from './table.ts';

export const DEPENDENCY_COLUMNS: readonly Column<Dependency>[] = [
  { title: 'LONGEST', order: ({ longestMs }) => longestMs },
  { title: 'TOTAL', order: ({ totalMs }) => totalMs },
  { title: 'P99', order: ({ p99Ms }) => p99Ms },
  { title: 'WAITS', order: ({ waits }) => waits },
  { title: 'FAILED', order: ({ failures }) => failures },
  { title: 'OPEN', order: ({ openAtEnd }) => openAtEnd },
  { title: 'SERVICE', order: ({ peer }) => peer },
];

/** The services that were waited for, in the order of the screen. */
export function dependencyRows(state: DashboardState): readonly Dependency[] {
  return arranged(
    shownReport(state)?.dependencies ?? [],
    DEPENDENCY_COLUMNS,
    state.lists.dependencies,
    ({ peer, protocol }) => `${peer} ${protocol ?? ''}`,
  );
}
