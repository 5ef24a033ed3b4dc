import { isWorkerRole } from '../model/machine/roles.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import { causesIn } from './causes.ts';
import type { HostNoun } from './host-noun.ts';
import type { HostReport } from './host-report.ts';
import type { Finding, Report, Verdict } from './report.ts';
import { judgedIn, worstOf } from './verdict.ts';

const MOST_REASONS = 3;
const MOST_NAMES = 3;

/** Hosts, each with its report; null for a capture that could not be read. */
export interface JudgedHost {
  readonly host: string;
  readonly report: Report | null;
}

/**
 * One sentence on several hosts: the finding to act on first; else the hosts of which nothing can be said, and why;
 * else what was looked at on all of them. A fleet is clear where each host is.
 */
export function decideOnHosts(findings: readonly Finding[], hosts: readonly JudgedHost[], noun: HostNoun): Verdict {
  const worst = worstOf(findings);
  if (worst !== null) return worst;
  const [first, ...more] = causesIn(findings);
  const untold = hosts.filter(({ report }) => report === null || report.verdict.confidence === 'cannot-tell');
  const told = hosts.flatMap(({ host, report }) =>
    report === null || report.verdict.confidence === 'cannot-tell' ? [] : [{ host, report }],
  );
  if (untold.length > 0) {
    const who =
      told.length > 0
        ? `${untold.length} of ${hosts.length} ${noun}s`
        : hosts.length === 2
          ? `both ${noun}s`
          : `all ${hosts.length} ${noun}s`;
    const text = `Cannot tell for ${who}: ${reasonsOf(untold, told.length > 0)}.${restOf(told, first)}`;
    return { severity: first === undefined ? 'none' : 'info', confidence: 'cannot-tell', text };
  }
  const where = `on ${hosts.length} ${noun}s${lengthsOf(told)}`;
  if (first !== undefined)
    return {
      severity: 'info',
      confidence: first.confidence,
      text: `Nothing urgent ${where}: ${first.title}${more.length > 0 ? ` (+${more.length} more)` : ''}`,
    };
  const serving = told.reduce((sum, { report }) => sum + servingIn(report), 0);
  const checks = Math.min(...told.map(({ report }) => judgedIn(report.outcomes)));
  return {
    severity: 'none',
    confidence: 'likely',
    text: `No herd, stall or hang-up found ${where} (${plural(serving, 'worker')}, ${plural(checks, 'check')})`,
  };
}

/** `385 ms are too short (h1, h2); no worker that accepts connections was seen (web-2)`. */
function reasonsOf(hosts: readonly JudgedHost[], isNamed: boolean): string {
  const groups = new Map<string, { readonly reason: string; readonly members: JudgedHost[] }>();
  for (const each of hosts) {
    const reason = reasonOf(each);
    const key = reason.replace(/[\d,.]+ m?s\b/, '#');
    const group = groups.get(key) ?? { reason, members: [] };
    groups.set(key, group);
    group.members.push(each);
  }
  const sorted = [...groups.values()].toSorted((a, b) => b.members.length - a.members.length);
  const parts = sorted.slice(0, MOST_REASONS).map(({ reason, members }) => {
    const [least, most] = extremesOf(members);
    const text = least === most ? reason : reason.replace(/[\d,.]+ m?s\b/, `${least} to ${most}`);
    if (!isNamed && groups.size === 1) return text;
    const names = members.slice(0, MOST_NAMES).map(({ host }) => host);
    const rest = members.length - names.length;
    return `${text} (${names.join(', ')}${rest > 0 ? ` +${rest} more` : ''})`;
  });
  const rest = sorted.length - parts.length;
  return `${parts.join('; ')}${rest > 0 ? `; ${plural(rest, 'more reason')}` : ''}`;
}

/** What the capture itself gives as the reason, which is its first sentence. */
function reasonOf({ report }: JudgedHost): string {
  if (report === null) return 'the capture could not be read';
  return /^Cannot tell: (.+?)\.(?:\s|$)/.exec(report.verdict.text)?.[1] ?? 'its own verdict cannot tell';
}

/** What is known of the others, with what was seen on them or elsewhere. */
function restOf(told: readonly HostReport[], first: Finding | undefined): string {
  const seen = first === undefined ? '' : ` Seen all the same: ${first.title}`;
  if (told.length === 0) return seen;
  const others = told.length === 1 ? 'the other one' : `the other ${told.length}`;
  if (told.every(({ report }) => report.verdict.severity === 'none'))
    return ` No herd, stall or hang-up found on ${others}.${seen}`;
  return first !== undefined && told.some(({ host }) => first.hosts.includes(host))
    ? ` Nothing urgent on ${others}: ${first.title}`
    : ` Nothing urgent on ${others}.${seen}`;
}

/** ` in 4.28 s each`, ` in 4.28 s to 20.10 s each`; '' where one has no times. */
function lengthsOf(hosts: readonly JudgedHost[]): string {
  const [least, most] = extremesOf(hosts);
  if (least === '-' || most === '-') return '';
  return least === most ? ` in ${least} each` : ` in ${least} to ${most} each`;
}

/** The shortest and the longest capture, in words. */
function extremesOf(hosts: readonly JudgedHost[]): readonly [least: string, most: string] {
  const lengths = hosts.map(({ report }) => report?.window.durationMs ?? null);
  const known = lengths.flatMap((length) => length ?? []);
  if (known.length < lengths.length || known.length === 0) return ['-', '-'];
  return [durationOfMs(Math.min(...known)), durationOfMs(Math.max(...known))];
}

function servingIn({ workers }: Report): number {
  return workers.filter(({ role }) => isWorkerRole(role)).length;
}
