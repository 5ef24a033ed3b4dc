import type { LongTurn } from '../../model/facts.ts';
import type { Process } from '../../model/process.ts';
import { rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import type { KeptLine } from '../../model/turn.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding } from '../finding.ts';
import { reasonOf } from '../loop-stall/cause.ts';
import { CAUSE_IN_WORDS } from '../loop-stall/sentences.ts';
import { moment } from '../moment.ts';
import { duration, milliseconds, plural, round } from '../words.ts';
import { BusyTurns, MOST_TURNS, type Place } from './busy-turns.ts';
import { allAtOnce, type Interval } from './intersection.ts';
import { totalsOf } from './stall-totals.ts';

const SHOWN = 20;
/** Workers of which each stall says what they were in. */
const MOST_BLOCKED = 100;
/** Per cent of the stalled time outside system calls up to which, and from which on, a sentence says so. */
const MOSTLY_WAITING = 20;
const MOSTLY_COMPUTING = 90;

export const serviceStall: DetectorDefinition = {
  kind: 'service-stall',
  title: 'No worker can accept or answer',
  thresholds: ['service-stall-ms', 'stall-ms'],
  create(context): Detector {
    const turns = new Map<Thread, BusyTurns>();
    const threshold = context.threshold('stall-ms') * MILLISECOND;
    return {
      on: {
        longTurn(fact: LongTurn) {
          const { thread, turn, length, open } = fact;
          if (length - turn.tracer < threshold) return;
          const { cause, call, target, lines } = reasonOf(fact, context.capabilities.durations);
          const own = turns.get(thread) ?? new BusyTurns();
          turns.set(thread, own);
          own.add({ start: turn.start, end: turn.end, outside: Math.max(0, length - turn.inCalls), open, lines }, { cause, call, target });
        },
        hubChanged: (thread: Thread) => {
          turns.delete(thread);
        },
        threadLetGo: (thread: Thread) => {
          turns.delete(thread);
        },
      },
      conclude: () => conclude(context, turns),
    };
  },
};

function conclude(context: Context, turns: ReadonlyMap<Thread, BusyTurns>): Conclusion {
  const { model, capabilities } = context;
  if (!capabilities.times)
    return { outcome: { status: 'not-applicable', reason: 'The capture has no times. Record with -ttt.' }, findings: [] };
  const services = servicesOf(model.processes.threads());
  const several = services.filter((loops) => loops.length >= 2);
  if (several.length === 0) {
    const loops = services.flat().length;
    const reason =
      loops === 1
        ? 'One event-loop worker was traced: each of its stalls stops whatever it alone serves; trace all workers to see whether the service stood still'
        : 'No event-loop workers seen';
    return { outcome: { status: 'not-applicable', reason }, findings: [] };
  }
  const findings: DraftFinding[] = [];
  for (const loops of several) {
    const found = finding(context, loops, turns);
    if (found !== null) findings.push(found);
  }
  if (findings.length > 0)
    return {
      outcome: { status: 'found', reason: `${plural(findings.length, 'service')} with moments in which no worker could accept` },
      findings,
    };
  const workers = several.map((loops) => loops.length).join(' and ');
  return {
    outcome: {
      status: 'clear',
      reason: `at no time were all of the ${workers} workers away from their loops for ${context.threshold('service-stall-ms')} ms or more`,
    },
    findings,
  };
}

/** Event-loop threads that serve the same service: workers of one parent, or of one listener. */
function servicesOf(threads: Iterable<Thread>): Thread[][] {
  const groups = new Map<unknown, Thread[]>();
  for (const [thread, role] of rolesOf(threads)) {
    if (role !== 'event-loop') continue;
    const key = thread.process.parent ?? thread.accepts.listener ?? 'unrelated';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [thread]);
    else group.push(thread);
  }
  return [...groups.values()];
}

function finding(context: Context, loops: readonly Thread[], turns: ReadonlyMap<Thread, BusyTurns>): DraftFinding | null {
  const { model } = context;
  const lives = loops.map((thread) => ({
    start: thread.firstTime,
    end: endOf(thread, model.lastTime),
    busy: turns.get(thread)?.turns ?? [],
  }));
  const stalls = allAtOnce(lives).filter((stall) => stall.end - stall.start >= context.threshold('service-stall-ms') * MILLISECOND);
  if (stalls.length === 0) return null;
  const total = stalls.reduce((sum, stall) => sum + stall.end - stall.start, 0);
  const byLength = stalls.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  const shown = byLength.slice(0, SHOWN).map((stall) => describe(stall, loops, turns));
  const worst = shown[0] as Described;
  const longest = worst.end - worst.start;
  const { inTurns, outside, open } = totalsOf(
    stalls,
    lives.flatMap(({ busy }) => busy),
  );
  const workers = loops.map((thread) => thread.process.pid);
  const computing = round((100 * outside) / Math.max(1, inTurns), 1);
  const where = [...new Set(worst.blockedIn.map(whereOf))].slice(0, 3).join(', ');
  const atLeast = worst.open ? 'at least ' : '';
  const everybody = loops.length === 2 ? 'Both workers' : `All ${loops.length} workers`;
  const extent =
    stalls.length === 1
      ? `for ${atLeast}${duration(longest)}`
      : `${stalls.length} times, ${duration(total)} in all; the longest lasted ${atLeast}${duration(longest)}`;
  return {
    kind: 'service-stall',
    severity: 'critical',
    sureness: 'likely',
    title: `No worker could accept or answer${stalls.length === 1 ? ` for ${atLeast}` : `: ${stalls.length} times, longest ${atLeast}`}${duration(longest)}`,
    summary: `${notAll(loops, turns)}${everybody} were away from their loops at the same time ${extent}, spent ${where}. ${computingOrWaiting(computing)}`,
    why: `Nobody accepts or answers while every loop is blocked: the service is down for that time${computing <= MOSTLY_WAITING ? ', although the machine may be idle' : ''}. It then serves ${loops.length} requests at once, one a worker, and no more.`,
    start: stalls[0]?.start ?? UNKNOWN,
    end: stalls.at(-1)?.end ?? UNKNOWN,
    openEnded: open,
    workers,
    metrics: {
      workers: loops.length,
      blocked: loops.length,
      count: stalls.length,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      busyPercent: computing,
      stalls: shown
        .toSorted((a, b) => a.start - b.start)
        .map((stall) => ({
          startMs: moment(model, stall.start),
          endMs: moment(model, stall.end),
          blockedIn: stall.blockedIn.map((each) => ({ ...each })),
        })),
    },
    evidence: worst.lines.slice(0, 6),
    next: [
      { text: 'Fix the stall that holds the workers first: see the loop-stall findings of the same workers.' },
      {
        text: 'Until then more workers raise the ceiling by one request each.',
        caveat: 'They also enlarge a herd, and a slow dependency will take them too.',
      },
    ],
    subjects: workers.map((pid) => `pid ${pid}`),
  };
}

/** Says so when a very long capture held more stalls than are kept. */
function notAll(loops: readonly Thread[], turns: ReadonlyMap<Thread, BusyTurns>): string {
  const dropped = loops.reduce((sum, thread) => sum + (turns.get(thread)?.dropped ?? 0), 0);
  return dropped === 0 ? '' : `Only the last ${plural(MOST_TURNS, 'long turn')} of each worker were compared. `;
}

/** `in poll on 127.0.0.1:3306 (MySQL)`, `outside system calls`. */
function whereOf({ call, target, cause }: Place): string {
  if (cause === 'no-syscall') return CAUSE_IN_WORDS[cause];
  return `in ${call === '' ? CAUSE_IN_WORDS[cause] : call}${target === '' ? '' : ` on ${target}`}`;
}

function computingOrWaiting(percent: number): string {
  if (percent <= MOSTLY_WAITING) return `At most ${percent} % of that time was computing: the workers waited inside calls.`;
  if (percent >= MOSTLY_COMPUTING) return 'Nearly all of that time was outside system calls: computing, or waiting for a CPU.';
  return `${percent} % of that time was outside system calls (computing, or waiting for a CPU), the rest inside calls.`;
}

function endOf(thread: Thread, lastTime: Nanoseconds): Nanoseconds {
  const { exitedAt }: Process = thread.process;
  return thread.ended ? thread.lastTime : exitedAt === UNKNOWN ? lastTime : exitedAt;
}

/** A stall with what the workers were in. */
interface Described extends Interval {
  readonly open: boolean;
  readonly blockedIn: readonly (Place & { readonly pid: number })[];
  readonly lines: readonly KeptLine[];
}

function describe(stall: Interval, loops: readonly Thread[], turns: ReadonlyMap<Thread, BusyTurns>): Described {
  const during = loops.flatMap((thread) => (turns.get(thread)?.during(stall) ?? []).map((busy) => ({ pid: thread.process.pid, busy })));
  return {
    start: stall.start,
    end: stall.end,
    open: during.some(({ busy }) => busy.open && busy.end === stall.end),
    blockedIn: during.slice(0, MOST_BLOCKED).map(({ pid, busy }) => ({ pid, ...busy.place })),
    lines: during.flatMap(({ busy }) => busy.lines.slice(0, 1)),
  };
}
