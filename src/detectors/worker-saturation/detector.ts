import type { LongTurn, QueueTaken, QueueWait } from '../../model/facts.ts';
import { type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { ExecutorTracker, worksForLoop } from '../../model/topics/pools/executor-tracker.ts';
import { type ConnectionHeld, HoldTracker, heldIdly, MOSTLY_IDLE } from '../../model/topics/pools/hold-tracker.ts';
import { type PoolHeld, PoolTracker, type PoolTurn, type PoolWait } from '../../model/topics/pools/pool-tracker.ts';
import { type JobArrival, JobTracker, type JobTurn } from '../../model/topics/queues/job-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { syscall } from '../../trace/syscalls.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { verdictOf } from '../accept-queues/accept-queues.ts';
import { addTurn, type BusyTurns, recordedTurns } from '../busy-at-once/busy-turns.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { callsOf } from '../recorded.ts';
import { reasonOf } from '../stall-cause/cause.ts';
import {
  NEXT,
  NEXT_EXECUTOR,
  NEXT_INNER_POOL,
  NEXT_QUEUE,
  WHY,
  WHY_INNER_POOL,
  WHY_POOL,
  WHY_QUEUE,
} from './advice.ts';
import { type Crew, crewsOf, queuesOf } from './crews.ts';
import { weighed } from './demand.ts';
import { effect } from './effect.ts';
import type { CrewKind } from './finding.ts';
import { Holds, heldAloneFinding, heldFinding } from './holds.ts';
import { Jobs } from './jobs.ts';
import { judge } from './judge.ts';
import { leftQueueFinding } from './left-queues.ts';
import { type Metrics, metrics } from './metrics.ts';
import { isAwayToTheEnd, judgeAlone, NextClients } from './next-clients.ts';
import { Pools } from './pools.ts';
import { judgeQueue } from './queue-seen.ts';
import { QueueWaits } from './queue-waits.ts';

export const workerSaturation = defineDetector({
  kind: 'worker-saturation',
  title: 'All workers are busy at once',
  needs: ['times'],
  thresholds: {
    'saturation-share': {
      default: 0.2,
      unit: 'of the time',
      meaning: 'It is a warning when all workers are busy at once for this part of the time.',
    },
    'saturation-critical-share': {
      default: 0.5,
      unit: 'of the time',
      meaning: 'It is critical when all workers are busy at once for this part of the time.',
    },
    'pool-wait-ms': {
      default: 500,
      unit: 'ms',
      meaning:
        'A pool of threads is saturated only when a request waits at least this long for a thread. Other ' +
        'busy workers are one step less severe while no client can have waited so long.',
    },
    'pool-full-ms': {
      default: 1000,
      unit: 'ms',
      meaning:
        'It is a warning when a pool of threads, or all workers of a queue, were busy for so long while ' +
        'somebody waited for them, whatever the share of the time.',
    },
  },
  alsoUses: ['stall-ms'],
  follows: { kinds: ['slow-dependency', 'lock-contention', 'disk-sync', 'blocking-dns'], anywhere: false },
  linkedInProcess: ['lock-contention', 'disk-sync', 'blocking-dns'],
  trackers: [PoolTracker, ExecutorTracker, JobTracker, HoldTracker],
  metrics,
  effect,
  judgesOpen: true,
  measures: { share: 'share', longestMs: 'longestMs' },
  create(context) {
    const turns = new Map<Thread, BusyTurns>();
    // A turn can hold several requests: a worker may take the next connection without another wait.
    const requests = new Map<Thread, number>();
    const pools = new Pools(context.threshold('pool-wait-ms') * MILLISECOND);
    const jobs = new Jobs();
    const holds = new Holds();
    const clients = new NextClients();
    const queues = new QueueWaits();
    return {
      on: {
        longTurn(fact: LongTurn) {
          const { thread, turn, length } = fact;
          if (length < context.threshold('stall-ms') * MILLISECOND) return;
          if (isNoRequest(fact, context.capabilities.durations)) return;
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
          jobs.forget(thread);
          holds.forget(thread);
          clients.forget(thread);
        },
        poolTurn: (fact: PoolTurn) => pools.served(fact),
        poolHeld: (fact: PoolHeld) => pools.held(fact),
        queueTaken(fact: QueueTaken) {
          pools.queued(fact);
          clients.taken(fact);
        },
        queueWait: (fact: QueueWait) => queues.add(fact),
        poolWait: (fact: PoolWait) => pools.waited(fact),
        jobTurn: (fact: JobTurn) => jobs.add(fact),
        connectionHeld: (fact: ConnectionHeld) => holds.held(fact),
        jobArrival: (fact: JobArrival) => jobs.arrived(fact),
      },
      conclude: () =>
        conclude(context, {
          turns: recordedTurns(turns, context.model),
          requests,
          pools,
          jobs,
          holds,
          clients,
          queues,
        }),
    };
  },
});

/** What was noted of all workers. */
interface Noted {
  readonly turns: ReadonlyMap<Thread, BusyTurns>;
  readonly requests: ReadonlyMap<Thread, number>;
  readonly pools: Pools;
  readonly jobs: Jobs;
  readonly holds: Holds;
  readonly clients: NextClients;
  readonly queues: QueueWaits;
}

function conclude(
  context: Context,
  { turns, requests, pools, jobs, holds, clients, queues }: Noted,
): Conclusion<Metrics> {
  const { model } = context;
  const roles = rolesIn(model.processes);
  const workers = [...roles].filter(([, role]) => ONE_AT_A_TIME.has(role)).map(([thread]) => thread);
  if (workers.some(({ accepts }) => accepts.acceptedTotal > 0) && callsOf(model, 'read', 'write') === 0)
    return notApplicable(
      'No read or write in the trace: whether a worker serves its client or waits for one is unknown. If -e left ' +
        `them out, record without -e: ${RECORDING}`,
    );
  const all = crewsOf(workers, ({ accepts }) => queuesOf(accepts.listeners)).filter(
    (crew) => !hasAcceptor(crew, roles),
  );
  const crews = all.filter((crew) => crew.length >= 2);
  // Without durations a wait that found nothing looks like one that found the next client there.
  const alone = context.capabilities.durations
    ? all.filter((crew) => crew.length === 1 && !crew.some((thread) => isAwayToTheEnd(turns.get(thread), context)))
    : [];
  const ofPools = pools.crews(model);
  const ofQueues = jobs.crews(model, new Set(ofPools.flat()));
  if (crews.length === 0 && alone.length === 0 && ofPools.length === 0 && ofQueues.length === 0)
    return notApplicable(
      workers.length === 0
        ? 'No workers seen that serve one request at a time'
        : 'One worker was traced that serves one request at a time, and whether clients wait for it is not told: ' +
            'trace all of them, for longer, with durations (strace -T)',
    );
  const isSync = (thread: Thread): boolean => roles.get(thread) === 'sync-worker';
  const judged = crews.map((threads) => {
    const noun = threads.every(isSync) ? 'sync workers' : 'workers';
    const kind: CrewKind = { noun, unit: 'request', why: WHY, next: NEXT };
    const crew = { threads, kind, turns, requests };
    const busy = judge(context, crew, { queued: (stretches, until) => queues.of(threads, stretches, until) });
    const queued = judgeQueue(context, crew, busy);
    if (queued !== null) return queued;
    if (typeof busy !== 'string') return busy;
    const held = judge(
      context,
      { threads, kind, turns: holds.turns, requests },
      { awaited: (stretches) => holds.awaited(threads, stretches), say: (...held) => heldFinding(...held) },
    );
    return typeof held === 'string' ? busy : held;
  });
  for (const threads of alone) {
    const name = nameOf(threads.every(isSync) ? 'sync worker' : 'worker', threads);
    const kind: CrewKind = { noun: 'workers', unit: 'request', why: WHY, next: NEXT };
    const busy = judgeAlone(context, { threads, kind, turns, requests, name }, clients);
    const held =
      typeof busy === 'string'
        ? judge(
            context,
            { threads, kind, turns: holds.turns, requests, name },
            {
              awaited: (stretches) => holds.awaited(threads, stretches),
              say: (draft, _, saturation) => heldAloneFinding(draft, name, saturation),
            },
          )
        : busy;
    judged.push(typeof held === 'string' ? busy : held);
  }
  for (const threads of ofPools) {
    const judgePool = (crew: Crew, noun: string): DraftFinding<Metrics> | string =>
      judge(
        context,
        {
          threads: crew,
          kind: { noun, unit: 'request', why: WHY_POOL, next: crew.every(worksForLoop) ? NEXT_EXECUTOR : NEXT },
          ...(crew.length === 1 ? { name: `The one pool thread of ${crew[0]?.process.pid}` } : {}),
          turns: pools.busy.turns,
          requests: pools.busy.requests,
          most: pools.mostOf(crew),
        },
        {
          awaited: (stretches) => pools.awaited(crew, stretches),
          isProven: true,
          longestWait: (stretches) => pools.longestWait(crew, stretches),
        },
      );
    const all = judgePool(threads, 'pool threads');
    // Who waits in the queue of one process is not helped by a free thread of another.
    const isCritical = typeof all !== 'string' && all.severity === 'critical';
    const each = isCritical ? [] : ofEachProcess(threads);
    const full = each.flatMap((crew) => {
      const own = judgePool(crew, `pool threads of ${crew[0]?.process.pid}`);
      return typeof own === 'string' ? [] : [own];
    });
    const isWorse = typeof all === 'string' || full.some(({ severity }) => severity === 'critical');
    const busy = full.length > 0 && isWorse ? full : [all];
    const isBusy = busy.some((each) => typeof each !== 'string');
    const judgements = isBusy ? busy : heldPools(context, threads, pools, busy);
    // That one thread was not busy says nothing: there may be others.
    judged.push(...judgements.filter((each) => typeof each !== 'string' || threads.length > 1));
  }
  const told = new Set(judged.flatMap((each) => (typeof each === 'string' ? [] : each.workers)));
  judged.push(...leftQueues(context, pools, told));
  for (const { crew, isPool, demand } of ofQueues) {
    const kind: CrewKind = isPool
      ? { noun: 'pool threads', unit: 'job', why: WHY_INNER_POOL, next: NEXT_INNER_POOL }
      : { noun: 'queue workers', unit: 'job', why: WHY_QUEUE, next: NEXT_QUEUE };
    judged.push(
      judge(
        context,
        {
          threads: crew,
          kind,
          turns: jobs.busy.turns,
          requests: jobs.busy.requests,
          ...(crew.length === 1 ? { name: nameOf('queue worker', crew) } : {}),
        },
        // Of a pool inside a server nobody says how large it is meant to be.
        isPool
          ? {
              awaited: (stretches) => stretches.filter((stretch) => jobs.isAwaited(crew, [stretch])),
              isProven: true,
              say: (draft) => weighed(draft, demand),
            }
          : {
              // Of one worker only the times are known to matter after which the next job was there.
              ...(crew.length === 1 ? { awaited: (stretches) => jobs.followedAtOnce(crew, stretches) } : {}),
              isFelt: (stretches) => jobs.isAwaited(crew, stretches),
              say: (draft) => weighed(draft, demand),
            },
      ),
    );
  }
  return verdictOf(
    judged,
    (findings) => `all workers busy at once in ${plural(findings, 'service')}`,
    () => notApplicable('No workers seen that serve one request at a time'),
  );
}

/**
 * Another thread of their process accepts for others: threads that accept in turns and then serve (varnish) are not all
 * that take clients, and the next one waits in accept while they serve.
 */
function hasAcceptor(crew: Crew, roles: ReadonlyMap<Thread, Role>): boolean {
  const processes = new Set(crew.map(({ process }) => process));
  if (processes.size > 1) return false;
  const listeners = new Set(crew.flatMap(({ accepts }) => [...accepts.listeners]));
  for (const [{ process, accepts }, role] of roles)
    if (role === 'acceptor' && processes.has(process))
      for (const listener of accepts.listeners) if (listeners.has(listener)) return true;
  return false;
}

/** Of one worker alone; strace tells no number of a process that it started without -f. */
function nameOf(noun: string, [thread]: readonly Thread[]): string {
  const pid = thread?.process.pid ?? 0;
  return pid === 0 ? `The ${noun}` : `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${pid}`;
}

/** Findings about acceptors that left clients in the queue, while nothing else tells why in their processes. */
function leftQueues(context: Context, pools: Pools, told: ReadonlySet<number>): DraftFinding<Metrics>[] {
  const least = context.threshold('pool-wait-ms') * MILLISECOND;
  return pools.queues.crews().flatMap((threads) => {
    if (threads.some(({ process }) => told.has(process.pid))) return [];
    const kind: CrewKind = { noun: 'acceptors', unit: 'request', why: WHY_POOL, next: NEXT };
    const turns = pools.queues.turnsOf(threads, least);
    const one = judge(
      context,
      { threads, kind, turns, requests: new Map() },
      { isProven: true, say: (draft, _, saturation) => leftQueueFinding(draft, threads, saturation) },
    );
    return typeof one === 'string' ? [] : [one];
  });
}

/** What is said of a pool whose threads clients hold that ask nothing; `otherwise` where they do not. */
function heldPools(context: Context, crew: Crew, pools: Pools, otherwise: Judged[]): Judged[] {
  // A connection stays with the process that accepted it.
  const parts = [crew, ...ofEachProcess(crew)];
  const held = parts.map((threads) =>
    judge(
      context,
      {
        threads,
        kind: { noun: 'pool threads', unit: 'request', why: WHY_POOL, next: NEXT },
        turns: pools.taken.turns,
        requests: pools.busy.requests,
      },
      {
        awaited: (stretches) => pools.awaitedByHeld(threads, stretches),
        isProven: true,
        say: (draft, size, saturation) => heldFinding(draft, size, saturation, 'pool threads'),
      },
    ),
  );
  const [all, ...each] = held;
  if (all !== undefined && typeof all !== 'string') return [all];
  const findings = each.filter((one) => typeof one !== 'string');
  return findings.length > 0 ? findings : otherwise;
}

type Judged = DraftFinding<Metrics> | string;

/** Its client had what it asked for, and the connection held the worker; or another worker took the client. */
function isNoRequest(fact: LongTurn, timed: boolean): boolean {
  const { thread, turn, length, stuckIn } = fact;
  if (heldIdly(thread as Thread, turn, stuckIn) >= MOSTLY_IDLE * length) return true;
  return stuckIn?.isForListener === true || syscall(reasonOf(fact, timed).call).family === 'accept';
}

/** The parts of a crew of several processes that have a pool of their own. */
function ofEachProcess(crew: Crew): Crew[] {
  const pids = [...new Set(crew.map(({ process }) => process))];
  if (pids.length < 2) return [];
  return pids.map((own) => crew.filter(({ process }) => process === own)).filter(({ length }) => length >= 2);
}

const ONE_AT_A_TIME: ReadonlySet<Role> = new Set<Role>(['sync-worker', 'blocking-acceptor']);
