import { keptLine } from '../../model/evidence.ts';
import type { Accepted } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { standIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { plural } from '../../trace/format-numbers.ts';
import { earlier, later } from '../../trace/time.ts';
import { AcceptQueues, UNTOLD, type Unjudged, verdictOf } from '../accept-queues/accept-queues.ts';
import { type Attendance, attendancesOf, mostAtOnce } from '../accept-queues/attendance.ts';
import { gini } from '../accept-queues/gini.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import { type Conclusion, type DraftFinding, notApplicable, type Severity } from '../finding.ts';
import { finding, saidOf } from './finding.ts';
import type { History } from './history.ts';
import { type Metrics, metrics } from './metrics.ts';
import { type Figures, MOST_LINES, noShares, type Shares } from './shares.ts';

/** Utilisation of the favourite from which on its share is critical, and from which on it costs others time. */
const BUSY = 0.7;
const WORKING = 0.3;
/** Utilisation up to which a worker is idle: it could have taken the connections. */
const IDLE = 0.2;

export const acceptSkew = defineDetector({
  kind: 'accept-skew',
  title: 'One worker gets most connections',
  needs: [{ families: ['accept'], calls: 'accept', without: 'who gets the connections is unknown' }],
  thresholds: {
    'skew-gini': {
      default: 0.4,
      unit: '',
      meaning:
        'Shares of connections are unequal from this Gini coefficient on: 0 is the same for all, 1 is one ' +
        'worker that has all.',
    },
    'skew-connections-per-worker': {
      default: 20,
      unit: 'connections',
      meaning: 'Fewer connections than this for each worker say nothing about balance.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: true },
  metrics,
  measures: { share: 'maxShare' },
  create(context) {
    const queues = new AcceptQueues(noShares);
    return {
      on: {
        accepted({ listener, thread, record }: Accepted) {
          const shares = queues.of(listener);
          shares.byThread.set(thread, (shares.byThread.get(thread) ?? 0) + 1);
          shares.first = earlier(shares.first, record.end);
          shares.last = later(shares.last, record.end);
          shares.history.add(record.end);
          shares.run = shares.winner === thread ? shares.run + 1 : 1;
          shares.winner = thread;
          if (!shares.lines.has(thread) && shares.lines.size < MOST_LINES) shares.lines.set(thread, keptLine(record));
          shares.streak = Math.max(shares.streak, shares.run);
        },
        threadLetGo(thread: Thread) {
          for (const shares of queues.ofThread(thread)) {
            if (shares.byThread.delete(thread)) shares.gone++;
            shares.lines.delete(thread);
            if (shares.winner === thread) shares.winner = null;
          }
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
});

function conclude(context: Context, queues: AcceptQueues<Shares>): Conclusion<Metrics> {
  return verdictOf(
    [...queues.withAcceptors(context.model)].map(([listener, shares, acceptors]) =>
      judge(context, listener, shares, acceptors),
    ),
    (findings) => `${plural(findings, 'listener')} with unequal shares`,
    () => notApplicable('No connection was accepted in the trace'),
  );
}

function judge(
  context: Context,
  listener: Listener,
  shares: Shares,
  acceptors: readonly Thread[],
): DraftFinding<Metrics> | string | Unjudged {
  const figures = figuresOf(context, listener, acceptors, shares);
  const { total, spread, lead, atOnce } = figures;
  const workers = figures.counts.length;
  const said = saidOf(listener, figures);
  if (shares.gone > 0) {
    const acceptors = plural(workers + shares.gone, 'acceptor');
    return { unjudged: `${listener.name}: ${acceptors} came and went, too many to compare their shares` };
  }
  if (workers < 2) return { unjudged: `${listener.name}: one acceptor was traced, shares compare several` };
  if (listener.isUntold) return { unjudged: UNTOLD };
  if (atOnce < 2)
    return { unjudged: `${listener.name}: one acceptor at a time, ${workers} in all, shares compare several` };
  if (total < context.threshold('skew-connections-per-worker') * workers)
    return {
      unjudged: `${said}; too few to judge (${context.threshold('skew-connections-per-worker')} a worker needed)`,
    };
  if (lead < 2 || spread < context.threshold('skew-gini')) return said;
  return finding(context, listener, shares, figures, severityOf(figures));
}

function figuresOf(
  { model, capabilities }: Context,
  listener: Listener,
  acceptors: readonly Thread[],
  { byThread, history }: Shares,
): Figures {
  const accepted = new Map<Thread, number>();
  for (const thread of [...acceptors.filter((each) => acceptsItself(each, byThread)), ...byThread.keys()])
    accepted.set(standIn(thread), 0);
  for (const [thread, count] of byThread) accepted.set(standIn(thread), (accepted.get(standIn(thread)) ?? 0) + count);
  const threads = new Set(accepted.keys());
  const counts = [...accepted.values()];
  const attendances = capabilities.times ? attendancesOf(listener, threads, model) : [];
  const rates = ratesOf(accepted, history, attendances);
  const values = [...rates.values()];
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const highest = largestOf(values);
  const favourite = [...rates].find(([, rate]) => rate === highest)?.[0] ?? (acceptors[0] as Thread);
  return {
    threads,
    counts,
    total: counts.reduce((sum, each) => sum + each, 0),
    most: accepted.get(favourite) ?? 0,
    spread: values.length < 2 ? 0 : gini(values),
    lead: mean > 0 ? highest / mean : 1,
    atOnce: attendances.length < threads.size ? threads.size : mostAtOnce(attendances),
    favourite,
    idlest: smallestOf([...threads].map((thread) => thread.loop.utilisation).filter((value) => !Number.isNaN(value))),
  };
}

/** A thread may only watch the listener for others of its process, who accept: it wins nothing and loses nothing. */
function acceptsItself({ process, accepts }: Thread, byThread: ReadonlyMap<Thread, number>): boolean {
  if (accepts.listenerNumbers.size > 0) return true;
  for (const other of byThread.keys()) if (other.process === process) return false;
  return true;
}

/** Who would have got fewer than this came too late, or left too early, to be compared. */
const LEAST_FAIR = 5;

/** Connections of each thread in parts of its fair share of those that came while it looked after the listener. */
function ratesOf(
  accepted: ReadonlyMap<Thread, number>,
  history: History,
  attendances: readonly Attendance[],
): ReadonlyMap<Thread, number> {
  if (attendances.length < accepted.size) return accepted;
  const fair = history.fairShares(attendances);
  return new Map(
    attendances.flatMap(({ thread }, index) => {
      const share = fair[index] ?? 0;
      return share < LEAST_FAIR ? [] : [[thread, (accepted.get(thread) ?? 0) / share]];
    }),
  );
}

/** Unequal shares among idle workers do no harm: the warm worker is the cheaper one. */
function severityOf({ favourite, idlest }: Figures): Severity {
  const { utilisation } = favourite.loop;
  if (utilisation >= BUSY && idlest <= IDLE) return 'critical';
  return utilisation >= WORKING ? 'warning' : 'info';
}
