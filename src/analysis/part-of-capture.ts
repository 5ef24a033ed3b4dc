import type { Metric } from '../detectors/metric.ts';
import { causesIn, severityOf } from './causes.ts';
import { intervalsOf } from './finding-intervals.ts';
import { type Finding, type Report, SEVERITIES } from './report.ts';
import { causeKey } from './same-cause.ts';
import { decide } from './verdict.ts';

const OF_THE_WHOLE = 'This is of the whole capture: it overlaps the time that was asked for.';

/**
 * The report on a part of a capture, with what the whole capture shows of that time and the part alone does not: a
 * stall that began before it and ended after it, what came of it, or a pattern that needs more than the part to be
 * seen.
 */
export function withOverlaps(part: Report, whole: Report): Report {
  const captured = { ...part, captured: whole.window };
  const { startMs, durationMs } = part.window;
  if (durationMs === null || durationMs <= 0) return captured;
  const stretch = { fromMs: startMs, toMs: startMs + durationMs };
  const told = new Map<string, Finding>();
  const missing: Finding[] = [];
  for (const finding of whole.findings) {
    if (!overlaps(finding, stretch)) continue;
    const own = part.findings.find((other) => tellsSameAs(other, finding));
    if (own === undefined) missing.push(finding);
    else told.set(finding.id, own);
  }
  if (missing.length === 0) return captured;
  const findings = withMissing(part.findings, whole.findings, missing, told);
  const outcomes = { ...part.outcomes };
  for (const { kind } of missing)
    outcomes[kind] = whole.outcomes[kind] ?? { status: 'found', reason: 'in the whole capture' };
  return {
    ...captured,
    findings,
    outcomes,
    verdict: decide(findings, part.quality, outcomes, part.workers, part.window, {
      isPart: true,
      slowReplies: part.slowReplies ?? null,
    }),
  };
}

/** Milliseconds from the first event of the whole capture. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether something that the finding lists happened in that time; where it lists nothing, whether it spans it. */
function overlaps(finding: Finding, { fromMs, toMs }: Stretch): boolean {
  const { startMs, endMs, openEnded } = finding;
  if (startMs === null || startMs > toMs || (!openEnded && (endMs ?? startMs) < fromMs)) return false;
  const intervals = intervalsOf(finding);
  return intervals.length === 0 || intervals.some((interval) => interval.startMs <= toMs && interval.endMs >= fromMs);
}

/**
 * Whether a finding of the part tells what one of the whole does: of a stall the worker and the cause, else the worst
 * of what that one names.
 */
function tellsSameAs(part: Finding, whole: Finding): boolean {
  if (part.kind !== whole.kind) return false;
  if (part.kind === 'loop-stall') return causeKey(part) === causeKey(whole) && part.workers[0] === whole.workers[0];
  const [worst] = namedIn(whole);
  const own = namedIn(part);
  return worst === undefined || own.size === 0 || own.has(worst);
}

/** What tells one finding of a kind from another one. */
const NAMES = ['listener', 'peer', 'lock', 'target', 'path', 'file', 'errno', 'group'];

function namedIn({ metrics }: Finding): ReadonlySet<string> {
  const items = Object.values(metrics).flatMap((value) => (Array.isArray(value) ? value : []));
  const names = [metrics, ...items].flatMap((item) =>
    item === null || typeof item !== 'object' || Array.isArray(item)
      ? []
      : NAMES.map((name) => (item as { readonly [name: string]: Metric })[name]),
  );
  return new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''));
}

/** Findings of the part and those of the whole that it lacks, each under its cause; `told`: which stands for which. */
function withMissing(
  own: readonly Finding[],
  whole: readonly Finding[],
  missing: readonly Finding[],
  told: ReadonlyMap<string, Finding>,
): Finding[] {
  const taken = new Set(own.map(({ id }) => id));
  const ids = new Map<string, string>();
  for (const { id, kind } of missing) {
    let free = id;
    for (let number = 1; taken.has(free); number++) free = `${kind}-${number}`;
    taken.add(free);
    ids.set(id, free);
  }
  // What the part tells stands where it stood there: under a cause, if it is not one.
  const rootOf = (id: string): string | undefined => {
    const there = told.get(id);
    return ids.get(id) ?? there?.memberOf ?? there?.effectOf ?? there?.id;
  };
  const added = missing.map((finding): Finding => {
    const memberOf = finding.memberOf === null ? null : (rootOf(finding.memberOf) ?? null);
    const effectOf = finding.effectOf === null ? null : (rootOf(finding.effectOf) ?? null);
    return {
      ...finding,
      id: ids.get(finding.id) ?? finding.id,
      summary: `${finding.summary} ${OF_THE_WHOLE}`,
      related: [],
      memberOf,
      effectOf,
      effect: effectOf === null ? null : finding.effect,
    };
  });
  // What the part tells as a cause of its own the whole may know to be an effect, or the same in another worker.
  const moved = own.map((finding): Finding => {
    const there = whole.find(({ id }) => told.get(id) === finding);
    const isAlone = [finding.memberOf, finding.effectOf].every((id) => id === null);
    if (there === undefined || !isAlone || finding.members.length + finding.effects.length > 0) return finding;
    return {
      ...finding,
      memberOf: ids.get(there.memberOf ?? '') ?? null,
      effectOf: ids.get(there.effectOf ?? '') ?? null,
      effect: there.effect,
    };
  });
  const all = [...moved, ...added];
  const linked = all.map((finding) => ({
    ...finding,
    members: all.filter(({ memberOf }) => memberOf === finding.id).map(({ id }) => id),
    effects: all.filter(({ effectOf }) => effectOf === finding.id).map(({ id }) => id),
  }));
  return inOrder(linked);
}

/** Causes, the worst first, each with what belongs to it. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = (finding: Finding): number => SEVERITIES.indexOf(severityOf(finding, findings));
  const of = (id: string): Finding[] => findings.filter(({ memberOf, effectOf }) => memberOf === id || effectOf === id);
  return causesIn(findings)
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap((cause) => [cause, ...of(cause.id)]);
}
