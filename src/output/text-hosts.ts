import { causesIn } from '../analysis/causes.ts';
import type { Finding, Host, Report } from '../analysis/report.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import type { Column, Page, Table } from './page.ts';
import { SEVERITY_WORDS } from './wording.ts';

/** Rows of hosts that say the same are one: more than these are counted. */
const MOST_ROWS = 12;
const MOST_NAMES = 5;

const COLUMNS: readonly Column[] = [
  { title: 'HOSTS', align: 'left' },
  { title: 'SEVERITY', align: 'left' },
  { title: 'LONGEST', align: 'right' },
  { title: 'WHAT', align: 'left', shrinks: true },
];

interface HostGroup {
  readonly names: readonly string[];
  readonly severity: Host['verdict']['severity'];
  readonly longest: string;
  readonly text: string;
}

/** Which host says what, the worst first; hosts with the same cause share a row. */
export function addHosts(page: Page, report: Report): void {
  if (report.hosts === undefined) return;
  const { columns, rows } = hostTable(report, report.hosts);
  page.table(0, columns, rows.slice(0, MOST_ROWS));
  if (rows.length > MOST_ROWS) page.line([], 0, `+${plural(rows.length - MOST_ROWS, 'more row')}, -v shows all`);
}

/** The same as a table. */
export function hostTable(report: Report, hosts: readonly Host[]): Table {
  return {
    title: 'HOSTS',
    note: '',
    columns: COLUMNS,
    rows: hostGroups(report, hosts).map(({ names, severity, longest, text }) => [
      namesOf(names),
      SEVERITY_WORDS[severity],
      longest,
      text,
    ]),
  };
}

/** Hosts by the cause that is worst there; those without one by what their capture says. */
export function hostGroups({ findings }: Report, hosts: readonly Host[]): readonly HostGroup[] {
  const groups = new Map<string, { host: Host; names: string[]; lengths: number[] }>();
  const causes = causesIn(findings).filter(({ hosts: own }) => own.length > 0);
  for (const host of hosts) {
    const isQuiet = host.verdict.severity === 'none' || host.verdict.severity === 'info';
    const cause = isQuiet ? undefined : causes.find((each) => each.hosts.includes(host.name));
    const key = cause?.id ?? `${host.verdict.severity} ${host.verdict.confidence}`;
    const known = groups.get(key);
    const group = known ?? { host, names: [], lengths: [] };
    groups.set(key, group);
    group.names.push(host.name);
    const length = cause === undefined ? undefined : lengthOn(host.name, cause, findings);
    if (length !== undefined) group.lengths.push(length);
  }
  return [...groups.values()].map(({ host, names, lengths }) => ({
    names,
    severity: host.verdict.severity,
    longest: spread(lengths),
    text: host.verdict.text.replace(/^(?:Likely|Possible|Unsure): /, ''),
  }));
}

function lengthOn(host: string, cause: Finding, findings: readonly Finding[]): number | undefined {
  const own = [cause, ...findings.filter(({ memberOf }) => memberOf === cause.id)].filter((each) =>
    each === cause ? cause.hosts[0] === host : each.hosts[0] === host,
  );
  const lengths = own.flatMap(({ metrics: { longestMs } }) => (typeof longestMs === 'number' ? longestMs : []));
  return lengths.length === 0 ? undefined : Math.max(...lengths);
}

function spread(lengths: readonly number[]): string {
  if (lengths.length === 0) return '-';
  const [least, most] = [durationOfMs(Math.min(...lengths)), durationOfMs(Math.max(...lengths))];
  return least === most ? most : `${least} to ${most}`;
}

/** Hosts by name, five at most. */
export function namesOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` +${more} more` : ''}`;
}
