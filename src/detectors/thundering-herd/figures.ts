import { standIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { MICROSECOND, SECOND } from '../../trace/time.ts';
import { serverOf } from '../accept-queues/accept-queues.ts';
import type { Context } from '../detector.ts';
import type { Severity } from '../finding.ts';
import type { BurstTotals } from './bursts.ts';
import type { Queue } from './queue.ts';

/** Estimated cost of one wasted wake-up without a tracer: servers that run Python or Ruby, and others. */
const INTERPRETED_COST = 20 * MICROSECOND;
const COMPILED_COST = 5 * MICROSECOND;

/**
 * `exact`: the kernel's wake-ups were counted; `upper`: strace slows the winner, so that all others get as far as
 * EAGAIN; `lower`: some end unseen.
 */
export type Bound = 'exact' | 'upper' | 'lower';

/** The numbers of one accept queue. */
export interface Figures {
  readonly acceptors: number;
  readonly connections: number;
  readonly productive: number;
  /** Those that no system call shows among them. */
  readonly wasted: number;
  readonly silent: number;
  readonly factor: number;
  readonly wastedRatio: number;
  /** Wasted wake-ups; null without times. */
  readonly perSecond: number | null;
  /** What they cost without a tracer, an estimate; null without times. */
  readonly cores: number | null;
  /** From counting accepts only: the waits were not traced. */
  readonly bare: boolean;
  readonly bound: Bound;
  readonly threads: readonly Thread[];
  /** '' when the trace does not name it. */
  readonly server: string;
  readonly bursts: BurstTotals;
}

/** Counts what happened so far on a queue that these threads accept from. Changes nothing. */
export function figuresOf(context: Context, threads: readonly Thread[], queue: Queue): Figures {
  const { bare, connections, first, last } = queue;
  const isBare = queue.wasted === 0 && queue.silent === 0 && bare.lost > 0;
  const server = serverOf(threads);
  const productive = isBare ? bare.accepted : queue.productive;
  const silent = isBare ? 0 : queue.silent;
  const wasted = isBare ? bare.lost : queue.wasted + silent;
  const perSecond = context.capabilities.times && last > first ? wasted / ((last - first) / SECOND) : null;
  const unitCost = /nginx|uWSGI|HAProxy|Apache/.test(server) ? COMPILED_COST : INTERPRETED_COST;
  return {
    acceptors: isBare
      ? bare.threads.size + bare.gone
      : Math.max(apart(threads), apart(queue.shares.keys()) + queue.gone),
    connections,
    productive,
    wasted,
    silent,
    factor: connections === 0 ? 0 : (productive + wasted) / connections,
    wastedRatio: wasted / Math.max(1, productive + wasted),
    perSecond,
    cores: perSecond === null ? null : (perSecond * unitCost) / SECOND,
    bare: isBare,
    bound: boundOf(context),
    threads,
    server,
    bursts: queue.bursts.totals,
  };
}

/** Threads that take turns at one wait are one acceptor. */
function apart(threads: Iterable<Thread>): number {
  const standing = new Set<Thread>();
  for (const thread of threads) standing.add(standIn(thread));
  return standing.size;
}

function boundOf({ model, capabilities }: Context): Bound {
  if (model.scheduler.active) return 'exact';
  return capabilities.stopsThreads ? 'upper' : 'lower';
}

/**
 * How bad so many wasted wake-ups are. With two acceptors at most half of all wake-ups are wasted, so that their limit
 * lies lower.
 */
export function severityOf(
  { threshold }: Context,
  {
    acceptors,
    factor,
    wastedRatio,
  }: { readonly acceptors: number; readonly factor: number; readonly wastedRatio: number },
  perSecond: number | null,
): Severity {
  const limit = acceptors < 3 ? 1 + threshold('herd-wasted-ratio') : threshold('herd-factor');
  if (factor < limit || wastedRatio < threshold('herd-wasted-ratio')) return 'info';
  return perSecond !== null && perSecond >= threshold('herd-critical-per-second') ? 'critical' : 'warning';
}
