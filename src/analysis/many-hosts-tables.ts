import { plural } from '../trace/format-numbers.ts';
import { meaningOf } from './diagnostics.ts';
import { someNames } from './host-noun.ts';
import type { HostReport, UnreadCapture } from './host-report.ts';
import { MOST_CALLS, MOST_DEPENDENCIES, MOST_REQUESTS } from './omitted.ts';
import type {
  CallStatistics,
  Dependency,
  Diagnostic,
  HostRequest,
  Kind,
  Omitted,
  Outcome,
  Quality,
  Report,
} from './report.ts';

const GRADES = ['good', 'partial', 'poor'] as const;
const SAMPLES = 5;

/**
 * As good as the worst capture; notes say of which host they are. `alike`: names of captures that may be of one host.
 */
export function combinedQuality(
  reports: readonly HostReport[],
  unread: readonly UnreadCapture[],
  alike: readonly string[],
): Quality {
  const all = reports.map(({ report }) => report.quality);
  const sum = (of: (quality: Quality) => number): number => all.reduce((total, each) => total + of(each), 0);
  const diagnostics = new Map<string, Diagnostic>();
  for (const each of all.flatMap(({ diagnostics: own }) => own)) {
    const known = diagnostics.get(each.code);
    const count = (known?.count ?? 0) + each.count;
    const samples = [...(known?.samples ?? []), ...each.samples].slice(0, SAMPLES);
    diagnostics.set(each.code, { ...each, count, samples });
  }
  if (unread.length > 0) {
    const code = 'unknown-input';
    const samples = unread.slice(0, SAMPLES).map(({ path, reason }) => ({ file: path, line: 1, text: reason }));
    diagnostics.set(code, { code, ...meaningOf(code), count: unread.length, samples });
  }
  const least = unread.length > 0 ? GRADES.indexOf('partial') : 0;
  const worst = Math.max(least, ...all.map(({ grade }) => GRADES.indexOf(grade)));
  return {
    grade: GRADES[worst] ?? 'poor',
    lines: sum(({ lines }) => lines),
    events: sum(({ events }) => events),
    unparsedLines: sum(({ unparsedLines }) => unparsedLines),
    lostEvents: sum(({ lostEvents }) => lostEvents),
    notes: [...(alike.length > 0 ? [alikeNote(alike)] : []), ...combinedNotes(reports), ...unreadNotes(unread)],
    diagnostics: [...diagnostics.values()],
  };
}

/** One note for hosts of which the same is noted; where figures differ they are those of the first. */
function combinedNotes(reports: readonly HostReport[]): string[] {
  const notes = new Map<string, { readonly note: string; readonly hosts: string[]; isSame: boolean }>();
  for (const { host, report } of reports)
    for (const note of report.quality.notes) {
      const key = note.replace(/\d[\d,.]*/g, '#');
      const known = notes.get(key) ?? { note, hosts: [], isSame: true };
      notes.set(key, known);
      known.hosts.push(host);
      known.isSame &&= known.note === note;
    }
  return [...notes.values()].map(({ note, hosts, isSame }) => {
    const [first = ''] = hosts;
    if (hosts.length === 1) return `${first}: ${note}`;
    const others = hosts.length - 1;
    return isSame ? `${first} and ${others} more: ${note}` : `${first}, and ${others} more with other figures: ${note}`;
  });
}

function alikeNote(names: readonly string[]): string {
  return (
    `${someNames(names)} have processes of the same numbers at different times: they may be of one host. ` +
    'Each file is judged for itself.'
  );
}

function unreadNotes(unread: readonly UnreadCapture[]): string[] {
  if (unread.length === 0) return [];
  return [
    `${plural(unread.length, 'file')} could not be read: nothing is known of ${unread.length === 1 ? 'it' : 'them'}.`,
  ];
}

/** Found where any host has it; clear only where some host is, and none has it. */
export function combinedOutcomes(reports: readonly HostReport[]): Report['outcomes'] {
  const outcomes: Partial<Record<Kind, Outcome>> = {};
  const kinds = new Set(reports.flatMap(({ report }) => Object.keys(report.outcomes) as Kind[]));
  for (const kind of kinds) {
    const own = reports.flatMap(({ host, report }) => {
      const outcome = report.outcomes[kind];
      return outcome === undefined ? [] : [{ host, ...outcome }];
    });
    const status = (['found', 'failed', 'clear', 'not-applicable'] as const).find((each) =>
      own.some((outcome) => outcome.status === each),
    );
    const same = own.filter((outcome) => outcome.status === status);
    const [first] = same;
    if (status === undefined || first === undefined) continue;
    const reason = `${same.length} of ${reports.length} hosts; ${first.host}: ${first.reason}`;
    outcomes[kind] = same.every(({ absent }) => absent) ? { status, reason, absent: true } : { status, reason };
  }
  return outcomes;
}

/** Counts and times of all hosts together; percentiles are those of the worst host. */
export function combinedCalls(reports: readonly HostReport[]): CallStatistics[] {
  const calls = new Map<string, CallStatistics>();
  for (const { report } of reports)
    for (const own of report.calls) {
      const known = calls.get(own.call);
      if (known === undefined) {
        calls.set(own.call, own);
        continue;
      }
      const errors = { ...known.errors };
      for (const [error, count] of Object.entries(own.errors)) errors[error] = (errors[error] ?? 0) + count;
      calls.set(own.call, {
        call: own.call,
        count: known.count + own.count,
        errors,
        totalMs: known.totalMs === null && own.totalMs === null ? null : (known.totalMs ?? 0) + (own.totalMs ?? 0),
        maxMs: most(known.maxMs, own.maxMs),
        p50Ms: most(known.p50Ms, own.p50Ms),
        p99Ms: most(known.p99Ms, own.p99Ms),
        ...(known.octaves === undefined && own.octaves === undefined
          ? {}
          : { octaves: bothOf(known.octaves ?? [], own.octaves ?? []) }),
      });
    }
  const order = (a: CallStatistics, b: CallStatistics): number =>
    (b.totalMs ?? 0) - (a.totalMs ?? 0) || b.count - a.count;
  return [...calls.values()].toSorted(order).slice(0, MOST_CALLS);
}

function bothOf(first: readonly number[], second: readonly number[]): number[] {
  const [longer, shorter] = first.length >= second.length ? [first, second] : [second, first];
  return longer.map((number, octave) => number + (shorter[octave] ?? 0));
}

/** Waits of all hosts for one peer together; percentiles are those of the worst host. */
export function combinedDependencies(reports: readonly HostReport[]): Dependency[] {
  const peers = new Map<string, Dependency>();
  for (const { report } of reports)
    for (const own of report.dependencies) {
      const known = peers.get(own.peer);
      peers.set(
        own.peer,
        known === undefined
          ? own
          : {
              peer: own.peer,
              protocol: known.protocol ?? own.protocol,
              waits: known.waits + own.waits,
              requests: known.requests + own.requests,
              totalMs: known.totalMs + own.totalMs,
              p50Ms: Math.max(known.p50Ms, own.p50Ms),
              p99Ms: Math.max(known.p99Ms, own.p99Ms),
              longestMs: Math.max(known.longestMs, own.longestMs),
              openAtEnd: known.openAtEnd + own.openAtEnd,
              failures: known.failures + own.failures,
              ...placeOf(known.longestMs >= own.longestMs ? known : own),
            },
      );
    }
  return [...peers.values()].toSorted((a, b) => b.totalMs - a.totalMs).slice(0, MOST_DEPENDENCIES);
}

function placeOf({ longestAt }: Dependency): Pick<Dependency, 'longestAt'> {
  return longestAt === undefined ? {} : { longestAt };
}

/** The requests of all hosts: those without an answer, the oldest first, and then the slowest. */
export function combinedRequests(reports: readonly HostReport[]): HostRequest[] {
  return reports
    .flatMap(({ host, report }) => (report.requests ?? []).map((each) => ({ ...each, host })))
    .toSorted((a, b) => Number(b.isOpen) - Number(a.isOpen) || b.ageMs - a.ageMs)
    .slice(0, MOST_REQUESTS);
}

/** What the tables of all hosts leave out, together; null when they leave out nothing. */
export function combinedOmitted(reports: readonly HostReport[]): Omitted | null {
  const all = reports.flatMap(({ report }) => report.omitted ?? []);
  const [first] = all;
  if (first === undefined) return null;
  const names = Object.keys(first) as (keyof Omitted)[];
  const sums = names.map((name) => [name, all.reduce((sum, each) => sum + each[name], 0)]);
  return Object.fromEntries(sums) as unknown as Omitted;
}

function most(first: number | null, second: number | null): number | null {
  return first === null || second === null ? (first ?? second) : Math.max(first, second);
}
