import { findingsOn, hostsOf } from '../../analysis/host-report.ts';
import { type Kinship, kinshipsOf } from '../../analysis/kinships.ts';
import { measured } from '../../analysis/measured.ts';
import type { Finding, Host, Metric, Report } from '../../analysis/report.ts';
import { gaugesOf } from '../gauges.ts';
import { show } from '../show.ts';
import { type Attribute, addMilliseconds, attributes, nanosecondsOf } from './values.ts';

/** What the report itself does not know. */
export interface OtlpOrigin {
  /** What to call the host of a report on one. */
  readonly host: string;
  /** 32 hexadecimal digits, the same for the same capture, so that what is sent twice can be told. */
  readonly traceId: string;
  /** When it is sent: nanoseconds since 1970. */
  readonly now: bigint;
}

/** The three requests of OTLP/HTTP, as JSON: each belongs to its own path. */
export interface OtlpRequests {
  readonly logs: object;
  /** null where there is no span. */
  readonly traces: object | null;
  readonly metrics: object;
}

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const SEVERITY_NUMBERS = { critical: 17, warning: 13, info: 9, none: 9 } as const;
const SEVERITY_TEXTS = { critical: 'ERROR', warning: 'WARN', info: 'INFO', none: 'INFO' } as const;
const INTERNAL = 1;
const ERROR = 2;
/** Of one report: the worst turns of each finding come first, and stand for the others. */
const MOST_SPANS = 512;

/**
 * The report in the terms of OpenTelemetry: the verdict and each finding as an event (a log record with a name), the
 * capture and the worst turns as spans of one trace, the figures as gauges. Host, server and process are named as the
 * semantic conventions name them. Mask the report before.
 */
export function otlpOf(report: Report, origin: OtlpOrigin): OtlpRequests {
  const scope = { name: 'drover', version: show(report.tool.version) };
  const hosts = hostsOf(report, origin.host);
  const spanIds = new SpanIds(origin.traceId);
  const parts = hosts.map((host) => partOf(report, host, origin, spanIds));
  const fleet = report.hosts === undefined ? resourceOf(report, origin.host) : resourceOf(report, null);
  const time = nanosecondsOf(report.window.endTime) ?? origin.now;
  const resourceSpans = parts
    .filter(({ spans }) => spans.length > 0)
    .map(({ resource, spans }) => ({ resource, scopeSpans: [{ scope, spans }] }));
  return {
    logs: { resourceLogs: parts.map(({ resource, logs }) => ({ resource, scopeLogs: [{ scope, logRecords: logs }] })) },
    traces: resourceSpans.length === 0 ? null : { resourceSpans },
    metrics: { resourceMetrics: [{ resource: fleet, scopeMetrics: [{ scope, metrics: metricsOf(report, time) }] }] },
  };
}

/** Identifiers of spans: half of the trace's, and a number. */
class SpanIds {
  readonly #prefix: string;
  #count = 0;

  constructor(traceId: string) {
    this.#prefix = traceId.slice(0, 8);
  }

  next(): string {
    return `${this.#prefix}${(++this.#count).toString(16).padStart(8, '0')}`;
  }
}

interface Part {
  readonly resource: object;
  readonly logs: readonly object[];
  readonly spans: readonly object[];
}

/** What is of one host. A trace without a date has no spans: nobody knows when they were. */
function partOf(report: Report, host: Host, { traceId, now }: OtlpOrigin, spanIds: SpanIds): Part {
  const { verdict, window, name } = host;
  const own = findingsOn(report, host);
  const [start, end] = [nanosecondsOf(window.startTime), nanosecondsOf(window.endTime)];
  const capture = { traceId, spanId: spanIds.next() };
  const turns = start === null ? [] : own.flatMap((finding) => turnsOf(finding)).slice(0, MOST_SPANS);
  const base = start === null ? 0n : addMilliseconds(start, -window.startMs);
  const linked = new Map<Finding, string>();
  const spans = turns.map(({ finding, startMs, endMs, name: what, request }) => {
    const spanId = spanIds.next();
    if (!linked.has(finding)) linked.set(finding, spanId);
    return {
      traceId,
      spanId,
      parentSpanId: capture.spanId,
      name: show(what),
      kind: INTERNAL,
      startTimeUnixNano: String(addMilliseconds(base, startMs)),
      endTimeUnixNano: String(addMilliseconds(base, endMs)),
      attributes: attributes({
        'drover.finding': finding.id,
        'drover.kind': finding.kind,
        'drover.request': request,
        'process.pid': finding.workers[0] ?? null,
      }),
      status: finding.severity === 'critical' ? { code: ERROR } : {},
    };
  });
  const whole = {
    ...capture,
    name: 'drover capture',
    kind: INTERNAL,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(end),
    attributes: attributes({ 'drover.file': host.paths[0] ?? '', 'drover.verdict': verdict.text }),
    status: verdict.severity === 'critical' ? { code: ERROR } : {},
  };
  return {
    resource: resourceOf(report, name),
    logs: [
      {
        ...record('drover.verdict', verdict.text, verdict.severity, { time: end ?? now, now }),
        ...(start === null ? {} : capture),
        attributes: attributes({
          'drover.severity': verdict.severity,
          'drover.confidence': verdict.confidence,
          'drover.file': host.paths[0] ?? '',
          'drover.grade': host.grade,
        }),
      },
      ...kinshipsOf(own, report.findings).map((kinship) => ({
        ...record(
          `drover.finding.${kinship.finding.kind.replaceAll('-', '_')}`,
          kinship.finding.title,
          kinship.severity,
          { time: nanosecondsOf(kinship.finding.startTime) ?? now, now },
        ),
        ...(start === null ? {} : { traceId, spanId: linked.get(kinship.finding) ?? capture.spanId }),
        attributes: findingAttributes(kinship),
      })),
    ],
    spans: start === null || end === null ? [] : [whole, ...spans],
  };
}

function record(
  eventName: string,
  text: string,
  severity: keyof typeof SEVERITY_NUMBERS,
  { time, now }: { readonly time: bigint; readonly now: bigint },
): object {
  return {
    timeUnixNano: String(time),
    observedTimeUnixNano: String(now),
    severityNumber: SEVERITY_NUMBERS[severity],
    severityText: SEVERITY_TEXTS[severity],
    eventName,
    body: { stringValue: show(text) },
  };
}

function findingAttributes({ finding, speaker, severity }: Kinship): readonly Attribute[] {
  const { count, totalMs, longestMs, share } = measured([finding]);
  return attributes({
    'drover.finding': finding.id,
    'drover.kind': finding.kind,
    'drover.severity': severity,
    'drover.confidence': finding.confidence,
    'drover.summary': finding.summary,
    'drover.spoken_for_by': speaker,
    'drover.count': count,
    'drover.total_ms': totalMs,
    'drover.longest_ms': longestMs,
    'drover.share': share,
    'process.pid': finding.workers[0] ?? null,
  });
}

/** `service.name` is the server software, or what the conventions say where nobody knows. */
function resourceOf({ workers }: Report, host: string | null): object {
  const own = workers.filter((worker) => host === null || worker.host === null || worker.host === host);
  const server = own.map((worker) => worker.server).find((name) => name !== '') ?? '';
  return {
    attributes: attributes({
      'service.name': server === '' ? 'unknown_service' : server,
      ...(host === null || host === '' ? {} : { 'host.name': host }),
    }),
  };
}

interface TurnSpan {
  readonly finding: Finding;
  readonly name: string;
  readonly request: string | null;
  readonly startMs: number;
  readonly endMs: number;
}

/** The turns that a finding lists, in milliseconds from the first event of their capture. */
function turnsOf(finding: Finding): readonly TurnSpan[] {
  const { stalls } = finding.metrics;
  if (!Array.isArray(stalls)) return [];
  return stalls.flatMap((stall: Metric) => {
    if (typeof stall !== 'object' || stall === null || Array.isArray(stall)) return [];
    const { startMs, endMs, request, call } = stall as { readonly [name: string]: Metric };
    if (typeof startMs !== 'number' || typeof endMs !== 'number' || endMs < startMs) return [];
    const asked = typeof request === 'string' && request !== '' ? request : null;
    const name = asked ?? (typeof call === 'string' && call !== '' ? call : finding.kind);
    return [{ finding, name, request: asked, startMs, endMs }];
  });
}

function metricsOf(report: Report, time: bigint): readonly object[] {
  return gaugesOf(report)
    .filter(([, , samples]) => samples.length > 0)
    .map(([name, description, samples]) => ({
      name: `drover.${name.replace(/_seconds$/, '')}`,
      description,
      unit: name.endsWith('_seconds') ? 's' : '1',
      gauge: {
        dataPoints: samples.map(({ labels = {}, value }) => ({
          ...(Object.keys(labels).length === 0 ? {} : { attributes: attributes(labels) }),
          timeUnixNano: String(time),
          asDouble: value,
        })),
      },
    }));
}
