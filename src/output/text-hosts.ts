import { causesIn } from '../analysis/causes.ts';
import { hostNoun } from '../analysis/host-noun.ts';
import type { Finding, Host, Report } from '../analysis/report.ts';
import { shortInHostTable } from '../analysis/short-title.ts';
import { withoutHosts } from '../analysis/title-on-hosts.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import type { Column, Page, Table } from './page.ts';
import { SEVERITY_WORDS } from './wording.ts';

/** Rows of hosts that say the same are one: more than these are counted. */
const MOST_ROWS = 12;
const MOST_NAMES = 5;
const FIRST_NAMES = 3;

const COLUMNS: readonly Column[] = [
  { title: 'SEVERITY', align: 'left' },
  { title: 'LONGEST', align: 'right' },
  { title: 'WHAT', align: 'left', shrinks: true, shortened: shortInHostTable },
];

interface HostGroup {
  readonly names: readonly string[];
  readonly severity: Host['verdict']['severity'];
  readonly longest: string;
  readonly text: string;
}

/** Which host says what, the worst first; those that say the same share a row. */
export function addHosts(page: Page, report: Report): void {
  if (report.hosts === undefined) return;
  const { columns, rows } = hostTable(report, report.hosts);
  page.table(0, columns, rows.slice(0, MOST_ROWS));
  if (rows.length > MOST_ROWS) page.line([], 0, `+${plural(rows.length - MOST_ROWS, 'more row')}, -v shows all`);
}

/** The same as a table. */
export function hostTable(report: Report, hosts: readonly Host[]): Table {
  return {
    title: '',
    note: '',
    columns: [{ title: `${hostNoun(report).toUpperCase()}S`, align: 'left' }, ...COLUMNS],
    rows: hostGroups(report, hosts).map(({ names, severity, longest, text }) => [
      namesOf(names),
      SEVERITY_WORDS[severity],
      longest,
      text,
    ]),
  };
}

/** Hosts of the same first cause that is as bad on each; those without one by what their capture says. */
export function hostGroups({ findings }: Report, hosts: readonly Host[]): readonly HostGroup[] {
  const groups = new Map<string, Host[]>();
  for (const host of hosts) {
    const { severity, text } = host.verdict;
    const key = `${severity} ${host.cause ?? withoutFigures(text)}`;
    groups.set(key, [...(groups.get(key) ?? []), host]);
  }
  const causes = new Map(causesIn(findings).map((cause) => [cause.id, cause]));
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const cause = first.cause === null ? undefined : causes.get(first.cause);
    return {
      names: members.map(({ name }) => name),
      severity: first.verdict.severity,
      longest: spread(members.flatMap(({ name }) => (cause === undefined ? [] : lengthsOn(name, cause, findings)))),
      text: cause === undefined || members.length === 1 ? textOf(members) : withoutHosts(cause.title),
    };
  });
}

/** What hosts say that all say the same, with the figures that differ as a range or left out. */
function textOf(hosts: readonly Host[]): string {
  const [first] = hosts;
  if (first === undefined) return '';
  const text = first.verdict.text.replace(/^(?:Likely|Possible|Unsure): /, '');
  if (hosts.every(({ verdict }) => verdict.text === first.verdict.text)) return text;
  const lengths = hosts.flatMap(({ window }) => window.durationMs ?? []);
  const ranged = text.replace(durationOfMs(first.window.durationMs), spread(lengths));
  const rest = ({ verdict, window }: Host): string => verdict.text.replace(durationOfMs(window.durationMs), '');
  return hosts.every((host) => rest(host) === rest(first)) ? ranged : ranged.replace(/ \([^()]*\)$/, '');
}

/** Verdicts that differ in lengths and counts alone have one text. */
function withoutFigures(text: string): string {
  return text.replace(/[\d,.]+ m?s\b/g, '#').replace(/ \([^()]*\)$/, '');
}

function lengthsOn(host: string, cause: Finding, findings: readonly Finding[]): readonly number[] {
  const own = [cause, ...findings.filter(({ memberOf }) => memberOf === cause.id)].filter((each) =>
    each === cause ? cause.hosts[0] === host : each.hosts[0] === host,
  );
  const lengths = own.flatMap(({ metrics: { longestMs } }) => (typeof longestMs === 'number' ? longestMs : []));
  return lengths.length === 0 ? [] : [Math.max(...lengths)];
}

function spread(lengths: readonly number[]): string {
  if (lengths.length === 0) return '-';
  const [least, most] = [durationOfMs(Math.min(...lengths)), durationOfMs(Math.max(...lengths))];
  return least === most ? most : `${least} to ${most}`;
}

/** Hosts by name: all of five, the first ones of more. */
export function namesOf(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ');
  // What they say needs the room.
  return `${names.slice(0, FIRST_NAMES).join(', ')} +${names.length - FIRST_NAMES} more`;
}
