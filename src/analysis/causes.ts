import { type Finding, SEVERITIES, type Severity } from './report.ts';

/**
 * The findings that are causes of their own, in their order. One whose cause is not among them (a live dashboard shows
 * some later) speaks for itself.
 */
export function causesIn(findings: readonly Finding[]): readonly Finding[] {
  const ids = new Set(findings.map(({ id }) => id));
  return findings.filter(
    ({ memberOf, effectOf }) => (memberOf === null || !ids.has(memberOf)) && (effectOf === null || !ids.has(effectOf)),
  );
}

/** What came of a finding, in words; none for one that has no effects. */
export function effectsOf(finding: Finding, findings: readonly Finding[]): readonly Finding[] {
  return finding.effects.flatMap((id) => findings.find((other) => other.id === id) ?? []);
}

/** How bad a cause is: as bad as the worst that came of it. */
export function severityOf(finding: Finding, findings: readonly Finding[]): Severity {
  return effectsOf(finding, findings).reduce(
    (worst: Severity, { severity }) => (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(worst) ? severity : worst),
    finding.severity,
  );
}
