import { causesIn } from '../analysis/causes.ts';
import { hostNoun } from '../analysis/host-noun.ts';
import type { Finding, Report } from '../analysis/report.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import { pids } from './wording.ts';

/** The number that each cause has in a list, by the id of its finding. */
export function numbersOf({ findings }: Report): ReadonlyMap<string, number> {
  return new Map(causesIn(findings).map(({ id }, index) => [id, index + 1]));
}

/** The workers, of which host; the hosts where there are several. */
export function whoseOf(finding: Finding, report: Report): string {
  const [host] = finding.hosts;
  if (host === undefined) return pids(finding);
  return finding.hosts.length === 1 ? `${pids(finding)} of ${host}` : `${finding.hosts.length} ${hostNoun(report)}s`;
}

/** Each worker that has the same cause, the worst first: `4870 1.00 s, 3 times`; [] where it is one. */
export function membersInWords(finding: Finding, findings: readonly Finding[]): readonly string[] {
  if (finding.members.length === 0 || finding.hosts.length > 1) return [];
  const others = findings.filter(({ id }) => finding.members.includes(id));
  return [finding, ...others].map(({ metrics, workers: [pid = 0] }) => memberInWords(pid, metrics));
}

function memberInWords(pid: number, { longestMs, count }: Finding['metrics']): string {
  const isOneOfSeveral = typeof count === 'number' && count > 1;
  const length = typeof longestMs === 'number' ? ` ${isOneOfSeveral ? 'up to ' : ''}${durationOfMs(longestMs)}` : '';
  return `${pid}${length}${typeof count === 'number' ? `, ${plural(count, 'time')}` : ''}`;
}

/**
 * The findings that explain this one or are explained by it: one with its title (`finding 2: connect to …`), several
 * by their numbers (`findings 2, 3`); '' without any.
 */
export function relatedInWords(
  { related }: Finding,
  { findings }: Pick<Report, 'findings'>,
  numbers: ReadonlyMap<string, number>,
): string {
  const named = related.flatMap((id) => numbers.get(id) ?? []);
  if (named.length !== 1) return named.length === 0 ? '' : `findings ${named.join(', ')}`;
  const one = findings.find(({ id }) => related.includes(id) && numbers.has(id));
  return `finding ${named[0]}: ${one?.title ?? ''}`;
}
