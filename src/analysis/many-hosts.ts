import { causesIn, severityOf } from './causes.ts';
import { type HostNoun, hostNoun, perhapsOneHost } from './host-noun.ts';
import type { HostReport, UnreadCapture } from './host-report.ts';
import { combinedSlowReplies, combinedWindow, commonFlags } from './many-hosts-extent.ts';
import {
  combinedCalls,
  combinedDependencies,
  combinedOmitted,
  combinedOutcomes,
  combinedQuality,
  combinedRequests,
} from './many-hosts-tables.ts';
import { type Finding, type Host, NO_TIMES, type Report, SEVERITIES, type Window } from './report.ts';
import { causeKey } from './same-cause.ts';
import { combinedTimeline } from './timeline.ts';
import { titleOnHosts } from './title-on-hosts.ts';
import { decideOnHosts } from './verdict-of-hosts.ts';

/**
 * One report on captures of several hosts: a row for each host, and findings of the same cause as one that names them.
 * `unread`: captures that could not be read; nobody knows how their hosts are. With one host it is the report of that
 * host.
 */
export function combinedReport(all: readonly HostReport[], unread: readonly UnreadCapture[]): Report {
  const [first] = all;
  if (first === undefined) throw new Error('there is one report at least');
  if (all.length === 1 && unread.length === 0) return first.report;
  const reports = all.map(({ host, report }) => ({ host, report: onHost(host, report) }));
  const window = combinedWindow(reports.map(({ report }) => report.window));
  const omitted = combinedOmitted(reports);
  const captured = reports.flatMap(({ report }) => report.captured ?? []);
  const outcomes = combinedOutcomes(reports);
  const workers = reports.flatMap(({ report }) => report.workers);
  const rows = hostRows(reports, unread);
  const noun = hostNoun({ hosts: rows, workers });
  const { findings, leads } = combinedFindings(reports, window, { count: rows.length, noun });
  const timeline = combinedTimeline(reports, window, findings);
  // In the order in which to act on their causes; those of one cause by name, as the rows are.
  const place = new Map(findings.map(({ id }, index) => [id, index]));
  const placeOf = ({ cause }: Host): number => place.get(cause ?? '') ?? findings.length;
  const hosts: readonly Host[] = rows
    .map((row) => ({ ...row, cause: leads.get(row.name) ?? null }))
    .toSorted((a, b) => rankOf(a.verdict) - rankOf(b.verdict) || placeOf(a) - placeOf(b));
  const judged = [...reports, ...unread.map(({ host }) => ({ host, report: null }))];
  const slowReplies = combinedSlowReplies(reports);
  return {
    schemaVersion: first.report.schemaVersion,
    tool: first.report.tool,
    source: {
      ...first.report.source,
      flags: commonFlags(reports),
      paths: [...reports.flatMap(({ report }) => report.source.paths), ...unread.map(({ path }) => path)],
      format: [...new Set(reports.map(({ report }) => report.source.format))].join('+'),
    },
    window,
    ...(captured.length === 0 ? {} : { captured: combinedWindow(captured) }),
    quality: combinedQuality(reports, unread, perhapsOneHost({ hosts, workers })),
    verdict: decideOnHosts(findings, judged, noun),
    ...(slowReplies === null ? {} : { slowReplies }),
    outcomes,
    workers,
    time: reports.flatMap(({ report }) => report.time).toSorted((a, b) => (b.totalMs ?? 0) - (a.totalMs ?? 0)),
    dependencies: combinedDependencies(reports),
    calls: combinedCalls(reports),
    findings,
    hosts,
    ...(omitted === null ? {} : { omitted }),
    ...(timeline === null ? {} : { timeline, requests: combinedRequests(reports) }),
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

type Row = Omit<Host, 'cause'>;

/** What is clear comes last: of the others nobody knows. */
function rankOf({ severity, confidence }: Host['verdict']): number {
  return severity !== 'none'
    ? SEVERITIES.indexOf(severity)
    : SEVERITIES.length + (confidence === 'cannot-tell' ? 0 : 1);
}

function hostRows(reports: readonly HostReport[], unread: readonly UnreadCapture[]): Row[] {
  const read = reports.map(
    ({ host, report: { source, verdict, window, quality, workers, findings } }): Row => ({
      name: host,
      paths: source.paths,
      verdict,
      window,
      grade: quality.grade,
      workers: workers.length,
      causes: causesIn(findings).filter((finding) => severityOf(finding, findings) !== 'info').length,
    }),
  );
  return [...read, ...unread.map(unreadRow)].toSorted(
    (a, b) => rankOf(a.verdict) - rankOf(b.verdict) || (a.name < b.name ? -1 : 1),
  );
}

function unreadRow({ host, path, reason }: UnreadCapture): Row {
  const text = `Cannot tell: the capture could not be read: ${reason.replace(/\.$/, '')}.`;
  return {
    name: host,
    paths: [path],
    verdict: { severity: 'none', confidence: 'cannot-tell', text },
    window: NO_TIMES,
    grade: 'poor',
    workers: 0,
    causes: 0,
  };
}

/** A finding of one host, and the ids that it and its kin have in the combined report. */
interface Placed {
  readonly host: string;
  readonly finding: Finding;
  readonly idOf: (id: string) => string;
}

/** How many captures were named, and what they are called. */
interface Fleet {
  readonly count: number;
  readonly noun: HostNoun;
}

/**
 * Causes of all hosts, the worst first; the same cause on several is one, with those of the others as members. `leads`:
 * for each host the id of the finding that speaks for the first of its causes.
 */
function combinedFindings(
  reports: readonly HostReport[],
  window: Window,
  fleet: Fleet,
): { readonly findings: Finding[]; readonly leads: ReadonlyMap<string, string> } {
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
  const findings = sorted.flatMap((group) => asOne(group, others, fleet));
  const firsts = new Map(reports.map(({ host, report }) => [host, causesIn(report.findings)[0]?.id]));
  const leads = sorted.flatMap((group) =>
    group
      .filter(({ host, finding }) => firsts.get(host) === finding.id)
      .map(({ host }) => [host, leadOf(group)] as const),
  );
  return { findings, leads: new Map(leads) };
}

/** The id of the finding that speaks for a group. */
function leadOf([worst]: readonly Placed[]): string {
  return worst === undefined ? '' : worst.idOf(worst.finding.id);
}

/** The worst of a group speaks for it; its kin of every host follow. */
function asOne(group: readonly Placed[], others: readonly Placed[], { count, noun }: Fleet): Finding[] {
  const [worst] = group;
  if (worst === undefined) return [];
  const kin = group.flatMap(({ host, finding }) =>
    others.filter(
      (other) => other.host === host && [other.finding.memberOf, other.finding.effectOf].includes(finding.id),
    ),
  );
  const id = leadOf(group);
  const names = group.map(({ host }) => host);
  const rest = group.slice(1).map((placed) => ({ ...renamed(placed), memberOf: id, members: [], effects: [] }));
  const kept = kin.map((placed) => {
    const finding = renamed(placed);
    return finding.memberOf === null ? { ...finding, effectOf: id } : { ...finding, memberOf: id };
  });
  return [
    {
      ...renamed(worst),
      title: titleOnHosts(worst.finding.title, names, count, noun),
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
    effect: finding.effect === null || finding.effect === '' ? finding.effect : `${host}: ${finding.effect}`,
  };
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
