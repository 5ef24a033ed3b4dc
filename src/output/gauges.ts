import { causesIn, severityOf } from '../analysis/causes.ts';
import { measured } from '../analysis/measured.ts';
import {
  type Confidence,
  type Dependency,
  type Finding,
  type Outcome,
  type Report,
  SEVERITIES,
} from '../analysis/report.ts';
import { servedBy } from '../analysis/served.ts';

/** One series: its labels, and its value. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const VERDICTS = [...SEVERITIES, 'none'];
const CONFIDENCES: readonly Confidence[] = ['likely', 'possible', 'cannot-tell'];
const GRADES = ['good', 'partial', 'poor'];

/** What there is of the causes of a kind: name, what it means, and its value for the finding and its members. */
const MEASURED: readonly (readonly [string, string, (findings: readonly Finding[]) => number | null])[] = [
  ['cause_events', 'Stalls, failures, deaths: what the kind of cause is counted in.', (all) => measured(all).count],
  ['cause_seconds', 'Time that went to causes of this kind.', (all) => seconds(measured(all).totalMs)],
  ['cause_longest_seconds', 'The longest single one of this kind.', (all) => seconds(measured(all).longestMs)],
  ['cause_share', 'The share, 0 to 1, that the kind is measured by.', (all) => measured(all).share],
];

/** One figure: its name with the unit at its end, what it means, and its series. */
export type Gauge = readonly [name: string, help: string, samples: readonly Sample[]];

/**
 * The figures of the report. No process number and no address is a label, so that captures of every minute stay the
 * same few series. A check that could not be made has no series: 0 would be an all-clear.
 */
export function gaugesOf(report: Report): readonly Gauge[] {
  const checks = Object.entries(report.outcomes);
  const made = checks.filter(([, outcome]) => isMade(outcome)).map(([kind]) => kind);
  const { window, quality, verdict, slowReplies, workers } = report;
  const end = Date.parse(window.endTime ?? '');
  return [
    [
      'verdict',
      'Whether the verdict on the capture is of this severity.',
      states(verdict.severity, VERDICTS, 'severity'),
    ],
    [
      'verdict_confidence',
      'Whether the verdict is sure to this degree. With cannot_tell, severity none is no all-clear.',
      states(verdict.confidence, CONFIDENCES, 'confidence'),
    ],
    [
      'host_verdict',
      'Of captures of several hosts: the severity of the verdict on each.',
      (report.hosts ?? []).map(({ name, verdict: { severity } }) => ({ labels: { host: name, severity }, value: 1 })),
    ],
    [
      'check_made',
      'Whether the capture holds what this check needs: 0 means that nobody knows.',
      checks.map(([kind, outcome]) => ({ labels: { kind }, value: isMade(outcome) ? 1 : 0 })),
    ],
    ['causes', 'Causes of trouble that were found, by kind and severity.', causesOfKinds(report, made)],
    ...MEASURED.map(([name, help, valueOf]) => [name, help, amounts(report, valueOf)] as const),
    ['workers', 'Processes that the report lists, by server software.', workersByServer(report)],
    ['served', 'Requests that they served; connections where requests cannot be read.', [{ value: servedBy(workers) }]],
    [
      'slow_replies',
      'Requests that were answered client-timeout-ms (1 s) or more after they had been read.',
      [{ value: slowReplies?.count ?? 0 }],
    ],
    [
      'slowest_reply_seconds',
      'The longest of them.',
      slowReplies === undefined ? [] : [{ value: slowReplies.longestMs / 1_000 }],
    ],
    ['dependency_waits', 'Waits for other services, by protocol.', byProtocol(report, added, ({ waits }) => waits)],
    [
      'dependency_wait_seconds',
      'Time of these waits together.',
      byProtocol(report, added, ({ totalMs }) => totalMs / 1_000),
    ],
    [
      'dependency_longest_wait_seconds',
      'The longest of these waits.',
      byProtocol(report, Math.max, ({ longestMs }) => longestMs / 1_000),
    ],
    [
      'dependency_failures',
      'Failed connects, resets and time limits of these services.',
      byProtocol(report, added, ({ failures }) => failures),
    ],
    [
      'capture_duration_seconds',
      'How long the capture is.',
      window.durationMs === null ? [] : [{ value: window.durationMs / 1_000 }],
    ],
    ['capture_end_timestamp_seconds', 'When the capture ended.', Number.isFinite(end) ? [{ value: end / 1_000 }] : []],
    ['capture_grade', 'Whether the data are this complete.', states(quality.grade, GRADES, 'grade')],
    ['lost_events', 'Events that the tracer lost.', [{ value: quality.lostEvents }]],
    [
      'info',
      'The drover that wrote this.',
      [{ labels: { version: report.tool.version, format: report.source.format }, value: 1 }],
    ],
  ];
}

function isMade({ status }: Outcome): boolean {
  return status === 'found' || status === 'clear';
}

/** One series for each state that there is, 1 for the one that it is. */
function states(is: string, all: readonly string[], label: string): readonly Sample[] {
  return all.map((state) => ({ labels: { [label]: state.replace('-', '_') }, value: state === is ? 1 : 0 }));
}

/** Of every check that was made, so that a cause that is gone is a 0 and not a hole. */
function causesOfKinds({ findings }: Report, kinds: readonly string[]): readonly Sample[] {
  const causes = causesIn(findings).map((cause) => ({ kind: cause.kind, severity: severityOf(cause, findings) }));
  return kinds.flatMap((kind) =>
    SEVERITIES.map((severity) => ({
      labels: { kind, severity },
      value: causes.filter((cause) => cause.kind === kind && cause.severity === severity).length,
    })),
  );
}

function amounts({ findings }: Report, valueOf: (same: readonly Finding[]) => number | null): readonly Sample[] {
  return [...grouped(findings, ({ kind }) => kind)].flatMap(([kind, same]) => {
    const value = valueOf(same);
    return value === null ? [] : [{ labels: { kind }, value }];
  });
}

function workersByServer({ workers }: Report): readonly Sample[] {
  return [...grouped(workers, ({ server }) => server)].map(([server, same]) => ({
    labels: { server },
    value: same.length,
  }));
}

function byProtocol(
  { dependencies }: Report,
  together: (one: number, other: number) => number,
  valueOf: (dependency: Dependency) => number,
): readonly Sample[] {
  return [...grouped(dependencies, ({ protocol }) => protocol ?? '')].map(([protocol, same]) => ({
    labels: { protocol },
    value: same.map(valueOf).reduce(together, 0),
  }));
}

function grouped<T>(all: readonly T[], keyOf: (each: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return groups;
}

function added(one: number, other: number): number {
  return one + other;
}

function seconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : milliseconds / 1_000;
}
