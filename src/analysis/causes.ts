import { type Finding, type Report, SEVERITIES, type Severity } from './report.ts';

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

/** The finding that a verdict names which cannot tell: one line of it tells nobody how to find out. */
export function doubtIn({ findings, verdict }: Report): Finding | undefined {
  if (verdict.confidence !== 'cannot-tell' || verdict.severity !== 'info') return undefined;
  const [first] = causesIn(findings);
  return first !== undefined && verdict.text.includes(first.title) ? first : undefined;
}

/** What came of a finding, in words; none for one that has no effects. */
export function effectsOf(finding: Finding, findings: readonly Finding[]): readonly Finding[] {
  return finding.effects.flatMap((id) => findings.find((other) => other.id === id) ?? []);
}

/** The effects of a cause in words; of hosts that have the same kind of effect the worst one speaks. */
export function effectsInWords(finding: Finding, findings: readonly Finding[]): readonly string[] {
  const kinds = new Map<string, Finding[]>();
  for (const effect of effectsOf(finding, findings).filter(isInWords))
    kinds.set(effect.kind, [...(kinds.get(effect.kind) ?? []), effect]);
  return [...kinds.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    if (finding.hosts.length < 2) return same.map(({ effect, title }) => onOneHost(effect ?? title, finding));
    const hosts = new Set(same.flatMap((each) => each.hosts)).size - 1;
    const more = hosts === 0 ? '' : ` (and on ${hosts} more)`;
    return [`${first.effect ?? first.title}${more}`];
  });
}

/** What came of a cause of one host needs no name of it. */
function onOneHost(words: string, { hosts: [host] }: Finding): string {
  return host !== undefined && words.startsWith(`${host}: `) ? words.slice(host.length + 2) : words;
}

/** Of several workers that have the same effect the first finding says it for all. */
export function isInWords({ effect }: Finding): boolean {
  return effect !== '';
}

/** How bad a cause is: as bad as the worst that came of it. */
export function severityOf(finding: Finding, findings: readonly Finding[]): Severity {
  return effectsOf(finding, findings).reduce(
    (worst: Severity, { severity }) => (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(worst) ? severity : worst),
    finding.severity,
  );
}
