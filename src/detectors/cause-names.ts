import type { Causing } from './effect.ts';
import { listOf, numberOf, textOf } from './read-metric.ts';

/** What a cause is about, by the names that targets of calls have. */
export function namesOf({ findings }: Causing): ReadonlySet<string> {
  const names = findings.flatMap(({ metrics: { dependencies, lock, files, servers } }) => [
    ...listOf(dependencies).map(({ peer }) => peer),
    lock,
    ...listOf(files).map(({ path }) => path),
    ...listOf(servers).map(({ server }) => server),
  ]);
  return new Set(names.map((name) => bareName(textOf(name))).filter((name) => name !== ''));
}

/** Without the kind of a descriptor, what a port stands for, and the id of a session in the name of its file. */
export function bareName(name: string): string {
  return name
    .replace(/ \([^()]*\)$/, '')
    .replace(/^[a-z]+ (?=fd \d+$)/, '')
    .replace(/\/sess_[^/]*$/, '/sess_');
}

/** How long was waited in all, in milliseconds. */
export function totalMsOf({ findings }: Causing): number {
  return findings.reduce(
    (sum, { metrics: { dependencies, totalMs } }) =>
      sum +
      (dependencies === undefined
        ? numberOf(totalMs)
        : listOf(dependencies).reduce((all, each) => all + numberOf(each.totalMs), 0)),
    0,
  );
}

/** How long a stall or a stuck thread waited for what bears one of these names, in milliseconds; 0 of other kinds. */
export function waitedMs({ kind, findings }: Causing, names: ReadonlySet<string>): number {
  const waits = findings.flatMap(({ metrics: { target, totalMs, threads } }) =>
    kind === 'loop-stall'
      ? [{ target, ms: totalMs }]
      : kind === 'stuck-call'
        ? listOf(threads).map((thread) => ({ target: thread.target, ms: thread.forMs }))
        : [],
  );
  return waits
    .filter((wait) => names.has(bareName(textOf(wait.target))))
    .reduce((sum, { ms }) => sum + numberOf(ms), 0);
}
