import { keptLine } from '../../model/evidence.ts';
import type { AcceptCycle, IdleWait, SlowReply } from '../../model/facts.ts';
import { acceptedBy } from '../../model/machine/accepted-by.ts';
import { acceptorsOf, acceptorsOfEach } from '../../model/machine/acceptors.ts';
import { rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { RoundsTracker, yieldsOf } from '../../model/topics/spin/rounds-tracker.ts';
import { count, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { AcceptQueues, UNTOLD, verdictOf } from '../accept-queues/accept-queues.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, notApplicable } from '../finding.ts';
import { TimesOfThreads } from '../times-of-threads.ts';
import { isScheduler, mayTakeTurns } from '../turn-takers.ts';
import { finding } from './finding.ts';
import { Hoards } from './hoards.ts';
import { type Metrics, metrics } from './metrics.ts';

/** While a request stood behind others its worker may have waited for a quarter of that time at most. */
const MOST_IDLE = 4;

export const acceptHoarding = defineDetector({
  kind: 'accept-hoarding',
  title: 'One worker accepts more than it can serve while others are idle',
  needs: ['times', 'durations'],
  trackers: [RoundsTracker],
  thresholds: {
    'hoarded-requests': {
      default: 3,
      unit: 'requests',
      meaning:
        'It is a warning when so many requests waited in the worker that had accepted them all at once, ' +
        'while another worker was idle.',
    },
  },
  alsoUses: ['stall-ms'],
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: true },
  linkedInProcess: ['loop-stall'],
  metrics,
  create(context) {
    const idle = new TimesOfThreads();
    const least = context.threshold('stall-ms') * MILLISECOND;
    const queues = new AcceptQueues(() => new Hoards(idle, least));
    return {
      on: {
        acceptCycle({ listener, accepted }: AcceptCycle) {
          if (accepted < 2) return;
          const hoards = queues.of(listener);
          hoards.mostInOneGo = Math.max(hoards.mostInOneGo, accepted);
        },
        idleWait: ({ thread, start, end }: IdleWait) => idle.add(thread, start, end),
        slowReply({ thread, request, record }: SlowReply) {
          const { connection } = request;
          const { listener } = connection;
          if (
            listener === null ||
            connection.place === 0 ||
            connection.requests !== 1 ||
            acceptedBy(connection) !== thread
          )
            return;
          const { behind, own, waiting } = request.loop.blame(request, record.start);
          // A worker that had time to wait would have served the request if its client had sent anything.
          if (behind < least || waiting * MOST_IDLE > behind) return;
          queues.of(listener).add(
            {
              thread,
              request: request.name,
              from: connection.openedAt,
              to: record.start - own,
              behind,
              line: keptLine(record),
            },
            () => acceptorsOf(listener, context.model.processes.threads()),
          );
        },
        hubChanged: (thread: Thread) => idle.delete(thread),
      },
      conclude: () => conclude(context, queues),
    };
  },
});

function conclude(context: Context, queues: AcceptQueues<Hoards>): Conclusion<Metrics> {
  const { model } = context;
  const loops = [...rolesIn(model.processes)]
    .filter(
      ([thread, role]) => role === 'event-loop' && !(isScheduler(yieldsOf(thread)) && mayTakeTurns(thread, model)),
    )
    .map(([thread]) => thread);
  const acceptorsOfAll = acceptorsOfEach(loops);
  const shared = model.listeners.all.filter((listener) => (acceptorsOfAll.get(listener)?.length ?? 0) >= 2);
  if (shared.length === 0) return notApplicable('No listener that several event-loop workers share was seen');
  const judged = shared.map((listener) => {
    if (listener.isUntold) return { unjudged: UNTOLD };
    const acceptors = acceptorsOfAll.get(listener) ?? [];
    const hoards = queues.known(listener);
    const totals = hoards?.totals(acceptors);
    if (hoards !== undefined && totals !== undefined && totals.count >= context.threshold('hoarded-requests'))
      return finding(model, listener, acceptors, hoards.mostInOneGo, totals);
    if (!acceptors.some(({ process }) => process.accepted > 0))
      return { unjudged: `${listener.name}: no connection was accepted` };
    const most =
      hoards === undefined
        ? 'no worker accepted several in one go'
        : `at most ${count(hoards.mostInOneGo)} accepted in one go`;
    const waited = plural(totals?.count ?? 0, 'request');
    return `${listener.name}: ${waited} waited in one worker while another was idle; ${most}`;
  });
  return verdictOf(
    judged,
    (findings) => `${plural(findings, 'listener')} of which one worker took too many`,
    () => clear(''),
  );
}
