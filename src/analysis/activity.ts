import { millisecondsAt } from '../detectors/words.ts';
import { atEndOf, type ThreadAtEnd } from '../model/at-end/at-end.ts';
import type { Thread } from '../model/machine/thread.ts';
import { threadsOf } from '../model/machine/threads-of.ts';
import { ActivityLane, BUCKETS, spread } from '../model/measuring/activity-lane.ts';
import type { ActivityRecorder } from '../model/measuring/activity-recorder.ts';
import type { Model } from '../model/model.ts';
import { milliseconds } from '../trace/format-numbers.ts';
import { type Family, isWait } from '../trace/syscalls.ts';
import { type Nanoseconds, type TimeOrigin, UNKNOWN } from '../trace/time.ts';
import type { Activity, CallTarget, Now, WorkerActivity } from './activity-types.ts';
import { requestRows } from './request-rows.ts';
import { isoTime, monotonicSeconds, timeOfDay } from './times.ts';
import type { Representative } from './workers.ts';

export type { Activity, CallTarget, Now, WorkerActivity };

const MOST_WORKERS = 128;
const MOST_TARGETS = 300;
/** What a thread has been in for less is its ordinary work. */
const NOTABLE: Nanoseconds = 10_000_000;

/** Whose picture it is, and of what. */
interface Sitting {
  readonly recorder: ActivityRecorder;
  readonly rows: readonly Representative[];
  readonly origin: TimeOrigin;
  readonly isGrowing: boolean;
}

export function describeActivity(model: Model, { recorder, rows, origin, isGrowing }: Sitting): Activity {
  const { zero, lastTime: end } = model;
  recorder.cover(zero, end);
  const { width, zero: firstColumn } = recorder;
  const lanes = new Map(recorder.lanes.map((lane) => [lane.thread, lane]));
  const ends = new Map(atEndOf(model).map((each) => [each.thread, each]));
  const columns = Math.max(1, Math.min(BUCKETS, Math.ceil((end + 1 - firstColumn) / width)));
  const workers = rows.slice(0, MOST_WORKERS).flatMap((row): WorkerActivity[] => {
    // Who hung all the time has no call that came back, and is what the picture is looked at for.
    const isIn = row.thread.leftIn !== null || row.thread.lane.pending !== null;
    const lane = lanes.get(row.thread) ?? (isIn ? new ActivityLane(row.thread) : undefined);
    if (lane === undefined) return [];
    const { waiting, blocked, silent, long, calls, accepted, wasted, brokenPipes } = lane;
    const current = currentStateOf(row.thread, lane.lastWasWait, end, ends.get(row.thread));
    const isUnknown = isGrowing && current.state === 'silent';
    const worker = {
      ...identity(row, model),
      waiting: waiting.slice(0, columns),
      blocked: blocked.slice(0, columns),
      silent: silent.slice(0, columns),
      long: long.slice(0, columns),
      calls: calls.slice(0, columns),
      accepted: accepted.slice(0, columns),
      wasted: wasted.slice(0, columns),
      brokenPipes: brokenPipes.slice(0, columns),
      knownMs: millisecondsAt(model, isUnknown ? row.thread.lastSeen : end),
      now: told(current, row.thread, model),
    };
    // Who came back from no call was in that one for all that is known of it, however short the capture is.
    const isAll = lane.isEmpty;
    const [from, to] = [current.since - firstColumn, end - firstColumn];
    if (!isUnknown && end !== UNKNOWN)
      drawTail(worker, current, {
        from: isAll ? Math.floor(from / width) * width : from,
        to: isAll ? (Math.floor(to / width) + 1) * width : to,
        width,
        least: isAll ? 0 : NOTABLE,
      });
    return [worker];
  });
  return {
    zero: {
      startTime: isoTime(origin, zero),
      timeOfDay: timeOfDay(origin, zero),
      monotonicSeconds: monotonicSeconds(origin, zero),
      startMs: 0,
    },
    columnMs: width / 1e6,
    columns,
    workers,
    targets: targetsOf(recorder),
    requests: requestRows(model, recorder.requests, isGrowing),
  };
}

/** What each worker is in now, by pid; cheap enough to be asked several times a second. */
export function describeNow(
  model: Model,
  recorder: ActivityRecorder,
  rows: readonly Representative[],
): ReadonlyMap<number, Now> {
  const lanes = new Map(recorder.lanes.map((lane) => [lane.thread, lane]));
  return new Map(
    rows
      .slice(0, MOST_WORKERS)
      .map(({ process, thread }) => [
        process.pid,
        told(currentStateOf(thread, lanes.get(thread)?.lastWasWait === true, model.lastTime), thread, model),
      ]),
  );
}

function identity(
  { process, thread, role }: Representative,
  model: Model,
): Pick<WorkerActivity, 'pid' | 'role' | 'firstMs' | 'lastMs' | 'ended'> {
  return {
    pid: process.pid,
    role,
    firstMs: millisecondsAt(model, thread.firstTime),
    lastMs: millisecondsAt(model, thread.lastSeen),
    ended: thread.ended,
  };
}

/** What a thread is still in. */
interface CurrentState {
  readonly state: Now['state'];
  readonly call: string;
  readonly target: string;
  readonly since: Nanoseconds;
}

/** `atEnd` is known when the trace has ended: who waits for an answer is blocked, whatever the call. */
function currentStateOf(thread: Thread, lastWasWait: boolean, end: Nanoseconds, atEnd?: ThreadAtEnd): CurrentState {
  const last = thread.lastSeen;
  if (thread.ended) return { state: 'ended', call: '', target: '', since: last };
  const { leftIn } = thread;
  if (leftIn !== null) {
    const isWaiting = leftIn.isHubWait || waitsIn(thread, leftIn.syscall.family);
    const state = (atEnd === undefined || atEnd.idle === 'unknown' ? isWaiting : atEnd.idle === 'yes')
      ? 'waiting'
      : 'blocked';
    return { state, call: leftIn.syscall.name, target: leftIn.target, since: leftIn.since };
  }
  const { pending } = thread.lane;
  if (pending !== null && pending.start <= end)
    return {
      state: waitsIn(thread, pending.syscall.family) ? 'waiting' : 'blocked',
      call: pending.syscall.name,
      target: '',
      // The clock may have been set since: what the thread did before comes before.
      since: Math.max(pending.start, last),
    };
  if (!thread.lastTimed && lastWasWait)
    return { state: 'waiting', call: thread.lastSyscall?.name ?? '', target: '', since: last };
  return { state: 'silent', call: '', target: '', since: last };
}

/**
 * Whether a call of that family is the wait of its loop; of who waits for clients in accept that is accept, and any
 * other wait is one for an answer. Where neither is known, it is any of those that wait.
 */
function waitsIn({ loop: { hub }, accepts }: Thread, family: Family): boolean {
  if (hub === null && accepts.isSurelyWait) return family === 'accept';
  if (hub === null || !isWait(family) || family === 'accept') return isWait(family);
  return (family === 'epoll-wait') === (hub.kind === 'epoll');
}

function told({ state, call, target, since }: CurrentState, thread: Thread, model: Model): Now {
  const { loop, leftIn, accepts } = thread;
  const { hub } = loop;
  const oldest = oldestRequest(thread);
  const isInHub = state === 'waiting' && (leftIn !== null || hub?.kind !== 'epoll');
  const isAway = !isInHub && state !== 'ended' && loop.inTurn && !loop.waitIsUntimed;
  return {
    state,
    call,
    target,
    sinceMs: millisecondsAt(model, since),
    turnSinceMs: isAway ? millisecondsAt(model, loop.turn.start) : null,
    knownMs: millisecondsAt(model, model.lastTime),
    ...(oldest === UNKNOWN ? {} : { requestSinceMs: millisecondsAt(model, oldest) }),
    ...(hub !== null ? { hub: hub.kind } : accepts.isSurelyWait ? { hub: 'accept' } : {}),
    ...(hub?.kind === 'epoll' && hub.fd >= 0 ? { hubFd: hub.fd } : {}),
  };
}

/** When the first of those requests was read that other threads of its process may serve; UNKNOWN for none. */
function oldestRequest({ process, ended }: Thread): Nanoseconds {
  if (ended || threadsOf(process).length === 1) return UNKNOWN;
  // They stand in the order in which they were read.
  for (const { readAt } of process.inProgress.unanswered(process)) return readAt;
  return UNKNOWN;
}

/** Draws what a worker is still in up to the end of what was read; times count from the first column. */
function drawTail(
  worker: WorkerActivity,
  { state }: CurrentState,
  { from, to, width, least }: Record<'from' | 'to' | 'width' | 'least', Nanoseconds>,
): void {
  if (state === 'ended' || to - from < least) return;
  const column = worker[state];
  const mark = state === 'waiting' || to - from < 1e8 ? 0 : state === 'blocked' ? 1 : 2;
  spread(from, to, width, column.length, (bucket, seconds) => {
    column[bucket] = (column[bucket] ?? 0) + seconds;
    if (mark > 0) worker.long[bucket] = (worker.long[bucket] ?? 0) | mark;
  });
}

function targetsOf({ targets }: ActivityRecorder): CallTarget[] {
  const ms = (value: Nanoseconds | null): number | null => (value === null ? null : milliseconds(value));
  return [...targets.all()]
    .toSorted((a, b) => b.count.total - a.count.total || b.count.count - a.count.count)
    .slice(0, MOST_TARGETS)
    .map(({ target, count }) => ({
      call: count.syscall.name,
      target,
      count: count.count,
      errors: [...count.errors.values()].reduce((sum, each) => sum + each, 0),
      totalMs: milliseconds(count.total),
      maxMs: milliseconds(count.longest),
      p50Ms: ms(count.percentile(0.5)),
      p99Ms: ms(count.percentile(0.99)),
      octaves: count.octaves(),
    }));
}
