import type { LongTurn } from '../../model/facts.ts';
import { rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { reasonOf } from '../loop-stall/cause.ts';
import { moment } from '../moment.ts';
import { BusyTurns } from '../service-stall/busy-turns.ts';
import { allAtOnce, type Interval } from '../service-stall/intersection.ts';
import { count, duration, milliseconds, ratio, round } from '../words.ts';

const SHOWN = 20;
/** Workers of which the longest stretch says what they were in. */
const MOST_BUSY = 100;

const FIX_THE_LOCK = {
  text: 'Fix the queue for the lock in this report first, then record again: these workers are busy waiting for each other, and more of them would wait as well.',
};
const FIX_THE_WAIT = {
  text: 'Fix what these workers wait for (see the findings about name lookups and disk syncs), then record again: each request then takes less of its worker.',
};

export const workerSaturation: DetectorDefinition = {
  kind: 'worker-saturation',
  title: 'All sync workers are busy at once',
  thresholds: ['saturation-share', 'saturation-critical-share', 'stall-ms'],
  create(context): Detector {
    const turns = new Map<Thread, BusyTurns>();
    // A worker may take the next connection without another wait: a turn can hold several requests.
    const requests = new Map<Thread, number>();
    return {
      on: {
        longTurn(fact: LongTurn) {
          const { thread, turn, length, open } = fact;
          if (length < context.threshold('stall-ms') * MILLISECOND) return;
          const { cause, call, target, lines } = reasonOf(fact, context.capabilities.durations);
          const own = turns.get(thread) ?? new BusyTurns();
          turns.set(thread, own);
          requests.set(thread, (requests.get(thread) ?? 0) + turn.requestsRead);
          own.add({ start: turn.start, end: turn.end, outside: Math.max(0, length - turn.inCalls), open, lines }, { cause, call, target });
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
};

function conclude(context: Context, turns: ReadonlyMap<Thread, BusyTurns>, requests: ReadonlyMap<Thread, number>): Conclusion {
  const { model, capabilities } = context;
  if (!capabilities.times) return notApplicable('The capture has no times. Record with -ttt.');
  const workers = [...rolesOf(model.processes.threads())].filter(([, role]) => role === 'sync-worker').map(([thread]) => thread);
  if (workers.length < 2)
    return notApplicable(
      workers.length === 0 ? 'No sync workers seen that wait for connections' : 'One sync worker was traced: trace all of them',
    );
  const window: Interval = { start: Math.max(model.firstTime, model.options.from), end: Math.min(model.lastTime, model.options.to) };
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
    return {
      outcome: {
        status: 'clear',
        reason: `all ${workers.length} sync workers were busy at once ${ratio(share * 100)} % of the time, with requests of ${least} ms or more`,
      },
      findings: [],
    };
  }
  const served = workers.reduce((sum, thread) => sum + (requests.get(thread) ?? 0), 0);
  return {
    outcome: { status: 'found', reason: `all ${workers.length} sync workers busy at once` },
    findings: [finding(context, workers, turns, served, saturated, total, share)],
  };
}

function finding(
  context: Context,
  workers: readonly Thread[],
  turns: ReadonlyMap<Thread, BusyTurns>,
  served: number,
  saturated: readonly Interval[],
  total: Nanoseconds,
  share: number,
): DraftFinding {
  const longest = saturated.reduce((most, interval) => (interval.end - interval.start > most.end - most.start ? interval : most));
  const length = longest.end - longest.start;
  const during = workers.flatMap((thread) => (turns.get(thread)?.during(longest) ?? []).map((turn) => ({ thread, turn })));
  const busy = workers.reduce(
    (sum, thread) => sum + (turns.get(thread)?.turns ?? []).reduce((time, turn) => time + turn.end - turn.start, 0),
    0,
  );
  const mean = served === 0 ? null : busy / served;
  const pids = workers.map((thread) => thread.process.pid);
  return {
    kind: 'worker-saturation',
    severity: share >= context.threshold('saturation-critical-share') ? 'critical' : 'warning',
    sureness: 'likely',
    title: `All ${workers.length} sync workers busy ${ratio(share * 100)} % of the time, longest ${duration(length)}`,
    summary: `All ${workers.length} sync workers were in a request at once for ${duration(total)}, ${ratio(share * 100)} % of the time; the longest such stretch took ${duration(length)}.${mean === null ? '' : ` The ${count(served)} requests of such turns took ${duration(mean)} on average: these workers serve at most ${ratio((workers.length * SECOND) / mean)} of that kind a second.`}`,
    why: 'A sync worker serves one request at a time. While all are busy, further clients wait in the queue of the listener, where strace does not see them.',
    start: saturated[0]?.start ?? 0,
    end: saturated.at(-1)?.end ?? 0,
    openEnded: during.some(({ turn }) => turn.open && turn.end === longest.end),
    workers: pids,
    metrics: {
      workers: workers.length,
      share: round(share, 4),
      totalMs: milliseconds(total),
      longestMs: milliseconds(length),
      meanRequestMs: mean === null ? null : milliseconds(mean),
      served,
      stretches: saturated
        .toSorted((a, b) => b.end - b.start - (a.end - a.start))
        .slice(0, SHOWN)
        .toSorted((a, b) => a.start - b.start)
        .map(({ start, end }) => ({ startMs: moment(context.model, start), endMs: moment(context.model, end) })),
      busyIn: during.slice(0, MOST_BUSY).map(({ thread, turn }) => ({ pid: thread.process.pid, ...turn.place })),
    },
    evidence: during.flatMap(({ turn }) => turn.lines.slice(0, 1)).slice(0, 6),
    next: [
      { text: 'See what the requests wait for (the calls above): a faster answer from there serves more clients than more workers.' },
      {
        text: 'If they mostly wait, use more workers or threads (gunicorn gthread); if they mostly compute, more workers help only up to the number of cores.',
        caveat: 'Each worker takes memory, and a connection to each database.',
      },
      { text: 'See how many connections wait in the queue: Recv-Q of the listener.', command: 'ss -ltn' },
    ],
    nextWhile: {
      'lock-contention': [FIX_THE_LOCK],
      'disk-sync': [FIX_THE_WAIT],
      'blocking-dns': [FIX_THE_WAIT],
    },
    subjects: pids.map((pid) => `pid ${pid}`),
  };
}
