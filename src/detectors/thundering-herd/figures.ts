import type { Listener } from '../../model/machine/listener.ts';
import { standIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { MICROSECOND, SECOND } from '../../trace/time.ts';
import { serverOf } from '../accept-queues/accept-queues.ts';
import { attendancesOf, mostAtOnce } from '../accept-queues/attendance.ts';
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

/** What decides how bad a herd is. */
export interface HerdCost {
  readonly acceptors: number;
  readonly factor: number;
  readonly wastedRatio: number;
  /** Wasted wake-ups; null without times. */
  readonly perSecond: number | null;
  /** What they cost without a tracer, an estimate; null without times. */
  readonly cores: number | null;
  /** The mean share of their time that the acceptors were away from their wait, 0 to 1; null where nothing tells. */
  readonly busy: number | null;
}

/** The numbers of one accept queue. */
export interface Figures extends HerdCost {
  readonly connections: number;
  readonly productive: number;
  /** Those that no system call shows among them. */
  readonly wasted: number;
  readonly silent: number;
  /** From counting accepts only: the waits were not traced. */
  readonly bare: boolean;
  readonly bound: Bound;
  readonly threads: readonly Thread[];
  /** '' when the trace does not name it. */
  readonly server: string;
  readonly bursts: BurstTotals;
}

/** Counts what happened so far on a queue that these threads accept from. Changes nothing. */
export function figuresOf(context: Context, listener: Listener, threads: readonly Thread[], queue: Queue): Figures {
  const { bare, connections, first, last } = queue;
  const isBare = queue.wasted === 0 && queue.silent === 0 && bare.lost > 0;
  const server = serverOf(threads);
  const productive = isBare ? bare.accepted : queue.productive;
  const silent = isBare ? 0 : queue.silent;
  const wasted = isBare ? bare.lost : queue.wasted + silent;
  const perSecond = context.capabilities.times && last > first ? wasted / ((last - first) / SECOND) : null;
  return {
    acceptors: isBare ? bare.threads.size + bare.gone : acceptorsOf(context, listener, threads, queue),
    connections,
    productive,
    wasted,
    silent,
    factor: connections === 0 ? 0 : (productive + wasted) / connections,
    wastedRatio: wasted / Math.max(1, productive + wasted),
    perSecond,
    cores: coresOf(perSecond, server),
    busy: busyOf(threads),
    bare: isBare,
    bound: boundOf(context),
    threads,
    server,
    bursts: queue.bursts.totals,
  };
}

/** How many acceptors there were at a time: after a reload others take the place of those that leave. */
function acceptorsOf(
  { model, capabilities }: Context,
  listener: Listener,
  threads: readonly Thread[],
  { shares, gone }: Queue,
): number {
  const all = apart([...threads, ...shares.keys()]);
  if (!capabilities.times || gone > 0) return Math.max(apart(threads).size, apart(shares.keys()).size + gone);
  const known = attendancesOf(listener, all, model);
  return mostAtOnce(known) + all.size - known.length;
}

/** Threads that take turns at one wait are one acceptor. */
function apart(threads: Iterable<Thread>): ReadonlySet<Thread> {
  const standing = new Set<Thread>();
  for (const thread of threads) standing.add(standIn(thread));
  return standing;
}

function boundOf({ model, capabilities }: Context): Bound {
  if (model.scheduler.active) return 'exact';
  return capabilities.stopsThreads ? 'upper' : 'lower';
}

/** Servers whose acceptors are compiled programs; uWSGI's core is C, whatever it runs. */
const COMPILED = /^(?:nginx|uWSGI|HAProxy|Apache|lighttpd|h2o|memcached|Redis|Varnish|Envoy)/;

/** What so many wasted wake-ups a second cost without a tracer, as a share of one core; null without times. */
export function coresOf(perSecond: number | null, server: string): number | null {
  const each = COMPILED.test(server) ? COMPILED_COST : INTERPRETED_COST;
  return perSecond === null ? null : (perSecond * each) / SECOND;
}

function busyOf(threads: readonly Thread[]): number | null {
  const shares = threads.map(({ loop }) => loop.utilisation).filter((share) => !Number.isNaN(share));
  return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** How much faster the connections may come that a herd of a busy server is judged by. */
const GROWTH = 10;

/**
 * How bad so many wasted wake-ups are: what nobody feels is info. With two acceptors at most half of all wake-ups are
 * wasted, so that their limit lies lower.
 */
export function severityOf({ threshold }: Context, herd: HerdCost): Severity {
  const { acceptors, factor, wastedRatio, perSecond, cores, busy } = herd;
  const limit = acceptors < 3 ? 1 + threshold('herd-wasted-ratio') : threshold('herd-factor');
  if (factor < limit || wastedRatio < threshold('herd-wasted-ratio')) return 'info';
  const dear = threshold('herd-core-share');
  const isBusy = busy !== null && busy >= threshold('herd-busy-share');
  if (cores === null || cores * (isBusy ? GROWTH : 1) < dear) return 'info';
  return perSecond !== null && cores >= dear && perSecond >= threshold('herd-critical-per-second')
    ? 'critical'
    : 'warning';
}
