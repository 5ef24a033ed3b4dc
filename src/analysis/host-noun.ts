import type { Host, Worker } from './report.ts';

/** What each capture of several stands for: a host, as long as nothing says that two are of one. */
export type HostNoun = 'host' | 'capture';

/** Of the processes of the smaller capture so many must have the same numbers. */
const LEAST_SHARE = 0.5;

const MOST_NAMED = 4;

/** The captures of a report on several, and whose processes are whose. */
interface Captures {
  readonly hosts?: readonly Pick<Host, 'name' | 'window'>[];
  readonly workers: readonly Pick<Worker, 'host' | 'pid'>[];
}

/** What to call the captures of a report on several. */
export function hostNoun(report: Captures): HostNoun {
  return perhapsOneHost(report).length === 0 ? 'host' : 'capture';
}

/**
 * The names of captures that may be of one host: processes have the same numbers in both, and no two of them were
 * recorded at the same time, which nobody can do to one process; in order of time. Empty where there are none.
 */
export function perhapsOneHost({ hosts = [], workers }: Captures): readonly string[] {
  const pids = new Map<string, Set<number>>();
  for (const { host, pid } of workers) {
    if (host === null || pid <= 0) continue;
    const own = pids.get(host) ?? new Set();
    pids.set(host, own.add(pid));
  }
  const alike = new Set<string>();
  for (const [index, first] of hosts.entries())
    for (const second of hosts.slice(index + 1)) {
      if (!shareProcesses(pids.get(first.name), pids.get(second.name))) continue;
      // So containers count, each from 1: equal numbers say nothing then.
      if (wereAtOnce(first, second)) return [];
      alike.add(first.name).add(second.name);
    }
  return hosts
    .filter(({ name }) => alike.has(name))
    .toSorted((a, b) => Date.parse(a.window.startTime ?? '') - Date.parse(b.window.startTime ?? ''))
    .map(({ name }) => name);
}

/** `a, b and c`; of many the first ones. */
export function someNames(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  const shown = more > 0 ? [...names.slice(0, MOST_NAMED), `${more} more`] : names;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** Whether they were recorded at the same time; two without dates may have been. */
function wereAtOnce({ window: first }: Pick<Host, 'window'>, { window: second }: Pick<Host, 'window'>): boolean {
  const [from, to] = [Date.parse(first.startTime ?? ''), Date.parse(first.endTime ?? '')];
  const [otherFrom, otherTo] = [Date.parse(second.startTime ?? ''), Date.parse(second.endTime ?? '')];
  return !(to < otherFrom || otherTo < from);
}

function shareProcesses(first: ReadonlySet<number> | undefined, second: ReadonlySet<number> | undefined): boolean {
  if (first === undefined || second === undefined) return false;
  const common = [...first].filter((pid) => second.has(pid)).length;
  return common > 0 && common >= Math.min(first.size, second.size) * LEAST_SHARE;
}
