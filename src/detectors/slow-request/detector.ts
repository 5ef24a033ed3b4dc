import type { LongTurn } from '../../model/facts.ts';
import { type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { PoolTracker, type PoolTurn } from '../../model/topics/pools/pool-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { KeptRequests, ofPoolTurn, ofTurn, type Slow } from './slow.ts';

/** Of the ways in which requests were slow so many are told, those with most time first. */
const MOST_FINDINGS = 5;

export const slowRequest = defineDetector({
  kind: 'slow-request',
  title: 'A request takes long in its own worker',
  needs: ['times', { families: ['read'], calls: 'read', without: 'when a request was read is unknown' }],
  thresholds: {
    'slow-request-ms': {
      default: 10_000,
      unit: 'ms',
      meaning: 'It is a warning when one request takes this long: many clients and proxies have given up by then.',
    },
  },
  alsoUses: ['client-timeout-ms'],
  trackers: [PoolTracker],
  effect,
  metrics,
  create(context) {
    const kept = new KeptRequests(context.threshold('client-timeout-ms') * MILLISECOND);
    return {
      on: {
        requestRead: () => {
          kept.hasNames = true;
        },
        longTurn: (fact: LongTurn) => kept.add(fact.thread as Thread, ofTurn(fact, context.capabilities.durations)),
        poolTurn: (fact: PoolTurn) => kept.add(fact.thread as Thread, ofPoolTurn(fact)),
        hubChanged: (thread) => kept.forget(thread as Thread),
        threadLetGo: (thread) => kept.forget(thread as Thread),
      },
      conclude: () => conclude(context, kept),
    };
  },
});

/** What these serve is served by one thread; a loop that is held is a stall of all its requests. */
const ONE_AT_A_TIME: ReadonlySet<Role> = new Set<Role>([
  'sync-worker',
  'blocking-acceptor',
  'connection-worker',
  'pool-thread',
  'library-thread',
]);

function conclude(context: Context, kept: KeptRequests): Conclusion<Metrics> {
  const { model } = context;
  const roles = rolesIn(model.processes);
  const ofOne = [...roles].filter(([, role]) => ONE_AT_A_TIME.has(role)).map(([thread]) => thread);
  const serving = ofOne.filter(({ process }) => process.requests > 0);
  if (serving.length === 0) return notApplicable('No workers seen that serve one request at a time');
  if (!kept.hasNames)
    return notApplicable(
      'The capture does not tell what requests ask for: their bytes are not shown (-s 0), or are of no protocol that ' +
        `drover knows. Record with: ${RECORDING}`,
    );
  const threads = new Set(ofOne);
  const slow = kept.all().filter((each) => threads.has(each.thread) && !model.completeness.isHidden(each));
  const ways = [...groupedBy(slow, ({ way }) => way).values()].toSorted((a, b) => timeOf(b) - timeOf(a));
  if (ways.length === 0) return clear(`${plural(serving.length, 'worker')}; no request took long in one of them`);
  return found(
    `${plural(slow.length, 'request')} took long, in ${plural(ways.length, 'way')}`,
    ways.slice(0, MOST_FINDINGS).map((way) => finding(context, way, kept.dropped(threads, way[0]?.way ?? ''))),
  );
}

function timeOf(way: readonly Slow[]): number {
  return way.reduce((sum, { start, end }) => sum + end - start, 0);
}
