import type { LongTurn } from '../../model/facts.ts';
import { rolesOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { percent } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { addTurn, type BusyTurns } from '../busy-at-once/busy-turns.ts';
import { allAtOnce, type Interval } from '../busy-at-once/intersection.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

export const workerSaturation = defineDetector({
  kind: 'worker-saturation',
  title: 'All sync workers are busy at once',
  needs: ['times'],
  thresholds: {
    'saturation-share': {
      default: 0.2,
      unit: 'of the time',
      meaning: 'All sync workers busy at once for this part of the time is a warning.',
    },
    'saturation-critical-share': { default: 0.5, unit: 'of the time', meaning: 'From here on it is critical.' },
  },
  alsoUses: ['stall-ms'],
  follows: { kinds: ['slow-dependency', 'lock-contention', 'disk-sync', 'blocking-dns'], anywhere: false },
  linkedInProcess: ['lock-contention', 'disk-sync', 'blocking-dns'],
  metrics,
  create(context) {
    const turns = new Map<Thread, BusyTurns>();
    // A turn can hold several requests: a worker may take the next connection without another wait.
    const requests = new Map<Thread, number>();
    return {
      on: {
        longTurn(fact: LongTurn) {
          const { thread, turn, length } = fact;
          if (length < context.threshold('stall-ms') * MILLISECOND) return;
          addTurn(turns, fact, context.capabilities.durations);
          requests.set(thread, (requests.get(thread) ?? 0) + turn.requestsRead);
        },
        hubChanged: (thread: Thread) => {
          turns.delete(thread);
        },
        threadLetGo: (thread: Thread) => {
          turns.delete(thread);
          requests.delete(thread);
        },
      },
      conclude: () => conclude(context, turns, requests),
    };
  },
});

function conclude(
  context: Context,
  turns: ReadonlyMap<Thread, BusyTurns>,
  requests: ReadonlyMap<Thread, number>,
): Conclusion<Metrics> {
  const { model } = context;
  const workers = [...rolesOf(model.processes.threads())]
    .filter(([, role]) => role === 'sync-worker')
    .map(([thread]) => thread);
  if (workers.length < 2)
    return notApplicable(
      workers.length === 0
        ? 'No sync workers seen that wait for connections'
        : 'One sync worker was traced: trace all of them',
    );
  const window: Interval = {
    start: Math.max(model.firstTime, model.options.from),
    end: Math.min(model.lastTime, model.options.to),
  };
  const lives = workers.map((thread) => ({
    start: Math.max(window.start, thread.firstTime),
    end: thread.ended ? thread.lastTime : window.end,
    busy: turns.get(thread)?.turns ?? [],
  }));
  const saturated = allAtOnce(lives);
  const total = saturated.reduce((sum, { start, end }) => sum + end - start, 0);
  const share = total / Math.max(1, window.end - window.start);
  if (share < context.threshold('saturation-share')) {
    const least = context.threshold('stall-ms');
    return clear(
      `all ${workers.length} sync workers were busy at once ${percent(share)} of the time, with requests of ` +
        `${least} ms or more`,
    );
  }
  const served = workers.reduce((sum, thread) => sum + (requests.get(thread) ?? 0), 0);
  const severity = share >= context.threshold('saturation-critical-share') ? 'critical' : 'warning';
  return found(`all ${workers.length} sync workers busy at once`, [
    finding(model, workers, turns, served, saturated, total, share, severity),
  ]);
}
