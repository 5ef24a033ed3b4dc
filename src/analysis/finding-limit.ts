import type { DraftFinding } from '../detectors/finding.ts';
import { count } from '../detectors/words.ts';
import { weight } from './finding-order.ts';
import { SEVERITIES } from './report.ts';

/** Findings of one kind in a report. Nobody reads more, and a capture may hold ten thousand workers with a stall each. */
export const MOST_OF_A_KIND = 100;

/** The worst findings of one kind, in the order in which they came. */
export function worstOf(findings: readonly DraftFinding[]): readonly DraftFinding[] {
  if (findings.length <= MOST_OF_A_KIND) return findings;
  const rank = (finding: DraftFinding): number => SEVERITIES.indexOf(finding.severity);
  const worst = new Set(findings.toSorted((a, b) => rank(a) - rank(b) || weight(b) - weight(a)).slice(0, MOST_OF_A_KIND));
  return findings.filter((finding) => worst.has(finding));
}

/** What the outcome of a kind adds when only the worst are shown; '' when all are. */
export function leftOutNote(found: number): string {
  return found <= MOST_OF_A_KIND ? '' : `; the worst ${MOST_OF_A_KIND} of ${count(found)} findings are shown`;
}
