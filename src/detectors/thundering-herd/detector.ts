import type { AcceptCycle, BareAccept } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { SilentWakeUps } from '../../model/measuring/scheduler-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { AcceptQueues, type Unjudged, verdictOf } from '../accept-queues/accept-queues.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { type Figures, figuresOf, severityOf } from './figures.ts';
import { type Alone, aloneReason, finding, saidOf, wokenInVain } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { Queue } from './queue.ts';
import { judgeWatched } from './watched.ts';

export const thunderingHerd = defineDetector({
  kind: 'thundering-herd',
  title: 'Every worker wakes for one connection',
  needs: [{ families: ['accept'], calls: 'accept', without: 'who finds nothing to accept is unknown' }],
  thresholds: {
    'herd-min-connections': {
      default: 10,
      unit: 'connections',
      meaning: 'Fewer accepted connections than this are too few to speak of a herd.',
    },
    'herd-min-wasted': {
      default: 10,
      unit: 'wake-ups',
      meaning: 'Fewer wasted wake-ups than this may be chance and are no herd.',
    },
    'herd-factor-info': {
      default: 1.3,
      unit: 'wake-ups a connection',
      meaning: 'A herd is info from so many wake-ups for each connection on.',
    },
    'herd-factor': {
      default: 1.8,
      unit: 'wake-ups a connection',
      meaning:
        'A herd is a warning only from so many wake-ups for each connection on. With two acceptors, which ' +
        'cannot reach more than 2, the limit is 1.4.',
    },
    'herd-wasted-ratio': {
      default: 0.4,
      unit: 'of all wake-ups',
      meaning: 'A herd is a warning only when this part of all wake-ups found nothing.',
    },
    'herd-core-share': {
      default: 0.01,
      unit: 'of one core',
      meaning:
        'A herd is a warning only when it costs so much by estimate. Where the acceptors are busy, drover ' +
        'estimates for ten times the connections.',
    },
    'herd-busy-share': {
      default: 0.5,
      unit: 'of their time',
      meaning: 'Acceptors are busy when they work for this part of their time instead of waiting.',
    },
    'herd-critical-per-second': {
      default: 1000,
      unit: 'wasted wake-ups a second',
      meaning: 'A herd that costs `herd-core-share` is critical from so many wasted wake-ups on.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: true },
  judgesCounts: 'watched',
  metrics,
  measures: { count: 'wastedWakeups' },
  create(context) {
    const queues = new AcceptQueues(() => new Queue());
    return {
      on: {
        acceptCycle: (cycle: AcceptCycle) => queues.of(cycle.listener).cycle(cycle),
        silentWakeUps: ({ listener, count: times }: SilentWakeUps) => {
          queues.of(listener).silent += times;
        },
        bareAccept: (accept: BareAccept) => queues.of(accept.listener).bare.add(accept),
        threadLetGo: (thread: Thread) => {
          for (const queue of queues.ofThread(thread)) queue.forget(thread);
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
});

function conclude(context: Context, queues: AcceptQueues<Queue>): Conclusion<Metrics> {
  if (queues.size === 0 && context.model.watch.threads.size > 0) return judgeWatched(context);
  const judged: (DraftFinding<Metrics> | string | Unjudged)[] = [];
  /** Of the listeners that have one acceptor, by the address they have in common: SO_REUSEPORT. */
  const alone = new Map<string, Alone[]>();
  const queueOf = new Map<Listener, Queue>();
  for (const [listener, queue, acceptors] of queues.withAcceptors(context.model)) {
    const figures = figuresOf(context, listener, acceptors, queue);
    queueOf.set(listener, queue);
    if (figures.acceptors < 2) {
      const known = alone.get(listener.name);
      if (known === undefined) alone.set(listener.name, [{ listener, figures }]);
      else known.push({ listener, figures });
    } else judged.push(judge(context, listener, queue, figures));
  }
  for (const [name, all] of alone) {
    const reason = aloneReason(context, name, all);
    const isWoken = typeof reason !== 'string' && 'woken' in reason;
    const queue = isWoken ? queueOf.get(reason.woken.listener) : undefined;
    if (isWoken && queue !== undefined) judged.push(wokenInVain(context, reason.woken, queue));
    else if (!isWoken) judged.push(reason);
  }
  return verdictOf(
    judged,
    (findings) => `${plural(findings, 'listener')} with a herd`,
    () => notApplicable('No accept on a listener was seen'),
  );
}

function judge(
  context: Context,
  listener: Listener,
  queue: Queue,
  figures: Figures,
): DraftFinding<Metrics> | string | Unjudged {
  const { acceptors, connections, wasted, factor, silent, bare, bursts } = figures;
  const fewest = context.threshold('herd-min-connections');
  if (acceptors < 2 || connections < fewest)
    return { unjudged: `${listener.name}: ${plural(connections, 'connection')}, too few to judge (${fewest} needed)` };
  const isCrowd = bursts.largest >= 2 || silent > 0 || bare || (!context.capabilities.times && queue.wasters.size >= 2);
  if (wasted < context.threshold('herd-min-wasted') || factor < context.threshold('herd-factor-info') || !isCrowd)
    return saidOf(context, listener, queue, figures);
  return finding(context, listener, queue, figures, severityOf(context, figures));
}
