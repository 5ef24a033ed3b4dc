import type { LongTurn } from '../../model/facts.ts';
import type { Process } from '../../model/machine/process.ts';
import type { Processes } from '../../model/machine/processes.ts';
import { isLoopOf, rolesIn } from '../../model/machine/roles.ts';
import { isStarting } from '../../model/machine/starting.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { addTurn, type BusyTurns, recordedTurns, withoutHolds } from '../busy-at-once/busy-turns.ts';
import { allAtOnce, type Interval } from '../busy-at-once/intersection.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { placeOf } from '../one-service.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { gapFinding } from './gap-finding.ts';
import { gapsOf } from './gaps.ts';
import { leftAlone, leftAloneFinding } from './left-alone.ts';
import { type Metrics, metrics } from './metrics.ts';
import { judgeWatched } from './watched.ts';

export const serviceStall = defineDetector({
  kind: 'service-stall',
  title: 'No worker can accept or answer',
  needs: ['times'],
  thresholds: {
    'service-stall-ms': {
      default: 100,
      unit: 'ms',
      meaning: 'A time in which no worker could accept is reported from this length on.',
    },
    'service-stall-share': {
      default: 0.05,
      unit: 'of the time',
      meaning:
        'Times in which the workers computed, or had no processor, are critical from this share on, or ' +
        'when one of them lasts `stall-critical-ms`.',
    },
  },
  alsoUses: ['stall-ms', 'stall-critical-ms'],
  linkedInProcess: ['loop-stall'],
  tellsStalls: true,
  addsUp: 'loop-stall',
  effect,
  judgesCounts: 'watched',
  metrics,
  create(context) {
    const turns = new Map<Thread, BusyTurns>();
    const threshold = context.threshold('stall-ms') * MILLISECOND;
    return {
      on: {
        longTurn(fact: LongTurn) {
          if (fact.length - fact.turn.tracer < threshold || isStarting(fact.thread, fact.turn)) return;
          addTurn(turns, fact, context.capabilities.durations);
        },
        hubChanged: (thread: Thread) => {
          turns.delete(thread);
        },
        threadLetGo: (thread: Thread) => {
          turns.delete(thread);
        },
      },
      conclude: () =>
        context.model.watch.isActive ? judgeWatched(context) : conclude(context, recordedTurns(turns, context.model)),
    };
  },
});

function conclude(context: Context, turns: ReadonlyMap<Thread, BusyTurns>): Conclusion<Metrics> {
  const { model } = context;
  const services = servicesOf(model.processes);
  const several = services.filter((loops) => loops.length >= 2);
  const least = context.threshold('service-stall-ms') * MILLISECOND;
  const gaps = gapsOf(model, least);
  const critical = context.threshold('stall-critical-ms') * MILLISECOND;
  const alone = leftAlone(model, critical);
  if (several.length === 0 && gaps.length === 0 && alone.length === 0) {
    const loops = services.flat().length;
    const reason =
      loops === 0
        ? 'No event-loop workers seen'
        : loops === 1
          ? 'One event-loop worker was traced: while it stalls, whatever it alone serves stands still. Trace all ' +
            'workers ' +
            'to see whether the whole service did'
          : `Each of ${loops} event loops serves something else: no other worker can serve instead`;
    return notApplicable(reason);
  }
  const findings: DraftFinding<Metrics>[] = [];
  for (const listener of new Set(gaps.map((gap) => gap.listener))) {
    const own = gaps.filter((gap) => gap.listener === listener);
    findings.push(gapFinding(model, own, critical));
  }
  for (const each of alone) findings.push(leftAloneFinding(model, each));
  for (const loops of several) {
    const own = withoutHolds(turns, model);
    const stalls = stallsOf(context, loops, own);
    const traced = stalls.length > 0 || own === turns ? stalls : stallsOf(context, loops, turns);
    if (traced.length > 0) findings.push(finding(context, loops, turns, traced, stalls.length === 0));
  }
  if (findings.length > 0)
    return found(`${plural(findings.length, 'service')} with moments in which no worker could accept`, findings);
  const workers = several.map((loops) => loops.length).join(' and ');
  return clear(
    `at no time were all of the ${workers} workers away from their loops for ` +
      `${context.threshold('service-stall-ms')} ms or more`,
  );
}

/** The times in which all of them were away from their loops, long enough to matter. */
function stallsOf(context: Context, loops: readonly Thread[], turns: ReadonlyMap<Thread, BusyTurns>): Interval[] {
  const least = context.threshold('service-stall-ms') * MILLISECOND;
  const lives = loops.map((thread) => ({
    start: thread.firstTime,
    end: endOf(thread, context.model.lastTime),
    busy: turns.get(thread)?.turns ?? [],
  }));
  return allAtOnce(lives).filter(({ start, end }) => end - start >= least);
}

/** Event-loop threads that serve the same service: workers of one parent, or of one listener. */
function servicesOf(processes: Processes): Thread[][] {
  const loops = [...rolesIn(processes)]
    .filter(([thread, role]) => role !== 'acceptor' && role !== 'master' && isLoopOf(thread, role))
    .map(([thread]) => thread);
  const groups = groupedBy(loops, ({ process, accepts }) => process.parent ?? accepts.listener ?? 'unrelated');
  return [...groups.values()].flatMap(apart);
}

/** One parent may have started several services, as a supervisor does: they listen at places of their own. */
function apart(siblings: readonly Thread[]): Thread[][] {
  const services: { readonly places: Set<string>; readonly threads: Thread[] }[] = [];
  const unplaced: Thread[] = [];
  for (const thread of siblings) {
    const places = [...thread.accepts.listeners].map(placeOf).filter((place) => place !== '');
    const known = services.find((service) => places.some((place) => service.places.has(place)));
    if (places.length === 0) unplaced.push(thread);
    else if (known === undefined) services.push({ places: new Set(places), threads: [thread] });
    else {
      known.threads.push(thread);
      for (const place of places) known.places.add(place);
    }
  }
  if (services.length < 2) return [[...siblings]];
  return [...services.map(({ threads }) => threads), ...(unplaced.length > 0 ? [unplaced] : [])];
}

function endOf(thread: Thread, lastTime: Nanoseconds): Nanoseconds {
  const { exitedAt }: Process = thread.process;
  // One thread stands for several: they go on without it.
  const isOver = thread.ended && !thread.loop.isShared;
  return isOver ? thread.lastTime : exitedAt === UNKNOWN ? lastTime : exitedAt;
}
