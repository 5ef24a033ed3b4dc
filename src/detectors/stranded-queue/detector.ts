import type { LongTurn, QueueTaken } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { ownQueues, verdictOf } from '../accept-queues/accept-queues.ts';
import { type Context, defineDetector } from '../detector.ts';
import { absent, type Conclusion } from '../finding.ts';
import { TimesOfThreads } from '../times-of-threads.ts';
import { effect } from './effect.ts';
import { finding, type Stranded } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

/** So many times that a queue was left alone are compared with what the others did, the last ones. */
const MOST = 10_000;

export const strandedQueue = defineDetector({
  kind: 'stranded-queue',
  title: 'Connections wait for a stalled worker although others are free',
  needs: ['times', 'durations'],
  thresholds: {
    'stranded-connections': {
      default: 3,
      unit: 'connections',
      meaning:
        'It is a warning when so many connections waited for a stalled worker while another worker was ' + 'free.',
    },
  },
  alsoUses: ['stall-ms'],
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: true },
  linkedInProcess: ['loop-stall'],
  effect,
  metrics,
  create(context) {
    const free = new FreeWorkers();
    let taken: QueueTaken[] = [];
    return {
      on: {
        queueTaken(fact: QueueTaken) {
          if (taken.length === MOST) taken = taken.slice(MOST / 2);
          taken.push(fact);
        },
        longTurn: (fact: LongTurn) => free.longTurn(fact),
        hubChanged: (thread: Thread) => free.hubChanged(thread),
      },
      conclude: () => conclude(context, taken, free),
    };
  },
});

function conclude(context: Context, taken: readonly QueueTaken[], free: FreeWorkers): Conclusion<Metrics> {
  const { model } = context;
  const judged = [...ownQueues(model)].map(([name, queues]) => {
    const stranded = taken
      .filter(({ listener }) => queues.has(listener))
      .map((fact) => ({ ...fact, free: freeOthers(context, fact, queues, free) }))
      .filter((left) => left.free.length > 0);
    const connections = stranded.reduce((sum, { accepted }) => sum + accepted, 0);
    if (connections >= context.threshold('stranded-connections'))
      return finding(model, name, queues, stranded, connections, isWork(model, stranded));
    return (
      `${name}: ${plural(connections, 'connection')} waited on one of ${queues.size} queues while another worker ` +
      'was free'
    );
  });
  return verdictOf(
    judged,
    (findings) => `${plural(findings, 'address', 'addresses')} with a queue that nobody accepted from`,
    () => absent('No address for which workers have queues of their own (SO_REUSEPORT) was seen'),
  );
}

/** The workers with other queues that were free for a while in the time in which nobody looked at this one. */
function freeOthers(
  context: Context,
  { listener, since, start }: QueueTaken,
  queues: ReadonlyMap<Listener, readonly Thread[]>,
  free: FreeWorkers,
): Thread[] {
  const own = queues.get(listener) ?? [];
  const least = context.threshold('stall-ms') * MILLISECOND;
  // Where several workers share this queue, another one of them may have looked at it.
  if (free.of(own, since, start, least).length > 0) return [];
  const pids = new Set(pidsOf(own));
  const others = [...queues.values()].flat().filter(({ process }) => !pids.has(process.pid));
  return free.of(others, since, start, least);
}

/** Whether all of the workers are sync workers, which do not stall: they are in a request. */
function isWork({ processes }: Model, stranded: readonly Stranded[]): boolean {
  const roles = rolesIn(processes);
  return stranded.every(
    ({ thread }) => roles.get(thread) === 'sync-worker' || roles.get(thread) === 'blocking-acceptor',
  );
}

/**
 * Which workers could have accepted at a time: those that were not in a long turn. A short turn ends before it is worth
 * speaking of.
 */
export class FreeWorkers {
  readonly #busy = new TimesOfThreads();

  longTurn({ thread, turn, length }: LongTurn): void {
    this.#busy.add(thread, turn.start, turn.start + length);
  }

  hubChanged(thread: Thread): void {
    this.#busy.delete(thread);
  }

  /** Those that lived from `from` to `to` and were free for at least `least` of it. */
  of(threads: Iterable<Thread>, from: Nanoseconds, to: Nanoseconds, least: Nanoseconds): Thread[] {
    return [...threads].filter(
      (thread) => lived(thread, from, to) && to - from - this.#busy.within(thread, from, to) >= least,
    );
  }
}

function lived({ firstTime, lastTime, ended }: Thread, from: Nanoseconds, to: Nanoseconds): boolean {
  return firstTime !== UNKNOWN && firstTime <= from && !(ended && lastTime < to);
}
