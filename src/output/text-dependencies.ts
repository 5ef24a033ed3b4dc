import type { Dependency } from '../analysis/report.ts';
import type { Page } from './page.ts';
import { dependencyTable } from './tables.ts';

const SHOWN = 20;

/** Who was waited for, the longest first. */
export function addDependencies(page: Page, dependencies: readonly Dependency[], verbose: number): void {
  if (dependencies.length === 0) return;
  page.titled(dependencyTable(dependencies), verbose > 1 ? dependencies.length : SHOWN, 'more, -vv shows all');
}
