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

/** How near two sums of waits are that are the same waits, seen at the lock and at the connection. */
const NEARLY = 0.75;

/** How long requests waited for a free connection to a service, where that is what a finding is about; else 0. */
function queuedMs({ kind, findings }: Causing): number {
  if (kind !== 'slow-dependency') return 0;
  return findings
    .flatMap(({ metrics }) => listOf(metrics.dependencies))
    .filter(({ queued, longestQueuedMs, longestMs }) => numberOf(queued) > 0 && longestQueuedMs === longestMs)
    .reduce((sum, { totalMs }) => sum + numberOf(totalMs), 0);
}

/** Requests waited for a free connection: their threads wait for each other, and their call has no target. */
export function isForConnections(cause: Causing): boolean {
  return queuedMs(cause) > 0;
}

/** Which part of the waits of a process for a lock were waits for a free connection, 0 to 1. */
export function waitedForConnections(pids: ReadonlySet<number>, totalMs: number, cause: Causing): number {
  const queued = queuedMs(cause);
  const isThere = cause.findings.some(({ workers }) => workers.some((pid) => pids.has(pid)));
  const share = Math.min(queued, totalMs) / Math.max(queued, totalMs, 1);
  return isThere && share >= NEARLY ? share : 0;
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
