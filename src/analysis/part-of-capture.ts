import { causesIn } from './causes.ts';
import { spansOf } from './finding-spans.ts';
import type { Finding, Report } from './report.ts';
import { causeKey } from './same-cause.ts';
import { decide } from './verdict.ts';

/**
 * The report on a part of a capture, with what the whole capture shows of that time and the part alone does not: a
 * stall that began before it and ended after it, or a pattern that needs more than the part to be seen.
 */
export function withOverlaps(part: Report, whole: Report): Report {
  const captured = { ...part, captured: whole.window };
  const [from, to] = [Date.parse(part.window.startTime ?? ''), Date.parse(part.window.endTime ?? '')];
  const zero = Date.parse(whole.window.startTime ?? '');
  if (!Number.isFinite(from) || !Number.isFinite(to) || !Number.isFinite(zero) || to <= from) return captured;
  const stretch = { fromMs: from - zero, toMs: to - zero };
  const told = new Set(
    part.findings.flatMap((finding) => [finding.kind, `${causeKey(finding)} ${finding.workers[0]}`]),
  );
  const missing = causesIn(whole.findings).filter(
    (finding) =>
      overlaps(finding, stretch) &&
      (finding.kind === 'loop-stall'
        ? !told.has(`${causeKey(finding)} ${finding.workers[0]}`)
        : !told.has(finding.kind)),
  );
  if (missing.length === 0) return captured;
  const taken = new Set(part.findings.map(({ id }) => id));
  const added = missing.map((finding, index) => {
    const id = taken.has(finding.id) ? `${finding.kind}-${taken.size + index + 1}` : finding.id;
    return {
      ...finding,
      id,
      summary: `${finding.summary} This is of the whole capture: it overlaps the time that was asked for.`,
      related: [],
      members: [],
      effects: [],
    };
  });
  const findings = [...part.findings, ...added].toSorted((a, b) => rankOf(a) - rankOf(b));
  const outcomes = { ...part.outcomes };
  for (const { kind } of added)
    outcomes[kind] = whole.outcomes[kind] ?? { status: 'found', reason: 'in the whole capture' };
  return {
    ...captured,
    findings,
    outcomes,
    verdict: decide(findings, part.quality, outcomes, part.workers, part.window),
  };
}

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether something that the finding lists happened in that time; where it lists nothing, whether it spans it. */
function overlaps(finding: Finding, { fromMs, toMs }: Stretch): boolean {
  const { startMs, endMs, openEnded } = finding;
  if (startMs === null || startMs > toMs || (!openEnded && (endMs ?? startMs) < fromMs)) return false;
  const spans = spansOf(finding);
  return spans.length === 0 || spans.some((span) => span.startMs <= toMs && span.endMs >= fromMs);
}

function rankOf({ severity }: Finding): number {
  return ['critical', 'warning', 'info'].indexOf(severity);
}
