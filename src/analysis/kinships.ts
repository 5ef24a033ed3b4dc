import { type Finding, SEVERITIES, type Severity } from './report.ts';

/** A finding among those of its host. */
export interface Kinship {
  readonly finding: Finding;
  /** Id of the one on its host that speaks for it; null when it speaks for itself. */
  readonly speaker: string | null;
  /** As bad as the worst that came of it. */
  readonly severity: Severity;
  /** Itself, and those of its host that are the same in other workers. */
  readonly same: readonly Finding[];
}

/**
 * Who speaks for whom on one host. In a report on several hosts the same cause has one speaker for all of them: here
 * each host has its own, so that a host is never without the cause that it has.
 */
export function kinshipsOf(own: readonly Finding[], all: readonly Finding[]): readonly Kinship[] {
  const families = new Map<string, Finding[]>();
  for (const finding of own) {
    const root = rootOf(finding, all);
    families.set(root, [...(families.get(root) ?? []), finding]);
  }
  return own.map((finding) => {
    const root = rootOf(finding, all);
    const family = families.get(root) ?? [];
    const causes = family.filter(({ effectOf }) => effectOf === null);
    const speaker = family.find(({ id }) => id === root) ?? causes[0] ?? finding;
    if (speaker !== finding) return { finding, speaker: speaker.id, severity: finding.severity, same: [finding] };
    return {
      finding,
      speaker: null,
      severity: worstOf(family),
      same: [finding, ...causes.filter((each) => each !== finding)],
    };
  });
}

/** The finding at the end of what it is the same as, or came of. */
function rootOf(finding: Finding, all: readonly Finding[]): string {
  let root = finding;
  // A damaged report may lead in a circle.
  for (let steps = 0; steps < all.length; steps++) {
    const next = all.find(({ id }) => id === (root.memberOf ?? root.effectOf));
    if (next === undefined) break;
    root = next;
  }
  return root.id;
}

function worstOf(family: readonly Finding[]): Severity {
  return SEVERITIES.find((severity) => family.some((each) => each.severity === severity)) ?? 'info';
}
