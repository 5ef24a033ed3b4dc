import type { LongTurn } from '../../model/facts.ts';
import { isLoopOf, type Role, rolesIn } from '../../model/machine/roles.ts';
import { sharedWaitOf } from '../../model/machine/shared-waits.ts';
import { isStarting } from '../../model/machine/starting.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { OffCpu } from '../../model/machine/turn.ts';
import { FailureTracker } from '../../model/topics/failures/failure-tracker.ts';
import { computingOf, PreemptionTracker } from '../../model/topics/spin/preemption-tracker.ts';
import { RoundsTracker } from '../../model/topics/spin/rounds-tracker.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { RECORDING, sentenceWithout } from '../need.ts';
import { isOneOfMany, isParkedByOthers } from '../one-of-many.ts';
import { type Cause, type Reason, reasonOf } from '../stall-cause/cause.ts';
import { heldIn } from '../stall-cause/unwinding.ts';
import { effect } from './effect.ts';
import { isOfUnwinding, stallFinding } from './finding.ts';
import { computedFor } from './goroutines.ts';
import { type Metrics, metrics } from './metrics.ts';
import { noLoopReason } from './no-loop-reason.ts';
import { spinning, spinsIn } from './spinning.ts';
import { causesOf, foldedByRequest } from './stall-causes.ts';
import { addStall, recorded, regrouped, type Stall, type StallGroup } from './stall-group.ts';
import { judgeWatched } from './watched.ts';

export const loopStall = defineDetector({
  kind: 'loop-stall',
  title: 'An event loop does not get back to its wait',
  // Without times a call that tells its duration may still show a stall.
  needs: [],
  trackers: [RoundsTracker, PreemptionTracker, FailureTracker],
  thresholds: {
    'stall-ms': {
      default: 100,
      unit: 'ms',
      meaning: 'A loop that does not get back to its wait for this long is stalled, which is a warning.',
    },
    'stall-critical-ms': { default: 1000, unit: 'ms', meaning: 'A stall of this length is critical.' },
  },
  tellsStalls: true,
  perWorker: true,
  judgesOpen: true,
  judgesCounts: 'watched',
  effect,
  metrics,
  create(context) {
    const groups = new Map<Thread, Map<string, StallGroup>>();
    const threshold = context.threshold('stall-ms') * MILLISECOND;
    return {
      on: {
        longTurn(fact: LongTurn) {
          if (isStarting(fact.thread, fact.turn)) return;
          const stall = stallOf(fact, context);
          if (stall.corrected < threshold) return;
          const own = groups.get(fact.thread) ?? new Map<string, StallGroup>();
          groups.set(fact.thread, own);
          addStall(own, fact.thread, stall);
        },
        hubChanged: (thread: Thread) => {
          groups.delete(thread);
        },
        threadLetGo: (thread: Thread) => {
          groups.delete(thread);
        },
      },
      conclude: () =>
        context.model.watch.isActive ? judgeWatched(context) : conclude(context, withOpen(context, groups, threshold)),
    };
  },
});

/** With the turns that go on, in groups of their own: what was told of the others stays as it is. */
function withOpen(
  context: Context,
  groups: ReadonlyMap<Thread, Map<string, StallGroup>>,
  threshold: Nanoseconds,
): ReadonlyMap<Thread, ReadonlyMap<string, StallGroup>> {
  const all = new Map(groups);
  for (const fact of context.model.openTurns) {
    const stall = stallOf(fact, context);
    if (isStarting(fact.thread, fact.turn) || stall.corrected < threshold) continue;
    const own = [...(groups.get(fact.thread) ?? [])];
    const copies = new Map(own.map(([key, group]) => [key, { ...group, stalls: [...group.stalls] }]));
    addStall(copies, fact.thread, stall);
    all.set(fact.thread, copies);
  }
  return all;
}

function stallOf(fact: LongTurn, context: Context): Stall {
  const { turn, length, open } = fact;
  const offCpu = context.model.scheduler.active && !open ? { blocked: turn.blockedOutside, queued: turn.queued } : null;
  const judged = reasonOf(fact, context.capabilities.durations);
  const spins = spinsIn(fact, judged, context.model);
  const reason = spinning(judged, spins);
  // Whole-second stamps can make a turn look up to one second longer, or shorter, than it was.
  const uncertain = context.capabilities.resolution > MILLISECOND ? context.capabilities.resolution : 0;
  const holds = { held: turn.held, longHolds: turn.longHolds };
  const tracer = turn.tracer + turn.calls * context.model.calibration.floor;
  return {
    start: turn.start,
    end: turn.end,
    length,
    // Of threads that take turns the calls of a turn can have begun long before the stretch without a wait.
    corrected: Math.max(Math.min(turn.inCalls, length + uncertain), length - uncertain) - tracer,
    tracer,
    held: () => heldIn(context.model, holds),
    open,
    beganBefore: turn.beganBefore,
    reason: isStarvedTurn(reason, length, offCpu) ? { ...reason, cause: 'not-running' } : reason,
    request: ownRequest(fact),
    afterReply: turn.afterReply,
    waiting: turn.waiting,
    waitingCount: () => turn.waitingCount,
    calls: turn.calls,
    outside: Math.max(0, length - turn.inCalls),
    longestGap: turn.longestGap,
    spinsIn: spins,
    requestsRead: turn.requestsRead,
    isOfAny: turn.untold > turn.ownerTime,
    gapOffCpu: turn.gap?.offCpu ?? null,
    offCpu,
    rhythm: null,
  };
}

/** What it served in that turn; '' where it only took in a client, whom another thread serves. */
function ownRequest({ thread, turn: { owner } }: LongTurn): string {
  return owner === null || owner.loop !== thread.loop ? '' : owner.name;
}

/** The scheduler says that it was ready and had no processor for most of the time. */
function isStarvedTurn({ cause }: Reason, length: Nanoseconds, offCpu: OffCpu | null): boolean {
  return offCpu !== null && cause === 'no-syscall' && offCpu.queued >= length / 2;
}

/** Of one thread of many such a wait is its rest. */
const WAITS_FOR_THREADS: ReadonlySet<Cause> = new Set<Cause>(['lock', 'futex-ladder']);
const ONE_OF_MANY =
  'One thread was traced of a process that has others, which wake it: any of them may have gone on with its loop. ' +
  `Trace all of them. ${RECORDING}`;

/** A long turn of such a worker is its job, but for the time in which a signal had stopped it. */
function servesOneAtATime(role: Role | undefined): boolean {
  return role === 'sync-worker' || role === 'blocking-acceptor' || role === 'connection-worker';
}

/** A signal stops all threads of a process: its loops, where it has several (memcached), tell of it once. */
function isFirstOfStop(): (group: StallGroup) => boolean {
  const stopped = new Set<unknown>();
  return ({ cause, thread: { process } }) => {
    if (cause !== 'stopped') return true;
    const isFirst = !stopped.has(process);
    stopped.add(process);
    return isFirst;
  };
}

function conclude(context: Context, groups: ReadonlyMap<Thread, ReadonlyMap<string, StallGroup>>): Conclusion<Metrics> {
  const { model, capabilities } = context;
  const roles = rolesIn(model.processes);
  const loops = [...roles]
    .filter(([thread, role]) => isLoopOf(thread, role) && (thread.loop.turns > 0 || thread.loop.isShared))
    .map(([thread]) => thread);
  const others = [...roles].filter(([, role]) => servesOneAtATime(role)).map(([thread]) => thread);
  const stalled = [
    ...loops.flatMap((thread) =>
      foldedByRequest(regrouped(model, recorded(model, groups.get(thread)?.values() ?? []))).filter(
        ({ cause }) => !(WAITS_FOR_THREADS.has(cause) ? isOneOfMany(thread, model) : isParkedByOthers(thread, model)),
      ),
    ),
    ...others.flatMap((thread) => [...(groups.get(thread)?.values() ?? [])].filter(({ cause }) => cause === 'stopped')),
  ].filter(isFirstOfStop());
  // What may be the tracer's is no more of what the workers did themselves.
  const unwound = stalled.filter((group) => isOfUnwinding(context, group));
  const own = unwound.length === 0 ? stalled : stalled.filter((group) => !unwound.includes(group));
  const findings: DraftFinding<Metrics>[] = [...causesOf(own), ...causesOf(unwound)].flatMap((cause, index) =>
    cause.members.map((group) =>
      stallFinding(context, group, {
        cause,
        key: `${index}`,
        loops: loops.length + others.length,
        hasPool: roles.get(group.thread) === 'acceptor',
        servesOneAtATime: servesOneAtATime(roles.get(group.thread)),
      }),
    ),
  );
  if (findings.length > 0)
    return found(`${plural(findings.length, 'worker and cause', 'workers and causes')} with stalls`, findings);
  if (!capabilities.times) return notApplicable(sentenceWithout(['times']));
  if (loops.length === 0) return notApplicable(noLoopReason(model, roles));
  if (loops.some((thread) => isOneOfMany(thread, model))) return notApplicable(ONE_OF_MANY);
  for (const { process } of loops) {
    const computing = computingOf(process);
    if (computing !== null) return notApplicable(computedFor(process.pid, computing));
  }
  const turns = loops.reduce((sum, { loop }) => sum + loop.turns, 0);
  const longest = loops.reduce(
    (most, thread) => Math.max(most, sharedWaitOf(thread)?.longest ?? thread.loop.longestTurn),
    0,
  );
  const isShared = loops.every(({ loop }) => loop.isShared);
  if (isShared)
    return clear(
      `at no time of ${context.threshold('stall-ms')} ms or more was a thread at work while none of those that take ` +
        `turns at one epoll set waited there (${plural(loops.length, 'set')}); a wait for a lock would not show`,
    );
  const seen = `in ${plural(turns, 'turn')} of ${plural(loops.length, 'loop')}`;
  if (capabilities.resolution > MILLISECOND)
    return clear(
      `no turn that surely took ${context.threshold('stall-ms')} ms ${seen}; with whole-second stamps anything ` +
        'shorter than a second goes unseen',
    );
  return clear(`no turn of ${context.threshold('stall-ms')} ms or more ${seen}; the longest took ${duration(longest)}`);
}
