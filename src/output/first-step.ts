import { causesIn, doubtIn, severityOf } from '../analysis/causes.ts';
import type { Report, Step } from '../analysis/report.ts';

/** What to do first, and the number of the finding that it is about. */
interface FirstStep {
  readonly step: Step;
  readonly number: number;
}

/** The first step of the first cause; null without one that asks for a step. */
export function firstStep(report: Report): FirstStep | null {
  const { findings } = report;
  const causes = causesIn(findings);
  const first = causes.find((finding) => severityOf(finding, findings) !== 'info') ?? doubtIn(report);
  const step = first?.next[0];
  return first === undefined || step === undefined ? null : { step, number: causes.indexOf(first) + 1 };
}
