import type { LongTurn } from '../../model/facts.ts';
import { type Role, rolesOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { PoolTracker, type PoolTurn, type PoolWait } from '../../model/topics/pools/pool-tracker.ts';
import { percent, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { verdictOf } from '../accept-queues/accept-queues.ts';
import { addTurn, type BusyTurns } from '../busy-at-once/busy-turns.ts';
import { allAtOnce, type Interval } from '../busy-at-once/intersection.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { type Crew, crewsOf, queuesOf } from './crews.ts';
import { type BusyCrew, finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { Pools } from './pools.ts';

export const workerSaturation = defineDetector({
  kind: 'worker-saturation',
  title: 'All workers are busy at once',
  needs: ['times'],
  thresholds: {
    'saturation-share': {
      default: 0.2,
      unit: 'of the time',
      meaning: 'All workers busy at once for this part of the time is a warning.',
    },
    'saturation-critical-share': { default: 0.5, unit: 'of the time', meaning: 'From here on it is critical.' },
    'pool-wait-ms': {
      default: 500,
      unit: 'ms',
      meaning: 'A pool of threads is saturated only while a request waits at least this long for one of them.',
    },
  },
  alsoUses: ['stall-ms'],
  follows: { kinds: ['slow-dependency', 'lock-contention', 'disk-sync', 'blocking-dns'], anywhere: false },
  linkedInProcess: ['lock-contention', 'disk-sync', 'blocking-dns'],
  trackers: [PoolTracker],
  metrics,
  create(context) {
    const turns = new Map<Thread, BusyTurns>();
    // A turn can hold several requests: a worker may take the next connection without another wait.
    const requests = new Map<Thread, number>();
    const pools = new Pools(context.threshold('pool-wait-ms') * MILLISECOND);
    return {
      on: {
        longTurn(fact: LongTurn) {
          const { thread, turn, length } = fact;
          if (length < context.threshold('stall-ms') * MILLISECOND) return;
          addTurn(turns, fact, context.capabilities.durations);
          pools.acceptorAway(fact, context.capabilities.durations);
          requests.set(thread, (requests.get(thread) ?? 0) + turn.requestsRead);
        },
        hubChanged: (thread: Thread) => {
          turns.delete(thread);
        },
        threadLetGo: (thread: Thread) => {
          turns.delete(thread);
          requests.delete(thread);
          pools.forget(thread);
        },
        poolTurn: (fact: PoolTurn) => pools.busy(fact),
        poolWait: (fact: PoolWait) => pools.waited(fact),
      },
      conclude: () => conclude(context, turns, requests, pools),
    };
  },
});

function conclude(
  context: Context,
  turns: ReadonlyMap<Thread, BusyTurns>,
  requests: ReadonlyMap<Thread, number>,
  pools: Pools,
): Conclusion<Metrics> {
  const { model } = context;
  const roles = rolesOf(model.processes.threads());
  const workers = [...roles].filter(([, role]) => ONE_AT_A_TIME.has(role)).map(([thread]) => thread);
  const crews = crewsOf(workers, ({ accepts }) => queuesOf(accepts.listeners)).filter((crew) => crew.length >= 2);
  const ofPools = pools.crews(model);
  if (crews.length === 0 && ofPools.length === 0)
    return notApplicable(
      workers.length === 0
        ? 'No workers seen that serve one request at a time'
        : 'One worker was traced that serves one request at a time: trace all of them',
    );
  const judged = crews.map((threads) => {
    const isSync = threads.every((thread) => roles.get(thread) === 'sync-worker');
    return judge(context, { threads, noun: isSync ? 'sync workers' : 'workers', turns, requests });
  });
  for (const threads of ofPools) {
    const judgePool = (crew: Crew, noun: string): DraftFinding<Metrics> | string =>
      judge(context, { threads: crew, noun, turns: pools.turns, requests: pools.requests }, (stretches) =>
        pools.awaited(crew, stretches),
      );
    const all = judgePool(threads, 'pool threads');
    // Who waits in the queue of one process is not helped by a free thread of another.
    const each = typeof all === 'string' ? ofEachProcess(threads) : [];
    const full = each.flatMap((crew) => {
      const own = judgePool(crew, `pool threads of ${crew[0]?.process.pid}`);
      return typeof own === 'string' ? [] : [own];
    });
    judged.push(...(full.length > 0 ? full : [all]));
  }
  return verdictOf(
    judged,
    (findings) => `all workers busy at once in ${plural(findings, 'service')}`,
    () => notApplicable('No workers seen that serve one request at a time'),
  );
}

/** The parts of a crew of several processes that have a pool of their own. */
function ofEachProcess(crew: Crew): Crew[] {
  const pids = [...new Set(crew.map(({ process }) => process))];
  if (pids.length < 2) return [];
  return pids.map((own) => crew.filter(({ process }) => process === own)).filter(({ length }) => length >= 2);
}

const ONE_AT_A_TIME: ReadonlySet<Role> = new Set<Role>(['sync-worker', 'blocking-acceptor']);

/** The finding about a crew that was busy as a whole for too long, or what its share was. */
function judge(
  context: Context,
  crew: BusyCrew,
  awaited: (stretches: readonly Interval[]) => Interval[] = (stretches) => [...stretches],
): DraftFinding<Metrics> | string {
  const { model } = context;
  const { threads, noun, turns } = crew;
  const window: Interval = {
    start: Math.max(model.firstTime, model.options.from),
    end: Math.min(model.lastTime, model.options.to),
  };
  const lives = threads.map((thread) => ({
    start: Math.max(window.start, thread.firstTime),
    end: thread.ended ? thread.lastTime : window.end,
    busy: turns.get(thread)?.turns ?? [],
  }));
  const together = allAtOnce(lives);
  const stretches = awaited(together);
  const total = stretches.reduce((sum, { start, end }) => sum + end - start, 0);
  const share = total / Math.max(1, window.end - window.start);
  if (share < context.threshold('saturation-share'))
    return (
      `all ${threads.length} ${noun} were busy at once ${percent(share)} of the time, with requests of ` +
      `${context.threshold('stall-ms')} ms or more` +
      (together.length > stretches.length
        ? `, as far as a request was seen to wait ${context.threshold('pool-wait-ms')} ms for one of them`
        : '')
    );
  const severity = share >= context.threshold('saturation-critical-share') ? 'critical' : 'warning';
  return finding(model, crew, { stretches, total, share, severity });
}
