import type { KeptLine } from '../../model/evidence.ts';
import { sharedWaitOf } from '../../model/machine/shared-waits.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { OffCpu } from '../../model/machine/turn.ts';
import type { CodeSample } from '../../model/measuring/code-samples.ts';
import { yieldsOf } from '../../model/topics/spin/rounds-tracker.ts';
import { duration, milliseconds, plural, round } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { listensThere } from '../ask-there.ts';
import { codeIn, codeSentence, framesMember, placeOf, stepsWithCode, withCode } from '../code-line.ts';
import type { Context } from '../detector.ts';
import { type Confidence, type DraftFinding, type Step, span } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { LEAST_LOOKS, type Reason } from '../stall-cause/cause.ts';
import { isOfTracer, LONGEST_UNWINDING, partlyHeldNote, STACKS_NOTE } from '../stall-cause/unwinding.ts';
import { isScheduler, mayBeOneOfSchedulers, mayTakeTurns, SCHEDULERS_NOTE, TURNS_NOTE } from '../turn-takers.ts';
import { millisecondsAt, peerSubjects } from '../words.ts';
import { stallAdvice } from './advice.ts';
import type { Metrics } from './metrics.ts';
import { refusingOf } from './refusing.ts';
import { helperNote, helperPeers, isMostlyStarved, isStarved, summaryOf } from './sentences.ts';
import type { StallCause } from './stall-causes.ts';
import type { Stall, StallGroup } from './stall-group.ts';
import { memberTitleOf, titleOf } from './title.ts';

const POOL_NOTE = ' It hands its connections to a pool of threads: it probably waited for a free thread.';

const SEE_ITS_THREADS: Step = {
  text:
    'See what the threads of the pool wait for, and how many connections the server may have at a time: it sleeps ' +
    'again and again until one is over.',
};

/** Requests that a finding names. */
const SHOWN_REQUESTS = 20;

const WHY =
  'An event loop does one thing at a time: until it is back in its wait, this worker accepts nobody and answers ' +
  'nobody.';
const WHY_SHARED =
  'The threads of this process wait for all their sockets in one place: until one of them is back there, nobody sees ' +
  'new connections and new data.';
const WHY_STOPPED =
  'A process that a signal stopped does nothing until another signal lets it go on: its clients wait, and the other ' +
  'workers have to take what comes meanwhile.';

const USUAL_UNWINDING = 100 * MILLISECOND;
/** Above the usual, time in no call is one pause of many up to this part of the stall. */
const ONE_OF_MANY_PAUSES = 0.3;

/** No part of it is long enough to be more than the tracer that prints a stack, of this thread or another. */
function mayBeUnwinding(
  { length, corrected, held, longestGap, reason: { cause } }: Stall,
  least: Nanoseconds,
): boolean {
  if (corrected - held() < least) return true;
  // A stretch in a call that cannot sleep is no longer than the tracer takes: many of them are.
  if (cause === 'not-running' && held() === 0) return true;
  const most = Math.min(LONGEST_UNWINDING, Math.max(USUAL_UNWINDING, ONE_OF_MANY_PAUSES * length));
  return isOfTracer({ cause }) && longestGap < most;
}

/** Whether all stalls of a group may be the tracer alone, which prints stacks. */
export function isOfUnwinding(context: Context, { stalls }: StallGroup): boolean {
  const { isUnwinding, queue } = context.model.calibration;
  const least = Math.max(context.threshold('stall-ms') * MILLISECOND, queue?.round ?? 0);
  return isUnwinding && stalls.every((stall) => mayBeUnwinding(stall, least));
}

/**
 * The finding about all stalls of one worker with one cause. The first of several workers that have it speaks for all.
 * `hasPool`: its thread accepts for a pool of threads; `servesOneAtATime`: it is no loop; `loops`: workers that can
 * stall.
 */
export function stallFinding(
  context: Context,
  group: StallGroup,
  { cause: shared, key, loops, hasPool, servesOneAtATime }: SharedStall,
): DraftFinding<Metrics> {
  const { thread, longest, count, cause, open } = group;
  const { times } = context.capabilities;
  const { reason } = longest;
  const pid = thread.process.pid;
  const waiting = longest.waitingCount();
  // Of workers that serve one client at a time the others go on: a stopped one that had no client leaves them the work.
  const isCritical = ({ longest: stall }: StallGroup): boolean =>
    stall.corrected - stall.held() >= context.threshold('stall-critical-ms') * MILLISECOND &&
    !(servesOneAtATime && stall.waitingCount() === 0 && stall.request === '');
  // An acceptor takes no further connection while its pool is full, by design: that is a question of capacity.
  const looks = cause === 'sleep' && reason.rungs >= LEAST_LOOKS;
  const isFull = hasPool && (cause === 'lock' || looks);
  // A thread that is parked while others wait in its place has nothing to do.
  const parks = cause === 'lock' || cause === 'futex-ladder';
  // It may park between requests as well, so that many of them are no turn.
  const isRuntime = cause === 'many-requests' && threadsOf(thread.process).length > 1;
  const isParked = (parks || isRuntime || isScheduler(yieldsOf(thread))) && mayTakeTurns(thread, context.model);
  const isScheduled = !isParked && mayBeOneOfSchedulers(thread, yieldsOf(thread), context.model);
  const isUnwound = isOfUnwinding(context, group);
  const isDoubtful = isFull || isParked || isScheduled || isUnwound;
  const helpers = helperPeers(thread.process);
  const refusing = parks && helpers.length > 0 ? refusingOf(context, helpers) : null;
  const codeOf = (stall: Stall): CodeSample | null =>
    codeIn(context.model, thread, { start: stall.start, end: stall.end, call: stall.reason.call });
  const code = [longest, ...group.stalls].map(codeOf).find((sample) => sample !== null) ?? null;
  const isFirst = shared.members[0] === group;
  const seen = { helpers, place: placeOf(code), isFull };
  const told = isUnwound ? shared : withoutHolds(shared);
  const title = isFirst ? titleOf(told, loops, seen) : memberTitleOf(told, pid, seen);
  return {
    severity: isDoubtful ? 'info' : (isFirst ? shared.members : [group]).some(isCritical) ? 'critical' : 'warning',
    confidence: isDoubtful ? 'possible' : confidenceOf(reason, context),
    title: title.text,
    cause: key,
    summary:
      `${summaryOf(thread, longest, count, group.total, context.capabilities)}${helperNote(cause, helpers)}` +
      `${refusing === null ? '' : ` ${refusing.inWords}.`}` +
      `${codeSentence(code)}${isFirst ? everybodyNote(shared) : ''}` +
      `${isFull ? POOL_NOTE : ''}${isParked ? TURNS_NOTE : isScheduled ? SCHEDULERS_NOTE : ''}` +
      (isUnwound ? STACKS_NOTE : partlyHeldNote(longest.length, longest.held())),
    why: reason.stop !== null ? WHY_STOPPED : thread.loop.isShared ? WHY_SHARED : WHY,
    ...span({ times }, group.first, group.last),
    // Whoever has ended is in no stall any more.
    openEnded: open && !thread.ended,
    workers: isFirst ? [...new Set(shared.members.map((member) => member.thread.process.pid))] : [pid],
    metrics: {
      stallMs: milliseconds(longest.length),
      worker: pid,
      cause,
      call: reason.call,
      callMs: milliseconds(reason.callTime),
      target: cause === 'not-running' ? '' : reason.target,
      request: longest.request,
      waiting: [...longest.waiting],
      waitingCount: waiting,
      turnCalls: longest.calls,
      cpuOrWaitMs: milliseconds(longest.outside),
      onCpuMs: longest.offCpu === null ? null : milliseconds(onCpuOf(longest.outside, longest.offCpu)),
      queuedMs: longest.offCpu === null ? null : milliseconds(longest.offCpu.queued),
      longestGapMs: milliseconds(longest.longestGap),
      correctedMs: milliseconds(longest.corrected),
      quotaPeriodMs: longest.rhythm === null ? null : milliseconds(longest.rhythm.period),
      stopSignal: reason.stop?.signal ?? '',
      stopSender: reason.stop === null || reason.stop.sender === 0 ? null : reason.stop.sender,
      rungs: reason.rungs,
      query: reason.query,
      helperPeers: helpers,
      afterReply: longest.afterReply,
      count,
      longestMs: milliseconds(longest.length),
      totalMs: milliseconds(group.total),
      stalls: group.stalls
        .toSorted((a, b) => a.start - b.start)
        .map((stall) => ({
          startMs: times ? millisecondsAt(context.model, stall.start) : null,
          endMs: times ? millisecondsAt(context.model, stall.end) : null,
          stallMs: milliseconds(stall.length),
          call: stall.reason.call,
          callMs: milliseconds(stall.reason.callTime),
          blockedFromMs: times ? millisecondsAt(context.model, stall.reason.start) : null,
          blockedToMs: times ? millisecondsAt(context.model, stall.reason.end) : null,
          request: stall.request,
          turnCalls: stall.calls,
          open: stall.open,
          ...framesMember(codeOf(stall)),
        })),
      requests: shared.requests.slice(0, SHOWN_REQUESTS),
      requestInTitle: title.request,
      allCount: shared.count,
      allTotalMs: milliseconds(shared.total),
      share: round(Math.min(1, group.total / Math.max(1, observedOf(thread, context))), 4),
    },
    evidence: withCode(evidenceOf(group), code),
    next: stepsWithCode(
      [
        ...(refusing === null ? [] : [listensThere(refusing.address)]),
        ...(isFull && looks
          ? [SEE_ITS_THREADS, seeCode(thread.process, 'See the code that is running while it happens.')]
          : stallAdvice(cause, reason, thread.process, {
              request: longest.request,
              starved: starvedOf(longest),
              isMeasured: longest.offCpu !== null,
            })),
      ],
      code,
    ),
    subjects: [
      `pid ${pid}`,
      ...(longest.request === '' ? [] : [`request ${longest.request}`]),
      ...(reason.target.startsWith('/') ? [`target ${reason.target}`] : []),
      ...peerSubjects([reason.target, ...helpers]),
    ],
  };
}

/** The same with as much of its longest stalls as is surely not the tracer's. */
function withoutHolds(cause: StallCause): StallCause {
  const { members } = cause;
  if (members.every(({ longest, stalls }) => [longest, ...stalls].every(({ held }) => held() === 0))) return cause;
  return {
    ...cause,
    members: members.map((group) => {
      const longest = [group.longest, ...group.stalls].reduce((most, stall) =>
        ownOf(stall) > ownOf(most) ? stall : most,
      );
      return { ...group, longest: { ...longest, length: ownOf(longest) } };
    }),
  };
}

function ownOf({ length, held }: Stall): Nanoseconds {
  return Math.max(0, length - held());
}

function starvedOf(stall: Stall): 'not' | 'partly' | 'mostly' {
  if (!isStarved(stall)) return 'not';
  return isMostlyStarved(stall) ? 'mostly' : 'partly';
}

/** How a stall stands beside those of other workers. */
export interface SharedStall {
  readonly cause: StallCause;
  /** The same for all that it caused. */
  readonly key: string;
  readonly loops: number;
  readonly hasPool: boolean;
  readonly servesOneAtATime: boolean;
}

function everybodyNote({ members, count, total }: StallCause): string {
  if (members.length === 1) return '';
  const stalls = `${plural(count, 'stall')}, together ${duration(total)}`;
  return ` ${plural(members.length, 'worker')} stalled like this: ${stalls}.`;
}

/** The time in which the loop was watched. */
function observedOf(thread: StallGroup['thread'], { model }: Context): Nanoseconds {
  const { busy, idle } = thread.loop;
  const shared = sharedWaitOf(thread);
  return shared === null ? busy + idle : model.lastTime - shared.first;
}

/** Time outside calls that was spent on a processor. */
function onCpuOf(outside: Nanoseconds, { blocked, queued }: OffCpu): Nanoseconds {
  return Math.max(0, outside - blocked - queued);
}

function confidenceOf(reason: Reason, context: Context): Confidence {
  const { times, resolution } = context.capabilities;
  return !times || resolution > MILLISECOND || reason.estimated ? 'possible' : reason.confidence;
}

function evidenceOf(group: StallGroup): KeptLine[] {
  const lines: KeptLine[] = [];
  for (const stall of [group.longest, ...group.stalls.toSorted((a, b) => b.length - a.length)]) {
    for (const line of stall.reason.lines)
      if (lines.length < 6 && !lines.some((known) => known.line === line.line && known.file === line.file))
        lines.push(line);
  }
  return lines;
}
