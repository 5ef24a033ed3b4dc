import { isWorkerRole } from '../model/machine/roles.ts';
import type { Model } from '../model/model.ts';
import { groupedBy } from '../trace/grouped-by.ts';
import { meaningOf } from './diagnostics.ts';
import { weight } from './finding-order.ts';
import type { Draft } from './parts.ts';
import { type CallStatistics, type Diagnostic, type Finding, type Omitted, SEVERITIES, type Worker } from './report.ts';

/**
 * Rows of the tables of a report: what a person or a program reads. Linux has some 460 system calls, of some 150 errors
 * each.
 */
export const MOST_WORKERS = 1_000;
export const MOST_CALLS = 500;
export const MOST_ERRORS = 64;
export const MOST_TIME_SHARES = 2_000;
export const MOST_DEPENDENCIES = 100;
/** Requests without an answer, and answered late. */
export const MOST_REQUESTS = 200;
/** Findings of one kind. */
export const MOST_FINDINGS = 200;

/** The worst findings of each kind. */
export function chosenFindings(drafts: readonly Draft[]): readonly Draft[] {
  const kinds = groupedBy(drafts, ({ kind }) => kind);
  if ([...kinds.values()].every(({ length }) => length <= MOST_FINDINGS)) return drafts;
  const rank = ({ severity }: Draft): number => SEVERITIES.indexOf(severity);
  // The first of a cause speaks for all that have it.
  const named = new Set<string>();
  const isMember = new Map(drafts.map((draft) => [draft, named.size === named.add(causeKey(draft)).size]));
  const speaks = (draft: Draft): number => (draft.cause !== undefined && isMember.get(draft) === true ? 1 : 0);
  const worst = (of: readonly Draft[]) =>
    of.toSorted((a, b) => rank(a) - rank(b) || speaks(a) - speaks(b) || weight(b) - weight(a)).slice(0, MOST_FINDINGS);
  const chosen = new Set([...kinds.values()].flatMap(worst));
  return drafts.filter((draft) => chosen.has(draft));
}

function causeKey({ kind, cause }: Draft): string {
  return `${kind} ${cause}`;
}

/** How many causes have no finding that is listed. */
export function unlistedCauses(drafts: readonly Draft[]): number {
  const chosen = new Set(chosenFindings(drafts));
  const listed = new Set([...chosen].map(causeKey));
  const hidden = drafts.filter((draft) => !chosen.has(draft));
  const further = hidden.filter((draft) => draft.cause !== undefined && !listed.has(causeKey(draft)));
  return hidden.filter(({ cause }) => cause === undefined).length + new Set(further.map(causeKey)).size;
}

/** The processes that matter most, in their order: those that findings name, then those that served most. */
export function chosenWorkers(workers: readonly Worker[], findings: readonly Finding[]): readonly Worker[] {
  if (workers.length <= MOST_WORKERS) return workers;
  const named = new Set(findings.flatMap((finding) => finding.workers));
  const weight = ({ pid, accepted, requests, longestTurnMs, wastedWakeups }: Worker): number =>
    (named.has(pid) ? 1e15 : 0) + (accepted + requests) * 1e6 + wastedWakeups * 1e3 + (longestTurnMs ?? 0);
  const weights = new Map(workers.map((worker) => [worker, weight(worker)]));
  const order = workers.toSorted((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0));
  const chosen = new Set(order.slice(0, MOST_WORKERS));
  return workers.filter((worker) => chosen.has(worker));
}

/** The most frequent errors of a call. */
export function chosenErrors(errors: ReadonlyMap<string, number>): (readonly [error: string, count: number])[] {
  return [...errors].toSorted((a, b) => b[1] - a[1]).slice(0, MOST_ERRORS);
}

/** What the tables of the report do not list; null when they list all. */
export function omittedFrom(
  model: Model,
  all: readonly Worker[],
  drafts: readonly Draft[],
  shown: {
    readonly workers: readonly Worker[];
    readonly calls: readonly CallStatistics[];
    readonly findings: readonly Finding[];
    /** Rows that have no place. */
    readonly time: number;
    readonly dependencies: number;
  },
): Omitted | null {
  const { gone, open } = model.processes;
  const statistics = model.statistics.all();
  const failed = statistics.reduce((sum, { errors, otherErrors }) => sum + otherErrors + total(errors.values()), 0);
  const listed = shown.calls.reduce((sum, { errors }) => sum + total(Object.values(errors)), 0);
  // Beside processes that serve those that do not have no row.
  const programs = all.some(({ role }) => isWorkerRole(role)) ? 0 : gone.programs;
  const omitted: Omitted = {
    workers: all.length - shown.workers.length + gone.live + gone.endedServed + programs,
    calls: statistics.length - shown.calls.length,
    errors: failed - listed,
    findings: drafts.length - shown.findings.length,
    time: shown.time,
    dependencies: shown.dependencies,
    descriptors: open.forgotten,
    listeners: model.listeners.unfollowed,
  };
  return total(Object.values(omitted)) === 0 ? null : omitted;
}

/** What was let go of while reading, so that counts are lower bounds. */
export function limitsReached({ processes, listeners }: Model): Diagnostic[] {
  const { gone, open } = processes;
  const reached = [
    ['silent-threads', gone.live],
    ['ended-workers', gone.endedServed],
    ['open-descriptors', open.forgotten],
    ['further-listeners', listeners.unfollowed],
  ] as const;
  return reached
    .filter(([, count]) => count > 0)
    .map(([code, count]) => ({ code, ...meaningOf(code), count, samples: [] }));
}

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
