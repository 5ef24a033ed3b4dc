import { plural } from '../trace/format-numbers.ts';
import { causesIn, severityOf } from './causes.ts';
import { meaningOf } from './diagnostics.ts';
import type { HostReport } from './host-report.ts';
import { combinedCalls, combinedDependencies, combinedOutcomes, combinedQuality } from './many-hosts-tables.ts';
import { type Evidence, type Finding, type Host, type Report, SEVERITIES, type Window } from './report.ts';
import { causeKey } from './same-cause.ts';
import { combinedTimeline } from './timeline.ts';
import { decide } from './verdict.ts';

const LONGEST_TITLE = 78;

/**
 * One report on captures of several hosts: a row for each host, and findings of the same cause as one that names them.
 * `leftOut`: files that could not be read. With one host it is the report of that host.
 */
export function combinedReport(all: readonly HostReport[], leftOut: readonly Evidence[]): Report {
  const [first] = all;
  if (first === undefined) throw new Error('there is one report at least');
  const quality = withLeftOut(combinedQuality(all), leftOut);
  if (all.length === 1) return { ...first.report, quality };
  const reports = all.map(({ host, report }) => ({ host, report: onHost(host, report) }));
  const window = combinedWindow(reports);
  const findings = combinedFindings(reports, window);
  const outcomes = combinedOutcomes(reports);
  const workers = reports.flatMap(({ report }) => report.workers);
  const timeline = combinedTimeline(reports, window);
  return {
    ...first.report,
    source: {
      ...first.report.source,
      paths: reports.flatMap(({ report }) => report.source.paths),
      format: [...new Set(reports.map(({ report }) => report.source.format))].join('+'),
    },
    window,
    quality,
    verdict: decide(findings, quality, outcomes, workers, window),
    outcomes,
    workers,
    time: reports.flatMap(({ report }) => report.time).toSorted((a, b) => (b.totalMs ?? 0) - (a.totalMs ?? 0)),
    dependencies: combinedDependencies(reports),
    calls: combinedCalls(reports),
    findings,
    hosts: hostRows(reports),
    ...(timeline === null ? {} : { timeline }),
  };
}

/** The report with the name of the host on everything that is of one host. */
function onHost(host: string, report: Report): Report {
  return {
    ...report,
    workers: report.workers.map((worker) => ({ ...worker, host })),
    time: report.time.map((share) => ({ ...share, host })),
  };
}

function hostRows(reports: readonly HostReport[]): Host[] {
  const rank = (severity: Host['verdict']['severity']): number =>
    severity === 'none' ? SEVERITIES.length : SEVERITIES.indexOf(severity);
  return reports
    .map(({ host, report: { source, verdict, window, quality, workers, findings } }) => ({
      name: host,
      paths: source.paths,
      verdict,
      window,
      grade: quality.grade,
      workers: workers.length,
      causes: causesIn(findings).filter((finding) => severityOf(finding, findings) !== 'info').length,
    }))
    .toSorted((a, b) => rank(a.verdict.severity) - rank(b.verdict.severity) || (a.name < b.name ? -1 : 1));
}

/** From the first event of any host to the last; no times where their clocks have no date to compare. */
function combinedWindow(reports: readonly HostReport[]): Window {
  const windows = reports.map(({ report }) => report.window);
  const starts = windows.flatMap(({ startTime }) => startTime ?? []).toSorted();
  const ends = windows.flatMap(({ endTime }) => endTime ?? []).toSorted();
  const [startTime = null] = starts;
  const endTime = ends.at(-1) ?? null;
  const longest = Math.max(...windows.map(({ durationMs }) => durationMs ?? -1));
  if (starts.length < windows.length || startTime === null || endTime === null)
    return { startTime: null, endTime: null, timeOfDay: null, durationMs: longest < 0 ? null : longest };
  return { startTime, endTime, timeOfDay: null, durationMs: Date.parse(endTime) - Date.parse(startTime) };
}

/** A finding of one host, and the ids that it and its kin have in the combined report. */
interface Placed {
  readonly host: string;
  readonly finding: Finding;
  readonly idOf: (id: string) => string;
}

/** Causes of all hosts, the worst first; the same cause on several is one, with those of the others as members. */
function combinedFindings(reports: readonly HostReport[], window: Window): Finding[] {
  const numbers = new Map<string, number>();
  const groups = new Map<string, Placed[]>();
  const others: Placed[] = [];
  for (const { host, report } of reports) {
    const ids = new Map<string, string>();
    for (const { id, kind } of report.findings) {
      const number = (numbers.get(kind) ?? 0) + 1;
      numbers.set(kind, number);
      ids.set(id, `${kind}-${number}`);
    }
    const causes = new Set(causesIn(report.findings));
    for (const finding of report.findings) {
      const placed = {
        host,
        finding: shifted(finding, report.window, window),
        idOf: (id: string) => ids.get(id) ?? id,
      };
      if (!causes.has(finding)) {
        others.push(placed);
        continue;
      }
      // What came of it counts: the report decides how bad it is there.
      const key = causeKey(finding);
      groups.set(key, [...(groups.get(key) ?? []), placed]);
    }
  }
  const all = new Map(reports.map(({ host, report }) => [host, report.findings]));
  const rank = ({ host, finding }: Placed): number => {
    const own = all.get(host) ?? [];
    return SEVERITIES.indexOf(severityOf(own.find(({ id }) => id === finding.id) ?? finding, own));
  };
  const sorted = [...groups.values()]
    .map((group) => group.toSorted((a, b) => rank(a) - rank(b) || weightOf(b.finding) - weightOf(a.finding)))
    .toSorted((a, b) => {
      const [first, second] = [a[0], b[0]];
      if (first === undefined || second === undefined) return 0;
      const isSameKind = first.finding.kind === second.finding.kind;
      const heavier = isSameKind ? weightOf(second.finding) - weightOf(first.finding) : 0;
      return rank(first) - rank(second) || b.length - a.length || heavier;
    });
  return sorted.flatMap((group) => asOne(group, others, reports.length));
}

/** The worst of a group speaks for it; its kin of every host follow. */
function asOne(group: readonly Placed[], others: readonly Placed[], hosts: number): Finding[] {
  const [worst] = group;
  if (worst === undefined) return [];
  const kin = group.flatMap(({ host, finding }) =>
    others.filter(
      (other) => other.host === host && [other.finding.memberOf, other.finding.effectOf].includes(finding.id),
    ),
  );
  const id = worst.idOf(worst.finding.id);
  const names = group.map(({ host }) => host);
  const rest = group.slice(1).map((placed) => ({ ...renamed(placed), memberOf: id, members: [], effects: [] }));
  const kept = kin.map((placed) => {
    const finding = renamed(placed);
    return finding.memberOf === null ? { ...finding, effectOf: id } : { ...finding, memberOf: id };
  });
  return [
    {
      ...renamed(worst),
      title: titleOf(worst.finding.title, names, hosts),
      summary: names.length === 1 ? worst.finding.summary : `On ${worst.host}: ${worst.finding.summary}`,
      hosts: names,
      members: [...rest, ...kept.filter(({ memberOf }) => memberOf !== null)].map((finding) => finding.id),
      effects: kept.filter(({ effectOf }) => effectOf !== null).map((finding) => finding.id),
    },
    ...rest,
    ...kept,
  ];
}

function renamed({ host, finding, idOf }: Placed): Finding {
  const { effectOf, memberOf } = finding;
  return {
    ...finding,
    id: idOf(finding.id),
    hosts: [host],
    related: finding.related.map(idOf),
    members: finding.members.map(idOf),
    effects: finding.effects.map(idOf),
    memberOf: memberOf === null ? null : idOf(memberOf),
    effectOf: effectOf === null ? null : idOf(effectOf),
    effect: finding.effect === null ? null : `${host}: ${finding.effect}`,
  };
}

/** `11 of 12 hosts: GET /b holds …`; what matters least gives way. */
function titleOf(title: string, names: readonly string[], hosts: number): string {
  const [name = ''] = names;
  const who =
    names.length === 1 ? name : names.length === hosts ? `All ${hosts} hosts` : `${names.length} of ${hosts} hosts`;
  let whole = `${who}: ${title}`;
  for (const part of [/ \(\d+x\)/, / \([a-z_\d]+\)$/, / (?:up to|for)(?= \d)/])
    if (whole.length > LONGEST_TITLE) whole = whole.replace(part, '');
  return whole.length > LONGEST_TITLE ? `${whole.slice(0, LONGEST_TITLE - 3)}...` : whole;
}

/** The finding on the time axis of the combined report. */
function shifted(finding: Finding, own: Window, whole: Window): Finding {
  const offset =
    own.startTime === null || whole.startTime === null ? 0 : Date.parse(own.startTime) - Date.parse(whole.startTime);
  const { startMs, endMs } = finding;
  return {
    ...finding,
    startMs: startMs === null ? null : startMs + offset,
    endMs: endMs === null ? null : endMs + offset,
  };
}

function weightOf({ metrics: { longestMs, totalMs, count } }: Finding): number {
  return [longestMs, totalMs, count].find((value) => typeof value === 'number') ?? 0;
}

function withLeftOut(quality: Report['quality'], leftOut: readonly Evidence[]): Report['quality'] {
  if (leftOut.length === 0) return quality;
  const code = 'unknown-input';
  const { diagnostics, notes, grade } = quality;
  return {
    ...quality,
    grade: grade === 'good' ? 'partial' : grade,
    notes: [...notes, `${plural(leftOut.length, 'file')} could not be read and is left out.`],
    diagnostics: [...diagnostics, { code, ...meaningOf(code), count: leftOut.length, samples: leftOut.slice(0, 5) }],
  };
}
