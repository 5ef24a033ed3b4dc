import type { Accepted } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import { acceptorsOfEach, pidsOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { type KeptLine, keptLine } from '../../model/turn.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import type { Conclusion, DraftFinding, Severity } from '../finding.ts';
import { gini } from '../gini.ts';
import { count, plural, ratio, reasonsOf, round } from '../words.ts';

/** Utilisation of the favourite at which its share starts to cost others time, and of an idle sibling (semantics 2.7). */
const BUSY = 0.7;
const WORKING = 0.3;
const IDLE = 0.2;
const MOST_LINES = 1000;

interface Shares {
  readonly byThread: Map<Thread, number>;
  first: Nanoseconds;
  last: Nanoseconds;
  /** Longest run of connections that one thread won in a row. */
  streak: number;
  run: number;
  winner: Thread | null;
  /** Threads that there was no room for. */
  gone: number;
  /** The first accept of each thread. */
  readonly lines: Map<Thread, KeptLine>;
}

export const acceptSkew: DetectorDefinition = {
  kind: 'accept-skew',
  title: 'One worker gets most connections',
  thresholds: ['skew-gini', 'skew-connections-per-worker'],
  create(context): Detector {
    const queues = new Map<Listener, Shares>();
    return {
      on: {
        accepted({ listener, thread, record }: Accepted) {
          const time = record.end;
          const shares = queues.get(listener) ?? {
            byThread: new Map(),
            gone: 0,
            first: time,
            last: time,
            streak: 0,
            run: 0,
            winner: null,
            lines: new Map(),
          };
          queues.set(listener, shares);
          shares.byThread.set(thread, (shares.byThread.get(thread) ?? 0) + 1);
          shares.first = earlier(shares.first, time);
          shares.last = later(shares.last, time);
          shares.run = shares.winner === thread ? shares.run + 1 : 1;
          shares.winner = thread;
          if (!shares.lines.has(thread) && shares.lines.size < MOST_LINES) shares.lines.set(thread, keptLine(record));
          shares.streak = Math.max(shares.streak, shares.run);
        },
        threadLetGo(thread: Thread) {
          for (const listener of thread.accepts.listeners) {
            const shares = queues.get(listener);
            if (shares?.byThread.delete(thread)) shares.gone++;
            shares?.lines.delete(thread);
            if (shares?.winner === thread) shares.winner = null;
          }
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
};

function conclude(context: Context, queues: ReadonlyMap<Listener, Shares>): Conclusion {
  const findings: DraftFinding[] = [];
  const reasons = new Set<string>();
  const acceptors = acceptorsOfEach(context.model.processes.threads());
  for (const [listener, shares] of queues) {
    const judged = judge(context, listener, shares, acceptors.get(listener) ?? []);
    if (typeof judged === 'string') reasons.add(judged);
    else findings.push(judged);
  }
  if (findings.length > 0)
    return { outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} with unequal shares` }, findings };
  if (queues.size === 0) return { outcome: { status: 'not-applicable', reason: 'No connection was accepted in the trace' }, findings };
  return { outcome: { status: 'clear', reason: reasonsOf(reasons) }, findings };
}

function judge(context: Context, listener: Listener, shares: Shares, acceptors: readonly Thread[]): DraftFinding | string {
  const { capabilities } = context;
  const threads = new Set([...acceptors, ...shares.byThread.keys()]);
  const counts = [...threads].map((thread) => shares.byThread.get(thread) ?? 0);
  const total = counts.reduce((sum, each) => sum + each, 0);
  const workers = counts.length;
  const most = largestOf(counts);
  const spread = gini(counts);
  const said = `${listener.name}: shares ${counts
    .toSorted((a, b) => b - a)
    .slice(0, 8)
    .join(' ')}${workers > 8 ? ' …' : ''} of ${plural(total, 'connection')}, Gini ${round(spread, 3)}`;
  if (shares.gone > 0)
    return `${listener.name}: ${plural(workers + shares.gone, 'acceptor')} came and went, too many to compare their shares`;
  if (workers < 2) return `${listener.name}: one acceptor`;
  if (total < context.threshold('skew-connections-per-worker') * workers)
    return `${said}; too few to judge (${context.threshold('skew-connections-per-worker')} a worker needed)`;
  if (most < (2 * total) / workers || spread < context.threshold('skew-gini')) return said;
  const favourite = [...threads].find((thread) => (shares.byThread.get(thread) ?? 0) === most) as Thread;
  const utilisation = favourite.loop.utilisation;
  const idlest = smallestOf([...threads].map((thread) => thread.loop.utilisation).filter((value) => !Number.isNaN(value)));
  // Unequal shares among idle workers do no harm: the warm worker is the cheaper one.
  const severity: Severity = utilisation >= BUSY && idlest <= IDLE ? 'critical' : utilisation >= WORKING ? 'warning' : 'info';
  const title = `Worker ${favourite.process.pid} accepted ${count(most)} of ${plural(total, 'connection')} on ${listener.name}`;
  const busy = Number.isNaN(utilisation)
    ? ''
    : ` It was away from its wait ${ratio(utilisation * 100)} % of the time, the idlest worker ${ratio(idlest * 100)} %.`;
  return {
    kind: 'accept-skew',
    severity,
    sureness: 'likely',
    title: title.length > 78 ? `${title.slice(0, 75)}...` : title,
    summary: `${said}. Worker ${favourite.process.pid} accepted ${count(most)}.${busy} The longest run of connections that one worker won in a row was ${count(shares.streak)}.`,
    why: whyOf(severity, Number.isNaN(utilisation)),
    start: capabilities.times ? shares.first : UNKNOWN,
    end: capabilities.times ? shares.last : UNKNOWN,
    openEnded: false,
    workers: pidsOf(threads),
    metrics: {
      listener: listener.name,
      acceptors: workers,
      connections: total,
      maxShare: round(most / total, 3),
      gini: round(spread, 3),
      favourite: favourite.process.pid,
      longestStreak: shares.streak,
      favouriteBusyPercent: Number.isNaN(utilisation) ? null : round(utilisation * 100, 1),
      idlestBusyPercent: Number.isFinite(idlest) ? round(idlest * 100, 1) : null,
      shares: counts.toSorted((a, b) => b - a),
    },
    evidence: [shares.lines.get(favourite)].filter((line) => line !== undefined),
    next: [
      severity === 'info'
        ? { text: 'Do nothing, unless latency suffers: then record again under load and compare.' }
        : {
            text: 'Give each worker a queue of its own with SO_REUSEPORT; where workers stall or restart often, spread connections by a round-robin proxy in front instead.',
            needs: 'gunicorn 24.0.0 or later for its --reuse-port',
            caveat:
              'With queues of their own, connections wait on a stalled worker although others are idle. EPOLLEXCLUSIVE does not spread load, it concentrates it.',
          },
    ],
    nextWhileStalled: [{ text: 'Fix the stalls in this report first, then record again: a stalled worker distorts the shares.' }],
    subjects: [`listener ${listener.id}`],
  };
}

function whyOf(severity: Severity, isBusyUnknown: boolean): string {
  if (severity !== 'info') return 'Connections queue behind one busy worker although others are idle.';
  return isBusyUnknown
    ? 'Whether that does harm the capture does not tell: it has no times.'
    : 'While all workers are mostly idle this does no harm.';
}
