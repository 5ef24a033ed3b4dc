import type { Capabilities } from '../detectors/detector.ts';
import type { DraftFinding, Kind } from '../detectors/finding.ts';
import { detectors } from '../detectors/registry.ts';
import { milliseconds } from '../detectors/words.ts';
import type { Model } from '../model/model.ts';
import { UNKNOWN } from '../trace/time.ts';
import type { Parts } from './parts.ts';
import { assessQuality } from './quality.ts';
import { type CallStatistics, type Finding, type Report, SEVERITIES, type Window } from './report.ts';
import { isoTime, timeOfDay } from './times.ts';
import { decide } from './verdict.ts';
import { describeWorkers } from './workers.ts';

/** Puts the report together from what the model and the detectors say. */
export function composeReport(parts: Parts): Report {
  const { facts, model, outcomes, options } = parts;
  const workers = describeWorkers(parts).filter((worker) => options.pids === undefined || options.pids.includes(worker.pid));
  const findings = findingsOf(parts);
  const quality = assessQuality(parts);
  return {
    schemaVersion: 1,
    tool: { name: 'drover', version: facts.toolVersion },
    source: facts.source,
    window: windowOf(parts),
    quality,
    verdict: decide(findings, quality, outcomes, workers, windowOf(parts)),
    outcomes,
    workers,
    calls: callsOf(model, parts.capabilities),
    findings,
  };
}

function windowOf({ model, origin, capabilities, options }: Parts): Window {
  void options;
  const start = Math.max(model.firstTime, model.options.from);
  const end = Math.min(model.lastTime, model.options.to);
  if (!capabilities.times || model.firstTime === UNKNOWN) return { startTime: null, endTime: null, timeOfDay: null, durationMs: null };
  return {
    startTime: isoTime(origin, start),
    endTime: isoTime(origin, end),
    timeOfDay: timeOfDay(origin, start),
    durationMs: milliseconds(Math.max(0, end - start)),
  };
}

function findingsOf({ drafts, origin, model }: Parts): Finding[] {
  const order = new Map(detectors.map(({ kind }, index) => [kind, index]));
  const sorted = drafts.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      (order.get(a.kind) ?? 0) - (order.get(b.kind) ?? 0) ||
      weight(b) - weight(a) ||
      a.start - b.start,
  );
  const numbers = new Map<Kind, number>();
  const ids = new Map<DraftFinding, string>();
  for (const draft of sorted) {
    const number = (numbers.get(draft.kind) ?? 0) + 1;
    numbers.set(draft.kind, number);
    ids.set(draft, `${draft.kind}-${number}`);
  }
  const stalled = drafts.some((draft) => draft.kind === 'loop-stall' || draft.kind === 'service-stall');
  // UNKNOWN (-1) as a start means "no time"; a real start before the origin is not told apart and not needed: the origin is the first stamp.
  const time = (at: number): number | null => (at === UNKNOWN ? null : at);
  return sorted.map((draft) => {
    const start = time(draft.start);
    const end = time(draft.end);
    const { kind, severity, sureness, title, summary, why, openEnded, workers, metrics, evidence } = draft;
    return {
      id: ids.get(draft) ?? draft.kind,
      kind,
      severity,
      sureness,
      title,
      summary,
      why,
      startMs: start === null ? null : milliseconds(start - Math.min(0, model.firstTime)),
      endMs: end === null ? null : milliseconds(end - Math.min(0, model.firstTime)),
      startTime: start === null ? null : isoTime(origin, start),
      endTime: end === null ? null : isoTime(origin, end),
      openEnded,
      workers,
      metrics,
      evidence: evidence.filter((line) => line.line > 0),
      next: stalled && draft.nextWhileStalled !== undefined ? draft.nextWhileStalled : draft.next,
      related: sorted
        .filter((other) => other !== draft && areRelated(draft, other))
        .slice(0, 6)
        .map((other) => ids.get(other) ?? other.kind),
    };
  });
}

/** Of two findings of one kind and severity the one that took more time, or happened more often, comes first. */
function weight({ metrics }: DraftFinding): number {
  const { totalMs, count, wastedWakeups } = metrics;
  return typeof totalMs === 'number' ? totalMs : typeof count === 'number' ? count : typeof wastedWakeups === 'number' ? wastedWakeups : 0;
}

/** Findings about a worker that its stalls explain, or that explain them. */
const STALL_EFFECTS: ReadonlySet<Kind> = new Set<Kind>([
  'service-stall',
  'heartbeat-late',
  'gil-starvation',
  'backlog-overflow',
  'stranded-queue',
  'accept-hoarding',
]);

/** They speak of the same request or listener, or one of them is the stall of a worker that the other names. */
function areRelated(first: DraftFinding, second: DraftFinding): boolean {
  const shared = first.subjects.filter((subject) => second.subjects.includes(subject));
  if (shared.some((subject) => !subject.startsWith('pid '))) return true;
  const pair = [first.kind, second.kind];
  return shared.length > 0 && pair.includes('loop-stall') && pair.some((kind) => STALL_EFFECTS.has(kind));
}

function callsOf(model: Model, capabilities: Capabilities): CallStatistics[] {
  const ms = (value: number | null): number | null => (value === null || !capabilities.durations ? null : milliseconds(value));
  return model.statistics.all().map((each) => ({
    call: each.syscall.name,
    count: each.count,
    errors: Object.fromEntries([...each.errors].toSorted((a, b) => b[1] - a[1])),
    totalMs: each.hasTotal ? milliseconds(each.total) : each.timed === 0 ? null : ms(each.total),
    maxMs: each.hasTotal && each.longest > 0 ? milliseconds(each.longest) : each.timed === 0 ? null : ms(each.longest),
    p50Ms: ms(each.percentile(0.5)),
    p99Ms: ms(each.percentile(0.99)),
  }));
}
