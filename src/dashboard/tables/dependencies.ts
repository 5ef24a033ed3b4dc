import type { Dependency, Finding } from '../../analysis/report.ts';
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

/** The row that keys act on. */
export function selectedService(state: DashboardState): Dependency | undefined {
  const rows = dependencyRows(state);
  return rows[Math.min(state.lists.dependencies.position, rows.length - 1)];
}

/** The findings that name a service, worst first. */
export function findingsOnService(state: DashboardState, { peer }: Dependency): readonly Finding[] {
  return (shownReport(state)?.findings ?? []).filter(({ title, summary }) => names(`${title} ${summary}`, peer));
}

/** `10.0.0.7:80` is not named by `10.0.0.7:8080`. */
function names(text: string, peer: string): boolean {
  for (let at = text.indexOf(peer); at >= 0; at = text.indexOf(peer, at + 1))
    if (!/[\w]/.test(text[at + peer.length] ?? '') && !/[\d.]/.test(text[at - 1] ?? '')) return true;
  return false;
}
