import type { QueueTaken } from '../../model/facts.ts';
import { acceptorsOfEach } from '../../model/machine/acceptors.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { count, duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { AcceptQueues, verdictOf } from '../accept-queues/accept-queues.ts';
import { type Context, defineDetector } from '../detector.ts';
import { smallestOf } from '../extremes.ts';
import { type Conclusion, clear, notApplicable } from '../finding.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { type Flood, Floods } from './floods.ts';
import { type Metrics, metrics } from './metrics.ts';

/** `net.core.somaxconn` since Linux 5.4: a longer backlog is cut to it. */
const SOMAXCONN = 4096;

/** A queue taken within this part of the time in which it grew holds few that came while it was being taken. */
const AT_ONCE = 0.25;

export const backlogOverflow = defineDetector({
  kind: 'backlog-overflow',
  title: 'The queue of the listener was full, or nearly full',
  needs: [
    'times',
    'durations',
    { families: ['accept'], calls: 'accept', without: 'how many connections had queued up is unknown' },
  ],
  thresholds: {
    'backlog-share': {
      default: 0.8,
      unit: 'of the backlog',
      meaning:
        'The queue was nearly full when so many connections were accepted one after the other, after a ' +
        'time in which nobody accepted.',
    },
    'backlog-min-connections': {
      default: 5,
      unit: 'connections',
      meaning:
        'Fewer connections than this, accepted one after the other, are no finding, however short the ' + 'backlog is.',
    },
  },
  alsoUses: ['stall-ms'],
  follows: { kinds: ['service-stall', 'loop-stall', 'worker-saturation'], anywhere: true },
  linkedInProcess: ['loop-stall'],
  effect,
  metrics,
  measures: { count: 'count' },
  create(context) {
    const together = context.threshold('stall-ms') * MILLISECOND;
    const queues = new AcceptQueues(() => new Floods(together));
    return {
      on: {
        queueTaken: (taken: QueueTaken) => queues.of(taken.listener).add(taken),
      },
      conclude: () => conclude(context, queues),
    };
  },
});

function conclude(context: Context, queues: AcceptQueues<Floods>): Conclusion<Metrics> {
  const { model } = context;
  const known = model.listeners.all.filter(({ backlog }) => backlog >= 0);
  if (known.length === 0)
    return notApplicable(
      'The capture does not show listen() and so no backlog: start the server under strace, or read Send-Q of its ' +
        'port in ss -ltn',
    );
  const acceptors = acceptorsOfEach(model.processes.threads());
  const judged = known.map((listener) => {
    const floods = queues.known(listener);
    const limit = Math.min(listener.backlog, SOMAXCONN);
    const enough = Math.max(limit * context.threshold('backlog-share'), context.threshold('backlog-min-connections'));
    const full = floods?.ofAtLeast(enough) ?? [];
    const wasFull = full.some((flood) => isOver(flood, limit));
    if (full.length > 0) return finding(context, listener, limit, full, wasFull);
    const away = unattended(context, acceptors.get(listener) ?? []);
    if (away > 0)
      return {
        unjudged:
          `${listener.name}: nobody accepted in the last ${duration(away)}, and the capture does not tell what ` +
          'queued up meanwhile (Recv-Q of its port in ss -ltn does)',
      };
    return (
      `${listener.name}: ${plural(floods?.most ?? 0, 'connection')} at most had queued up while nobody accepted, ` +
      `backlog ${count(limit)}`
    );
  });
  return verdictOf(
    judged,
    (findings) => `${plural(findings, 'listener')} whose queue was full, or nearly full`,
    () => clear(''),
  );
}

/** How long all acceptors had been stuck in calls when the capture ended, if that is a stall; else 0. */
function unattended({ model, threshold }: Context, acceptors: readonly Thread[]): Nanoseconds {
  const living = acceptors.filter(({ ended }) => !ended);
  const away = living.map(({ leftIn }) =>
    leftIn === null || leftIn.isHubWait || leftIn.isForListener ? 0 : model.lastTime - leftIn.since,
  );
  const shortest = smallestOf(away);
  return living.length > 0 && shortest >= threshold('stall-ms') * MILLISECOND ? shortest : 0;
}

/** More than the queue holds, in so short a time that few of them can have come later. */
function isOver({ accepted, since, start, end }: Flood, limit: number): boolean {
  return accepted > limit && end - start <= AT_ONCE * (start - since);
}
