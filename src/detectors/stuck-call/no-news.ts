import type { AtEnd } from '../../model/at-end/at-end.ts';
import type { Process } from '../../model/machine/process.ts';
import { isWorkerRole, rolesOf } from '../../model/machine/roles.ts';
import type { Model } from '../../model/model.ts';
import { queueOf } from '../../model/topics/queues/job-tracker.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** More threads in one call than that are those of a runtime or of a pool, which strace did not tell from processes. */
const MOST_LOCKED = 3;

/** Who was in a call when the capture ended, and who of them is no news. */
export interface Sorted {
  readonly all: readonly AtEnd[];
  readonly noNews: ReadonlySet<AtEnd>;
}

/**
 * Sorts out the threads that wait as those of runtimes and pools and parents do that have nothing to do, while the
 * service answers whoever asks: they are no news. Who served before, has clients, or is a process beside others that
 * serve, may hang; and so may they all where a request has waited for its answer for `least` when the capture ends.
 */
export function sortOut(model: Model, told: readonly AtEnd[], least: Nanoseconds): Sorted {
  const untouched: Sorted = { all: told, noNews: new Set() };
  const working = workingProcesses(model);
  const serving = new Set([...servingProcesses(model), ...working]);
  if (working.size === 0 && ![...serving].some(({ answered }) => answered > 0)) return untouched;
  const latest = model.lastTime - least;
  if ([...serving].some(({ inProgress: { oldestAtEnd: at } }) => at !== UNKNOWN && at < latest)) return untouched;

  const scene: Scene = { serving, isOneProcess: serving.size === 1 && !hasMaster(model) };
  const held = told.filter((each) => isParkedOnLock(each, scene));
  const all = told.map((each) => (held.includes(each) ? ({ ...each, idle: 'unknown' } as const) : each));
  if (all.some(({ idle }) => idle === 'no')) return { all, noNews: new Set() };
  const words = new Set(held.map(wordOf));
  const parked = all.filter((each) => isParked(each) && mayBeBeside(each, all, scene));
  return {
    all,
    // A lock for each thread, by which another one holds it: so redis does.
    noNews: new Set(
      parked.filter((each) => {
        const isHeld = held.some(({ thread }) => thread === each.thread);
        return !isHeld || each.thread.servesRequests || (words.size > 1 && words.size === held.length);
      }),
    ),
  };
}

interface Scene {
  readonly serving: ReadonlySet<Process>;
  /** All that serves is one process, without anybody who governs it. */
  readonly isOneProcess: boolean;
}

/** It waits for a lock that somebody has, is in no request, and no process of its own, as far as anybody can tell. */
function isParkedOnLock({ thread, left, wait, idle }: AtEnd, { serving, isOneProcess }: Scene): boolean {
  if (idle !== 'no' || wait.kind !== 'lock' || left.isServing || left.futex === null) return false;
  const { process } = thread;
  if (left.futex.operation !== 'WAIT') return false;
  if (serving.has(process)) return !thread.isMain && process.threads.length > 1;
  return isOneProcess && process.threads.length === 1;
}

const wordOf = ({ left }: AtEnd): string => left.futex?.word ?? '';

/** It waits for a word from another thread or process, and nothing says that somebody waits for it. */
function isParked({ thread, left, wait, idle }: AtEnd): boolean {
  const { accepts, process } = thread;
  if (idle !== 'unknown' || left.isServing || accepts.listeners.size > 0) return false;
  if (process.clientsHeld > 0 && process.threads.length === 1) return false;
  if (wait.kind === 'lock') return left.futex !== null || left.name === 'futex';
  const { family } = left.syscall;
  return (wait.kind === 'work' || wait.kind === 'unknown') && /^(?:read|poll|select)$/.test(family);
}

/** It may be a thread of those that serve, or their parent; a process beside several is a worker, as likely as not. */
function mayBeBeside({ thread, left }: AtEnd, all: readonly AtEnd[], { serving, isOneProcess }: Scene): boolean {
  const { process, tid, isMain } = thread;
  // It waits for a job, as others do that were seen to take one.
  if (queueOf(thread) !== null) return true;
  if (serving.has(process)) return !isMain || process.threads.length > 1;
  if (isOneProcess || [...serving].some(hasThreads)) return true;
  if ([...serving].every(({ pid }) => tid < pid)) return true;
  return all.filter((other) => isParked(other) && other.left.name === left.name).length > MOST_LOCKED;
}

function hasThreads(process: Process): boolean {
  return process.threads.length > 1 || process.hasUnseenThreads;
}

function servingProcesses({ processes }: Model): ReadonlySet<Process> {
  const roles = rolesOf(processes.threads());
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
  return [...rolesOf(processes.threads()).values()].includes('master');
}
