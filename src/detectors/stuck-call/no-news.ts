import type { AtEnd } from '../../model/at-end/at-end.ts';
import type { Process } from '../../model/machine/process.ts';
import { isWorkerRole, rolesOf } from '../../model/machine/roles.ts';
import type { Model } from '../../model/model.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** More threads in one call than that are those of a runtime or of a pool, which strace did not tell from processes. */
const MOST_LOCKED = 3;

/**
 * The threads among these that are no news: they wait as threads of runtimes, pools and parents do that have nothing to
 * do, while the service answers whoever asks. Who served before, has clients, or is a process beside others that serve,
 * may hang; and so may they all where a request has waited for its answer for `least` when the capture ends.
 */
export function noNewsAmong(model: Model, all: readonly AtEnd[], least: Nanoseconds): ReadonlySet<AtEnd> {
  const parked = all.filter(isParked);
  if (parked.length === 0 || all.some(({ idle }) => idle === 'no')) return new Set();
  const serving = servingProcesses(model);
  if (![...serving].some(({ answered }) => answered > 0)) return new Set();
  const latest = model.lastTime - least;
  if ([...serving].some(({ inProgress: { oldestAtEnd: at } }) => at !== UNKNOWN && at < latest)) return new Set();
  const lowest = Math.min(...[...serving].map(({ pid }) => pid));
  const hasThreads = [...serving].some((process) => process.threads.length > 1 || process.hasUnseenThreads);
  const isOneProcess = serving.size === 1 && !hasMaster(model);
  return new Set(
    parked.filter(({ thread, left }) => {
      if (serving.has(thread.process) || hasThreads || isOneProcess || thread.tid < lowest) return true;
      return parked.filter((other) => other.left.name === left.name).length > MOST_LOCKED;
    }),
  );
}

/** It waits for a word from another thread or process, and nothing says that somebody waits for it. */
function isParked({ thread, left, wait, idle }: AtEnd): boolean {
  const { accepts, loop, process, servesRequests } = thread;
  if (idle !== 'unknown' || servesRequests || accepts.listeners.size > 0 || loop.hub !== null) return false;
  if (process.clientsHeld > 0 && process.threads.length === 1) return false;
  if (wait.kind === 'lock') return left.syscall.family === 'futex' || left.name === 'futex';
  return (wait.kind === 'work' || wait.kind === 'unknown') && left.syscall.family === 'read';
}

function servingProcesses({ processes }: Model): ReadonlySet<Process> {
  const roles = rolesOf(processes.threads());
  return new Set([...roles].filter(([, role]) => isWorkerRole(role)).map(([{ process }]) => process));
}

function hasMaster({ processes }: Model): boolean {
  return [...rolesOf(processes.threads()).values()].includes('master');
}
