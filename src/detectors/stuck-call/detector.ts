import { atEndOf, idleOf, isBare, type ThreadAtEnd } from '../../model/at-end/at-end.ts';
import { isAway } from '../../model/at-end/waits.ts';
import type { Process } from '../../model/machine/process.ts';
import { isWorkerRole, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import { SharedLocks } from '../../model/topics/locks/shared-locks.ts';
import { JobTracker } from '../../model/topics/queues/job-tracker.ts';
import { SessionTracker } from '../../model/topics/sessions/session-tracker.ts';
import { statementsLeft } from '../../model/topics/sessions/statements-left.ts';
import { plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { AnsweredSleeps } from './answered-sleeps.ts';
import { awayAllTime, awayFinding, lastedOf } from './away.ts';
import { cameBack, cameBackFinding } from './came-back.ts';
import { effect } from './effect.ts';
import { finding, type Group } from './finding.ts';
import { heldByRequest, heldFinding } from './held-by-request.ts';
import { heldStill, heldStillFinding } from './held-still.ts';
import { asSeenInCode } from './in-request.ts';
import { type Metrics, metrics } from './metrics.ts';
import { isParkedByUnseen, sortOut } from './no-news.ts';
import { type StoppedProcess, stoppedBefore, stoppedFinding } from './stopped-before.ts';
import { unaccepted, unacceptedFinding } from './unaccepted.ts';
import { isUsual } from './usual.ts';

export const stuckCall = defineDetector({
  kind: 'stuck-call',
  title: 'A thread has not come back from a call',
  needs: [],
  thresholds: {
    'stuck-ms': {
      default: 1000,
      unit: 'ms',
      meaning:
        'A thread is stuck when its last call had lasted so long at the end of the capture, unless the ' +
        'thread waits for work in that call.',
    },
  },
  trackers: [SharedLocks, JobTracker, AnsweredSleeps, SessionTracker],
  judgesCounts: 'watched',
  judgesOpen: true,
  effect,
  metrics,
  measures: { count: 'count', longestMs: 'threads.forMs' },
  create(context) {
    return { on: {}, conclude: () => conclude(context) };
  },
});

function conclude(context: Context): Conclusion<Metrics> {
  const { model } = context;
  const least = context.threshold('stuck-ms') * MILLISECOND;
  const { all: sorted, noNews, suspects } = sortOut(model, leftAtEnd(context), least);
  const all = sorted.map((each) => asSeenInCode(context, each));
  const away = awayAllTime(context);
  const special = { suspects, seenInCode: new Set(all.filter((each, index) => each !== sorted[index])) };
  // Who holds them up is what `session-lock` tells.
  const processes = model.processes.all();
  const census = model.topic(SessionTracker).censusAtEnd(processes, model.lastTime);
  const heldUp = new Set(statementsLeft(census, processes, least).map(({ tid }) => tid));
  const stuck = all.filter(
    (each) =>
      each.idle !== 'yes' &&
      !heldUp.has(each.thread.tid) &&
      each.wait.what !== '' &&
      !noNews.has(each) &&
      isLong(context, each) &&
      !isUsualWait(context, each) &&
      !isOneOfMany(context, each, away),
  );
  const groups = groupedBy(stuck, (each) => `${each.idle} ${each.left.name} ${each.wait.kind} ${keyOf(each)}`);
  const held = heldByRequest(context);
  const alone = held.filter(({ isOfPool }) => !isOfPool);
  const ofPool = held.filter(({ isOfPool }) => isOfPool);
  const told = new Set([...held, ...stuck.filter(({ idle }) => idle === 'no')].map(({ thread }) => thread));
  const working = away.filter((thread) => !told.has(thread));
  const back = cameBack(context);
  const still = heldStill(context);
  const stopped = stoppedBefore(context);
  if (groups.size === 0 && working.length === 0 && held.length === 0 && still.length === 0) {
    const over = [
      ...(back.length > 0 ? [cameBackFinding(context, back)] : []),
      ...stoppedFindings(context, stopped, sceneOf(model, all, stuck, special)),
    ];
    const queue = unaccepted(context);
    if (queue !== null) over.push(unacceptedFinding(context, queue));
    if (over.length > 0) {
      const count = back.length + stopped.flat().length + (queue?.processes.length ?? 0);
      return found(`${plural(count, 'thread')} stuck or stopped for a while`, over);
    }
    const last = all.find(
      (each) => each.idle !== 'yes' && each.wait.what !== '' && each.left.since >= model.lastTime && !noNews.has(each),
    );
    if (all.length === 0) return nobodyInCall(model);
    const parked = all.find((each) => isParkedByUnseen(each, model));
    if (parked !== undefined)
      return notApplicable(
        `${parked.thread.tid === 0 ? 'The process' : parked.thread.tid} waits in ${parked.left.name} for other ` +
          'threads, which the capture does not show: whether there is work for it is not told. Record with -f',
      );
    if (last === undefined && isBare(model, all))
      return notApplicable(
        `No call came back in the capture (${bareCalls(all)}): whether there is work meanwhile is not told. Record ` +
          'while clients connect',
      );
    return last === undefined
      ? clear(reasonOf(context, all, noNews.size))
      : notApplicable(
          `The last line is a call that had not come back (${last.left.name} of ${last.thread.tid}): how long it ` +
            'lasted the capture does not tell',
        );
  }
  const scene = sceneOf(model, all, stuck, special);
  const judged = [...groups.values()].map((group) => judge(model, group, scene));
  const findings = judged.map((group) => finding(context, group));
  const isTold = working.length > 0 || held.length > 0 || still.length > 0 || findings.some(isSerious);
  const queue = isTold ? null : unaccepted(context);
  if (queue !== null) findings.push(unacceptedFinding(context, queue));
  const gone = new Set(
    [...working, ...[...alone, ...stuck, ...still.flat()].map(({ thread }) => thread)].map(({ process }) => process),
  );
  const isEverybody = [...scene.processes].every((process) => gone.has(process));
  const inPools = working.filter(({ tid, process }) => tid !== process.pid);
  const firsts = working.filter((thread) => !inPools.includes(thread));
  if (firsts.length > 0) findings.push(awayFinding(context, firsts, isEverybody));
  if (inPools.length > 0) findings.push(awayFinding(context, inPools, false));
  if (alone.length > 0) findings.push(heldFinding(context, alone, isEverybody));
  if (ofPool.length > 0) findings.push(heldFinding(context, ofPool, false));
  if (back.length > 0) findings.push(cameBackFinding(context, back));
  findings.push(...still.map((each) => heldStillFinding(context, each, isEverybody)));
  findings.push(...stoppedFindings(context, stopped, scene));
  const count = stuck.length + working.length + held.length + still.flat().length;
  return found(`${plural(count, 'thread')} had not come back from a call`, findings);
}

const MOST_BARE = 3;

/** `wait4 of 4711`, the first few of them. */
function bareCalls(all: readonly ThreadAtEnd[]): string {
  const each = all
    .slice(0, MOST_BARE)
    .map(({ left, thread: { tid } }) => `${left.name}${tid === 0 ? '' : ` of ${tid}`}`);
  return `${each.join(', ')}${all.length > MOST_BARE ? ', …' : ''}`;
}

function isSerious({ severity }: DraftFinding<Metrics>): boolean {
  return severity !== 'info';
}

function stoppedFindings(
  context: Context,
  stopped: readonly (readonly StoppedProcess[])[],
  { processes }: Scene,
): DraftFinding<Metrics>[] {
  return stopped.map((all) => {
    const those = new Set(all.map(({ process }) => process));
    return stoppedFinding(
      context,
      all,
      [...processes].every((process) => those.has(process)),
    );
  });
}

/** How long they lasted is UNKNOWN where the capture does not tell, for no line could come after them. */
function leftAtEnd(context: Context): ThreadAtEnd[] {
  const { model, capabilities } = context;
  return atEndOf(model).map((each) => {
    // Without times the durations of other calls (-T) do not say how long those lasted that had not come back.
    const isUntold = !capabilities.times || (mayBeStuck(context, each) && !isLong(context, each));
    return isUntold ? { ...each, lasted: UNKNOWN } : each;
  });
}

/** Nobody went on, and it was away from its work in a call of a kind that had not been seen to come back. */
function mayBeStuck({ goesOn }: Context, each: ThreadAtEnd): boolean {
  return each.mayHaveLasted && !goesOn && isAway(each.thread, each.left) && !isUsual(each);
}

/** Sockets to one address are one target; sockets that nobody could name are one, too. */
function keyOf({ left: { target, descriptor, path }, idle, wait }: ThreadAtEnd): string {
  if (descriptor !== null && descriptor.kind === 'socket' && descriptor.peer === '') return 'socket';
  // Each child of a pool has a pipe of its own, on which it waits for work.
  if (idle === 'unknown' && wait.kind === 'work' && descriptor?.kind === 'pipe') return 'pipe';
  return path === '' ? target : path;
}

/** Every busy capture ends with calls that are under way: only a long stay says something. */
function isLong({ model, capabilities, threshold, goesOn }: Context, { lasted, left }: ThreadAtEnd): boolean {
  if (!capabilities.times || lasted === UNKNOWN) return true;
  // Of two whole seconds one may be what the stamps hide.
  if (lasted >= threshold('stuck-ms') * MILLISECOND + capabilities.resolution) return true;
  // Nothing else happened in the capture: it was made of somebody who hangs. While it goes on a call may still come
  // back, and what the screen says has to stand in the capture that is kept a moment later.
  return left.beganBefore && !goesOn && !hasReturned(model);
}

/** Requests of the capture were answered after a sleep, or a wait for another thread, as long as this one. */
function isUsualWait({ model }: Context, { left, lasted, wait }: ThreadAtEnd): boolean {
  if (left.beganBefore || lasted === UNKNOWN) return false;
  const { longest, longestForThread } = model.topic(AnsweredSleeps);
  if (wait.kind === 'time') return lasted <= longest;
  return wait.kind === 'lock' && left.futex !== null && lasted <= longestForThread;
}

/** Its thread came from one such call to the next in the whole capture: the last of them says less than all. */
function isOneOfMany({ model }: Context, { thread, lasted }: ThreadAtEnd, away: readonly Thread[]): boolean {
  return lasted !== UNKNOWN && away.includes(thread) && lasted * 2 < lastedOf(model, thread);
}

/** Some call came back in the capture. */
function hasReturned({ processes }: Model): boolean {
  for (const { lastTime } of processes.threads()) if (lastTime !== UNKNOWN) return true;
  return false;
}

/** What is known of the capture as a whole. */
interface Scene {
  /** Processes that serve; where nobody is known to, all but those that only keep time or govern others. */
  readonly processes: ReadonlySet<Process>;
  readonly isServing: boolean;
  /** Somebody is surely stuck. */
  readonly isHang: boolean;
  /** Threads that may wait for each other. */
  readonly suspects: ReadonlySet<ThreadAtEnd>;
  /** Threads of which only their code tells that they serve. */
  readonly seenInCode: ReadonlySet<ThreadAtEnd>;
}

function sceneOf(
  model: Model,
  all: readonly ThreadAtEnd[],
  stuck: readonly ThreadAtEnd[],
  special: Pick<Scene, 'suspects' | 'seenInCode'>,
): Scene {
  const roles = rolesIn(model.processes);
  const serving = [...roles].filter(([, role]) => isWorkerRole(role)).map(([thread]) => thread.process);
  const keeping = new Set(all.filter(({ wait }) => wait.kind === 'time').map(({ thread }) => thread.process));
  const governing = new Set([...roles].filter(([, role]) => role === 'master').map(([thread]) => thread.process));
  const others = [...roles.keys()]
    .map((thread) => thread.process)
    .filter((process) => !keeping.has(process) && !governing.has(process));
  const hasClients = others.some(({ clientsHeld }) => clientsHeld > 0);
  return {
    processes: new Set(serving.length > 0 ? serving : others),
    isServing: serving.length > 0 || hasClients,
    isHang: stuck.some(({ idle }) => idle === 'no'),
    ...special,
  };
}

function judge(model: Model, all: readonly ThreadAtEnd[], scene: Scene): Group {
  const { processes, isServing, isHang, suspects, seenInCode } = scene;
  const stuck = new Set(all.map(({ thread }) => thread.process));
  const since = Math.max(...all.map(({ left }) => left.since));
  const isEverybody = [...processes].every((process) => stuck.has(process) && !hasAnsweredSince(process, since));
  if (all[0]?.idle === 'unknown') {
    const isMutual = all.some((each) => suspects.has(each));
    const isSerious = isMutual || isAlone(model, all) || (isHang && isLocked(all) && !mayBeParent(model, all));
    return { all, severity: isSerious ? 'warning' : 'info', isEverybody, isMutual };
  }
  // Without times the capture may just have been cut while everybody was at work.
  const isSure = all.every(
    ({ left, lasted }) => left.beganBefore || (lasted !== UNKNOWN && model.lastTime > model.firstTime),
  );
  // It came back from others, and a capture that ends while all is well ends in a call, too.
  const isLastLine =
    model.firstTime !== UNKNOWN && all.every(({ left, lasted }) => !left.beganBefore && lasted === UNKNOWN);
  // Work ends a capture in any call; in a lock that somebody else has, hardly ever.
  const isHeld = all.every(({ wait }) => wait.kind === 'lock');
  if (isLastLine) return { all, severity: isHeld ? 'warning' : 'info', isEverybody, isMutual: false };
  // A process that opens and looks for files is at work, as long as nothing says how long.
  const isAtWork = all.every(({ left, wait }) => wait.kind === 'disk' && !left.beganBefore);
  if (isAtWork && !(model.lastTime > model.firstTime)) return { all, severity: 'info', isEverybody, isMutual: false };
  // Others of the same pool may serve meanwhile: nothing but the code of these says that they serve.
  const isOfPool = all.some((each) => seenInCode.has(each));
  const isService = !isOfPool && isSure && isEverybody && (isServing || stuck.size > 1);
  return { all, severity: isService ? 'critical' : 'warning', isEverybody, isMutual: false };
}

/** Other threads of it answered somebody since then. */
function hasAnsweredSince(process: Process, since: Nanoseconds): boolean {
  return process.lastAnswerAt !== UNKNOWN && process.lastAnswerAt > since && threadsOf(process).length > 1;
}

const MOST_LOCKED = 3;

/** Processes of one thread that wait for a lock: where others hang, that is likelier than an idle wait. */
function isLocked(all: readonly ThreadAtEnd[]): boolean {
  // More of them on one word are threads of a pool that strace did not tell from processes.
  return (
    all.length <= MOST_LOCKED &&
    all.every(({ wait, thread }) => wait.kind === 'lock' && threadsOf(thread.process).length === 1)
  );
}

/**
 * The parent of others, or the first of the traced processes, where no other one can be their parent: parents wait for
 * ever, and rightly so.
 */
function mayBeParent(model: Model, all: readonly ThreadAtEnd[]): boolean {
  const [only] = all;
  if (only === undefined || all.length > 1) return false;
  if (model.processes.all().some(({ parent }) => parent === only.thread.process)) return true;
  const pids = model.processes.all().map(({ pid }) => pid);
  if (pids.some((pid) => pid < only.thread.process.pid)) return false;
  if ([...rolesIn(model.processes).values()].includes('master')) return false;
  return !atEndOf(model).some(({ wait }) => wait.kind === 'time');
}

/** One thread, of which nothing else is known: somebody looked at it because it hangs. */
function isAlone({ processes }: Model, all: readonly ThreadAtEnd[]): boolean {
  const [only] = all;
  if (only === undefined || all.length > 1 || only.wait.kind === 'work' || only.wait.kind === 'unknown') return false;
  return [...processes.threads()].length === 1 && only.thread.lastTime === UNKNOWN;
}

/**
 * A thread that lives is in a call or at work when a capture ends: where no call is open, the capture was cut, as a
 * rule.
 */
function nobodyInCall({ processes }: Model): Conclusion<never> {
  const threads = [...processes.threads()];
  if (threads.length > 0 && threads.every(({ ended }) => ended))
    return clear(
      threads.length === 1
        ? 'the one thread had ended when the capture did'
        : `${threads.length === 2 ? 'both' : `all ${threads.length}`} threads had ended when the capture did`,
    );
  return notApplicable(
    'No call is open at the end of the capture: either it was cut, or its tracer prints a call only when the call ' +
      'has come back. End strace with Ctrl-C or timeout; strace then prints the call that each thread is in',
  );
}

function reasonOf(context: Context, all: readonly ThreadAtEnd[], parked: number): string {
  const idle = all.filter((each) => idleOf(each) === 'yes').length;
  const untold = all.filter((each) => each.idle === 'yes').length - idle;
  const asleep = all.filter(
    (each) => each.idle !== 'yes' && isLong(context, each) && isUsualWait(context, each),
  ).length;
  const brief = all.length - idle - untold - parked - asleep;
  const parts = [
    `${idle} waiting for work or for a time`,
    ...(untold > 0 ? [`${untold} in a call that strace does not name`] : []),
    ...(parked > 0 ? [`${parked} waiting for another thread or process while no request waits`] : []),
    ...(asleep > 0
      ? [`${asleep} asleep, or waiting for a thread, in a request no longer than others that were then answered`]
      : []),
    ...(brief > 0 ? [`${brief} for less than ${context.threshold('stuck-ms')} ms`] : []),
  ];
  return parts.length === 1
    ? `${plural(all.length, 'thread')} in a call when the capture ended, all waiting for work or for a time`
    : `${plural(all.length, 'thread')} in a call when the capture ended: ${parts.join(', ')}`;
}
