import { ADDS_UP, type Finding, type Kind, type Metric, type Report, type Step } from '../analysis/report.ts';

/** What to do first, and the number of the finding that it is about. */
interface FirstStep {
  readonly step: Step;
  readonly number: number;
}

/**
 * The first step of the first finding; null without a finding that asks for one. That nobody could accept is the work
 * of single stalls: then it is the first step of the one that most of that time was spent in.
 */
export function firstStep({ findings }: Report): FirstStep | null {
  const first = findings.find(({ severity }) => severity !== 'info');
  if (first === undefined) return null;
  const parts = ADDS_UP[first.kind];
  const target = parts === undefined ? first : (longestPart(first, parts, findings) ?? first);
  const step = target.next[0];
  return step === undefined ? null : { step, number: findings.indexOf(target) + 1 };
}

function longestPart(service: Finding, parts: Kind, findings: readonly Finding[]): Finding | undefined {
  const spent = new Map<string, number>();
  for (const stall of listOf(service.metrics.stalls)) {
    const length = numberOf(field(stall, 'endMs')) - numberOf(field(stall, 'startMs'));
    for (const place of listOf(field(stall, 'blockedIn'))) {
      const key = keyOf(field(place, 'cause'), field(place, 'target'));
      spent.set(key, (spent.get(key) ?? 0) + length);
    }
  }
  const stalls = findings.filter(({ id, kind }) => kind === parts && service.related.includes(id));
  const timeOf = ({ metrics }: Finding): number => spent.get(keyOf(metrics.cause, metrics.target)) ?? 0;
  // Findings stand in the order in which to act: of two that weigh the same the first.
  return stalls.toSorted((a, b) => timeOf(b) - timeOf(a))[0];
}

function keyOf(cause: Metric | undefined, target: Metric | undefined): string {
  return `${String(cause)} ${String(target)}`;
}

function listOf(value: Metric | undefined): readonly Metric[] {
  return Array.isArray(value) ? value : [];
}

function field(value: Metric, name: string): Metric | undefined {
  return isRecord(value) ? value[name] : undefined;
}

function isRecord(value: Metric): value is { readonly [name: string]: Metric } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function numberOf(value: Metric | undefined): number {
  return typeof value === 'number' ? value : 0;
}
