import { causesIn } from './causes.ts';
import type { Finding, Metric, Report } from './report.ts';
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
    verdict: decide(findings, part.quality, outcomes, part.workers, part.window, {
      slowReplies: part.slowReplies ?? null,
    }),
  };
}

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether something that the finding lists happened in that time; where it lists nothing, whether it spans it. */
function overlaps({ startMs, endMs, openEnded, metrics }: Finding, { fromMs, toMs }: Stretch): boolean {
  if (startMs === null || startMs > toMs || (!openEnded && (endMs ?? startMs) < fromMs)) return false;
  const spans = Object.values(metrics).flatMap(spansIn);
  return spans.length === 0 || spans.some(([start, end]) => start <= toMs && end >= fromMs);
}

/** Beginning and end of each thing that a metric lists with its times. */
function spansIn(value: Metric): (readonly [start: number, end: number])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: Metric) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return [];
    const { startMs, endMs, atMs, hungUpMs } = item as { readonly [name: string]: Metric };
    if (typeof startMs === 'number' && typeof endMs === 'number') return [[startMs, endMs] as const];
    const at = typeof atMs === 'number' ? atMs : hungUpMs;
    return typeof at === 'number' ? [[at, at] as const] : [];
  });
}

function rankOf({ severity }: Finding): number {
  return ['critical', 'warning', 'info'].indexOf(severity);
}
