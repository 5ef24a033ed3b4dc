import type { Thread } from '../../model/machine/thread.ts';
import { duration, milliseconds, percent, plural, round } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type BusyTurns, MOST_TURNS, type NamedPlace } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { codeSentence, commonPlace, framesMember, withCode, withPlace } from '../code-line.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, ofCause } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { CAUSE_IN_WORDS } from '../stall-cause/cause.ts';
import { isOfTracer, LONGEST_UNWINDING, STACKS_NOTE } from '../stall-cause/unwinding.ts';
import { everyOne, millisecondsAt } from '../words.ts';
import { MOMENT } from '../worst-moment.ts';
import type { Metrics } from './metrics.ts';
import { describe, type ServiceStall, totalsOf } from './service-stalls.ts';

const SHOWN = 20;
const LONGEST_TITLE = 78;

/** Per cent of the stalled time outside system calls up to which, and from which on, a sentence says so. */
const MOSTLY_WAITING = 20;

const MOSTLY_COMPUTING = 90;

/**
 * The finding about a service of which all workers were away from their loops at once. `isHeld`: only as far as a
 * tracer that prints stacks may have held them.
 */
export function finding(
  context: Context,
  loops: readonly Thread[],
  turns: ReadonlyMap<Thread, BusyTurns>,
  stalls: readonly Interval[],
  isHeld: boolean,
): DraftFinding<Metrics> {
  const { model } = context;
  const total = stalls.reduce((sum, stall) => sum + stall.end - stall.start, 0);
  const byLength = stalls.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  const shown = byLength.slice(0, SHOWN).map((stall) => describe(model, stall, loops, turns));
  const worst = shown[0] as ServiceStall;
  const longest = worst.end - worst.start;
  const { inTurns, outside, open } = totalsOf(
    stalls,
    loops.flatMap((thread) => turns.get(thread)?.turns ?? []),
  );
  const code = worst.codes.find((sample) => sample !== null) ?? null;
  const workers = loops.map((thread) => thread.process.pid);
  const computing = round((100 * outside) / Math.max(1, inTurns), 1);
  const where = [...new Set(worst.blockedIn.map(whereOf))].slice(0, 3).join(', ');
  const atLeast = worst.open ? 'at least ' : '';
  const everybody = everyOne(loops.length, 'workers');
  const isUnwound = isHeld || (model.calibration.isUnwinding && mayBeUnwinding(shown, loops, turns));
  const extent =
    stalls.length === 1
      ? `for ${atLeast}${duration(longest)}`
      : `${stalls.length} times, ${duration(total)} in all; the longest lasted ${atLeast}${duration(longest)}`;
  return {
    severity: isUnwound ? 'info' : isPassing(context, shown, longest, total) ? 'warning' : 'critical',
    confidence: isUnwound ? 'possible' : 'likely',
    title: withPlace(
      'No worker could accept or ' +
        `answer${stalls.length === 1 ? ` for ${atLeast}` : `: ${stalls.length} times, longest ${atLeast}`}` +
        `${duration(longest)}`,
      commonPlace(worst.codes),
      LONGEST_TITLE,
    ),
    summary:
      `${notAll(loops, turns)}${everybody} were away from their loops at the same time ${extent}, spent ` +
      `${where}. ${computingOrWaiting(worst, computing)}${isUnwound ? STACKS_NOTE : ''}${codeSentence(code)}`,
    why:
      'Nobody accepts or answers while every loop is blocked: the service is down for that ' +
      `time${computing <= MOSTLY_WAITING ? ', although the machine may be idle' : ''}. The service can then ` +
      `hold ${loops.length} requests at once, one in each worker, and no more.`,
    start: stalls[0]?.start ?? UNKNOWN,
    end: stalls.at(-1)?.end ?? UNKNOWN,
    openEnded: open,
    workers,
    metrics: {
      cause: 'busy-loops',
      workers: loops.length,
      blocked: loops.length,
      count: stalls.length,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      busyPercent: computing,
      stalls: shown
        .toSorted((a, b) => a.start - b.start)
        .map((stall) => ({
          startMs: millisecondsAt(model, stall.start),
          endMs: millisecondsAt(model, stall.end),
          blockedIn: stall.blockedIn.map((each, index) => ({
            ...each,
            ...framesMember(stall.codes[index] ?? null),
          })),
        })),
    },
    evidence: withCode(worst.lines.slice(0, 6), code),
    next: [
      ...loops
        .slice(0, 1)
        .map(({ process }) => ofCause(seeCode(process, 'See the code that the workers are in then.'))),
      {
        text: 'Until the cause is mended, start more workers: each lets one more request run.',
        caveat: 'More workers also enlarge a herd, and a slow dependency blocks them too.',
      },
    ],
    subjects: workers.map((pid) => `pid ${pid}`),
  };
}

/**
 * A host with more to do than processors now and then leaves all workers without one at the same time, and so may a
 * busy moment: one that is short and rare is felt by few. What blocks all of them comes back with its cause. A
 * capture that has just begun, and goes on, is judged as if it had lasted for a moment of 10 s.
 */
function isPassing(
  { model, threshold, goesOn }: Context,
  stalls: readonly ServiceStall[],
  longest: Nanoseconds,
  total: Nanoseconds,
): boolean {
  const places = stalls.flatMap(({ blockedIn }) => blockedIn);
  const isComputing = places.every(({ cause }) => cause === 'no-syscall' || cause === 'not-running');
  const window = Math.min(model.lastTime, model.options.to) - Math.max(model.firstTime, model.options.from);
  return (
    isComputing &&
    longest < threshold('stall-critical-ms') * MILLISECOND &&
    total < threshold('service-stall-share') * (goesOn ? Math.max(window, MOMENT) : window)
  );
}

/** strace holds all workers while it prints a stack of one of them: no pause is longer than that takes at most. */
function mayBeUnwinding(
  stalls: readonly ServiceStall[],
  loops: readonly Thread[],
  turns: ReadonlyMap<Thread, BusyTurns>,
): boolean {
  return (
    stalls.every(({ blockedIn }) => blockedIn.every(isOfTracer)) &&
    loops.every((thread) =>
      (turns.get(thread)?.turns ?? []).every(
        ({ place, pauseStart, pauseEnd }) =>
          place.cause === 'not-running' || !isOfTracer(place) || pauseEnd - pauseStart < LONGEST_UNWINDING,
      ),
    )
  );
}

/** Says so when a very long capture held more stalls than are kept. */
function notAll(loops: readonly Thread[], turns: ReadonlyMap<Thread, BusyTurns>): string {
  const isCut = loops.some((thread) => (turns.get(thread)?.dropped ?? 0) > 0);
  return isCut ? `Only the last ${plural(MOST_TURNS, 'long turn')} of each worker were compared. ` : '';
}

/** `in poll on 127.0.0.1:3306 (MySQL)`, `outside system calls`. */
function whereOf({ call, target, cause }: NamedPlace): string {
  if (cause === 'no-syscall' || cause === 'not-running') return CAUSE_IN_WORDS[cause];
  return `in ${call === '' ? CAUSE_IN_WORDS[cause] : call}${target === '' ? '' : ` on ${target}`}`;
}

function computingOrWaiting({ blockedIn }: ServiceStall, busy: number): string {
  if (blockedIn.every(({ cause }) => cause === 'stopped')) return 'All of them were stopped.';
  if (blockedIn.every(({ cause }) => cause === 'not-running'))
    return 'Possible reasons: a CPU quota, no free CPU, page faults, or the tracer.';
  if (busy <= MOSTLY_WAITING)
    return `In these turns at most ${percent(busy / 100)} of the time was computing: the workers waited inside calls.`;
  if (busy >= MOSTLY_COMPUTING)
    return 'In these turns nearly all of the time was outside system calls: computing, or waiting for a CPU.';
  const share = percent(busy / 100);
  return (
    `In these turns ${share} of the time was outside system calls (computing, or waiting for a CPU), ` +
    'the rest inside calls.'
  );
}
