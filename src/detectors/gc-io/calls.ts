import type { CollectorCall } from '../../model/topics/stacks/stack-tracker.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** Calls kept in full: the longest. */
const KEPT = 20;

/** Kinds of calls told apart; further ones are only counted. */
const MOST_TARGETS = 12;

const MOST_WORKERS = 256;

/** Calls of one certainty: inside a collector, near it, or inside a finalizer that no collector called. */
export interface CollectorCalls {
  count: number;
  total: Nanoseconds;
  first: Nanoseconds;
  last: Nanoseconds;
  green: boolean;
  /** On a socket of a process with greenlets: there it may switch. */
  switching: number;
  /** Those of them that could not go on: there it surely did. */
  gaveWay: number;
  readonly kept: CollectorCall[];
  readonly targets: Map<string, number>;
  readonly workers: Set<number>;
}

/** No calls yet. */
export function begin(): CollectorCalls {
  return {
    count: 0,
    total: 0,
    first: UNKNOWN,
    last: UNKNOWN,
    green: false,
    switching: 0,
    gaveWay: 0,
    kept: [],
    targets: new Map(),
    workers: new Set(),
  };
}

/** Takes one more call in. */
export function add(calls: CollectorCalls, fact: CollectorCall): void {
  calls.count++;
  calls.first = earlier(calls.first, fact.start);
  calls.last = later(calls.last, fact.start + Math.max(0, fact.duration));
  calls.total += Math.max(0, fact.duration);
  calls.green ||= fact.isGreen;
  if (fact.isGreen && fact.isSocket) {
    calls.switching++;
    if (fact.error === 'EAGAIN' || fact.error === 'EINPROGRESS') calls.gaveWay++;
  }
  if (calls.workers.size < MOST_WORKERS) calls.workers.add(fact.thread.process.pid);
  const target = `${fact.call}${fact.target === '' ? '' : ` on ${fact.target}`}`;
  const known = calls.targets.get(target);
  if (known !== undefined || calls.targets.size < MOST_TARGETS) calls.targets.set(target, (known ?? 0) + 1);
  calls.kept.push(fact);
  if (calls.kept.length > KEPT)
    calls.kept.splice(
      calls.kept.indexOf(calls.kept.reduce((least, other) => (other.duration < least.duration ? other : least))),
      1,
    );
}
