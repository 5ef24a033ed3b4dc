import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import type { Process } from '../../model/machine/process.ts';
import { isWorkerRole, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { hasUnseenThreads, threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import { queueOf } from '../../model/topics/queues/job-tracker.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { isOneOfMany } from '../one-of-many.ts';
import { sortHeld } from './held-threads.ts';

/** More threads in one call than that are those of a runtime or of a pool, which strace did not tell from processes. */
const MOST_LOCKED = 3;

/** Who was in a call when the capture ended, and who of them is no news. */
export interface Sorted {
  readonly all: readonly ThreadAtEnd[];
  readonly noNews: ReadonlySet<ThreadAtEnd>;
  /** Threads that may wait for each other: worse than who may be idle. */
  readonly suspects: ReadonlySet<ThreadAtEnd>;
}

/**
 * Sorts out the threads that wait as those of runtimes and pools and parents do that have nothing to do, while the
 * service answers whoever asks: they are no news. Who served before, has clients, or is a process beside others that
 * serve, may hang; and so may they all where a request has waited for its answer for `least` when the capture ends,
 * unless the threads that serve are seen to wait for something else: the others then wait for them, or for work.
 */
export function sortOut(model: Model, told: readonly ThreadAtEnd[], least: Nanoseconds): Sorted {
  const sorted = sortTogether(model, told, least);
  const parked = told.filter((each) => isParkedByUnseen(each, model));
  return parked.length === 0 ? sorted : { ...sorted, noNews: new Set([...sorted.noNews, ...parked]) };
}

/** Others, which the capture does not show, wake it when there is something to do. */
export function isParkedByUnseen({ thread, wait }: ThreadAtEnd, model: Model): boolean {
  return wait.kind === 'lock' && isOneOfMany(thread, model);
}

function sortTogether(model: Model, told: readonly ThreadAtEnd[], least: Nanoseconds): Sorted {
  const untouched: Sorted = { all: told, noNews: new Set(), suspects: new Set() };
  const working = workingProcesses(model);
  const serving = new Set([...servingProcesses(model), ...working]);
  if (working.size === 0 && ![...serving].some(({ answered }) => answered > 0)) return untouched;
  const latest = model.lastTime - least;
  const explaining = told.filter(explainsItself);
  const explained = new Set(explaining.map(({ thread }) => thread.process));
  const late = [...serving].filter(
    ({ inProgress: { oldestAtEnd } }) => oldestAtEnd !== null && oldestAtEnd.startedAt < latest,
  );
  if (late.some((process) => !explained.has(process))) return untouched;

  const scene: Scene = { serving, working, isOneProcess: serving.size === 1 && !hasMaster(model) };
  const held = told.filter(
    (each) => isParkedOnLock(each, scene) || (explained.has(each.thread.process) && isLocked(each)),
  );
  const isHeld = new Set(held.map(({ thread }) => thread));
  const all = told.map((each): ThreadAtEnd => {
    if (held.includes(each)) return { ...each, idle: 'unknown' };
    if (!isReadingFromAnybody(each, scene)) return each;
    const what = each.wait.what.replace(/^an answer from/, 'something to read from');
    return { ...each, idle: 'unknown', wait: { kind: 'answer', what } };
  });
  if (all.some((each) => each.idle === 'no' && !explaining.includes(each))) return { ...untouched, all };
  const { byDesign, amongEachOther } = sortHeld(held, scene.isOneProcess);
  const governed = new Set(byDesign.map(({ thread }) => thread));
  const mutual = new Set(amongEachOther.map(({ thread }) => thread));
  const parked = all.filter((each) => isParked(each) && mayBeBeside(each, all, scene));
  return {
    all,
    noNews: new Set(
      parked.filter(({ thread }) => {
        if (mutual.has(thread)) return false;
        return !isHeld.has(thread) || thread.servesRequests || governed.has(thread);
      }),
    ),
    suspects: new Set(all.filter(({ thread }) => mutual.has(thread))),
  };
}

interface Scene {
  readonly serving: ReadonlySet<Process>;
  /** Those of whose threads some take jobs from a queue, one after the other. */
  readonly working: ReadonlySet<Process>;
  /** All that serves is one process, without anybody who governs it. */
  readonly isOneProcess: boolean;
}

/** It serves a request, and waits for something other than its siblings: that is why the request waits. */
function explainsItself({ idle, wait, left }: ThreadAtEnd): boolean {
  return idle === 'no' && left.isServing && wait.kind !== 'lock';
}

/** It waits for another thread: of several that serve, one that waits for an answer may be what the others wait for. */
function isLocked({ idle, wait, left }: ThreadAtEnd): boolean {
  return idle === 'no' && wait.kind === 'lock' && left.futex !== null;
}

/** It waits for a lock that somebody has, is in no request, and no process of its own, as far as anybody can tell. */
function isParkedOnLock({ thread, left, wait, idle }: ThreadAtEnd, scene: Scene): boolean {
  if (idle !== 'no' || wait.kind !== 'lock' || left.isServing || left.futex === null) return false;
  return left.futex.operation === 'WAIT' && mayBeOfServing(thread, scene);
}

/**
 * It reads from a socket since before the capture, of which nothing tells what is at its other end, and may be a thread
 * of the one process that serves: so runtimes wait for signals and for words from others.
 */
function isReadingFromAnybody({ thread, left, wait, idle }: ThreadAtEnd, scene: Scene): boolean {
  const { descriptor, syscall, isServing, beganBefore } = left;
  if (idle !== 'no' || wait.kind !== 'answer' || syscall.family !== 'read' || isServing || !beganBefore) return false;
  if (descriptor === null || descriptor.peer !== '' || descriptor.seenOpening) return false;
  return mayBeOfServing(thread, scene);
}

/** It is a thread of a process that serves beside others, or may be one, where one process alone serves. */
function mayBeOfServing({ process, isMain }: Thread, { serving, isOneProcess }: Scene): boolean {
  const { length } = threadsOf(process);
  return serving.has(process) ? !isMain && length > 1 : isOneProcess && length === 1;
}

/** It waits for a word from another thread or process, and nothing says that somebody waits for it. */
function isParked({ thread, left, wait, idle }: ThreadAtEnd): boolean {
  const { accepts, process } = thread;
  if (idle !== 'unknown' || left.isServing || accepts.listeners.size > 0) return false;
  if (process.clientsHeld > 0 && threadsOf(process).length === 1) return false;
  if (wait.kind === 'lock') return left.futex !== null || left.name === 'futex';
  const { family } = left.syscall;
  return (wait.kind === 'work' || wait.kind === 'unknown') && /^(?:read|poll|select)$/.test(family);
}

/** It may be a thread of those that serve, or their parent; a process beside several is a worker, as likely as not. */
function mayBeBeside({ thread, left }: ThreadAtEnd, all: readonly ThreadAtEnd[], scene: Scene): boolean {
  const { process, tid, isMain } = thread;
  const { serving, working, isOneProcess } = scene;
  if (waitsForJobs(thread, working)) return true;
  if (serving.has(process)) return !isMain || threadsOf(process).length > 1;
  if (isOneProcess) return true;
  // Whose beginning was seen is a process, and no thread of another one.
  const mayBeThread = process.parent === null && !process.isWhole;
  if (mayBeThread && [...serving].some(hasThreads)) return true;
  if ([...serving].every(({ pid }) => tid < pid)) return true;
  return all.filter((other) => isParked(other) && other.left.name === left.name).length > MOST_LOCKED;
}

/** It was seen to take jobs; or it waits for the first one, as others of its parent do that were seen to. */
function waitsForJobs(thread: Thread, working: ReadonlySet<Process>): boolean {
  const queue = queueOf(thread);
  if (queue === null) return false;
  if (queue.taken > 0) return true;
  const { parent } = thread.process;
  return queue.kind === 'pipe' && [...working].some((other) => other.parent === parent);
}

function hasThreads(process: Process): boolean {
  return threadsOf(process).length > 1 || hasUnseenThreads(process);
}

function servingProcesses({ processes }: Model): ReadonlySet<Process> {
  const roles = rolesIn(processes);
  return new Set([...roles].filter(([, role]) => isWorkerRole(role)).map(([{ process }]) => process));
}

/** Those of whose threads some take jobs from a queue, one after the other. */
function workingProcesses({ processes }: Model): ReadonlySet<Process> {
  const takers = [...processes.threads()].filter((thread) => {
    const queue = queueOf(thread);
    return queue !== null && queue.kind !== 'word' && queue.taken > 1;
  });
  return new Set(takers.map(({ process }) => process));
}

function hasMaster({ processes }: Model): boolean {
  return [...rolesIn(processes).values()].includes('master');
}
