import { millisecondsAt } from '../detectors/words.ts';
import { atEndOf, idleOf, type ThreadAtEnd } from '../model/at-end/at-end.ts';
import { heldAtEnd } from '../model/at-end/held.ts';
import type { Process } from '../model/machine/process.ts';
import { handsOut, isBlockingInAccept, isWorkerRole, type Role, rolesIn, standIn } from '../model/machine/roles.ts';
import { sharedWaitOf } from '../model/machine/shared-waits.ts';
import type { Thread } from '../model/machine/thread.ts';
import { threadsOf } from '../model/machine/threads-of.ts';
import type { Model } from '../model/model.ts';
import { spunIn } from '../model/topics/spin/spin-tracker.ts';
import { milliseconds, round } from '../trace/format-numbers.ts';
import { type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import type { Parts } from './parts.ts';
import type { AtEnd, Worker } from './report.ts';

const ORDER: readonly Role[] = [
  'event-loop',
  'runtime-thread',
  'acceptor',
  'sync-worker',
  'blocking-acceptor',
  'connection-worker',
  'master',
  'library-thread',
  'pool-thread',
  'unknown',
];

/** A process by the thread that says what it is. */
export interface Representative {
  readonly process: Process;
  readonly thread: Thread;
  readonly role: Role;
}

/**
 * The processes that serve or govern, each by the thread that does so. Those that do neither are left out while there
 * are others, but for those that hold clients beside them, or are stopped: they hang, and are of the server.
 */
export function representatives(model: Model): Representative[] {
  const roles = rolesIn(model.processes);
  const rows = new Map<Process, { thread: Thread; role: Role }>();
  for (const [thread, role] of roles) {
    const known = rows.get(thread.process);
    if (standIn(thread) !== thread) continue;
    if (known === undefined || ORDER.indexOf(role) < ORDER.indexOf(known.role))
      rows.set(thread.process, { thread, role });
  }
  const all = [...rows].map(([process, { thread, role }]) => ({ process, thread, role }));
  const working = new Set(all.filter(({ role }) => isWorkerRole(role)).map(({ process }) => process.parent));
  const held = new Set(heldAtEnd(model).map(({ process }) => process));
  const serving = all.filter(({ role, process }) => {
    const { parent, clientsHeld } = process;
    const isOfServer = parent !== null && working.has(parent);
    return isWorkerRole(role) || role === 'master' || ((clientsHeld > 0 || held.has(process)) && isOfServer);
  });
  return (working.size > 0 ? serving : all).toSorted(
    (a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role) || a.process.pid - b.process.pid,
  );
}

/** A row for each of them. */
export function describeWorkers({ model, capabilities }: Parts): Worker[] {
  const ends = endsOf(model);
  return representatives(model).map(({ process, thread, role }) => {
    const isAway = role === 'acceptor' && isBlockingInAccept(thread);
    const hasLoop = (isWorkerRole(role) || handsOut(thread)) && !isAway;
    return {
      pid: process.pid,
      tids: process.tids,
      role,
      comm: thread.lane.comm,
      server: process.server,
      accepted: process.accepted,
      wastedWakeups: threadsOf(process).reduce((sum, { accepts }) => sum + accepts.wastedTotal, 0),
      busyPercent: capabilities.times && hasLoop ? busyPercent(thread, role, model.lastTime) : null,
      longestTurnMs: capabilities.times && hasLoop ? longestTurn(thread) : null,
      brokenPipes: process.brokenPipes,
      requests: process.requests,
      // A clock that goes backwards gives the last record of a thread an earlier time than the first.
      firstMs: capabilities.times ? millisecondsAt(model, Math.min(thread.firstTime, thread.lastSeen)) : null,
      lastMs: capabilities.times ? millisecondsAt(model, Math.max(thread.firstTime, thread.lastSeen)) : null,
      host: null,
      atEnd: describeEnd(ends.get(process), capabilities.times),
    };
  });
}

const LIKELY_STUCK = { no: 2, unknown: 1, yes: 0 } as const;

/** For each process the thread that is likeliest stuck, and of those the one that is in its call for longest. */
function endsOf(model: Model): ReadonlyMap<Process, ThreadAtEnd> {
  const ends = new Map<Process, ThreadAtEnd>();
  for (const end of atEndOf(model)) {
    const known = ends.get(end.thread.process);
    const weight = known === undefined ? 1 : LIKELY_STUCK[idleOf(end)] - LIKELY_STUCK[idleOf(known)];
    if (known === undefined || weight > 0 || (weight === 0 && end.lasted > known.lasted))
      ends.set(end.thread.process, end);
  }
  return ends;
}

function describeEnd(end: ThreadAtEnd | undefined, times: boolean): AtEnd | null {
  if (end === undefined) return null;
  const { left, lasted } = end;
  const target = left.target || left.path;
  return {
    call: left.name,
    target: target === '' ? null : target,
    forMs: times && lasted !== UNKNOWN ? milliseconds(lasted) : null,
    idle: idleOf(end),
  };
}

/** Of threads that are one loop: the longest time in which none of them waited; null where there was none. */
function longestTurn(thread: Thread): number | null {
  const { loop } = thread;
  const shared = sharedWaitOf(thread);
  if (shared !== null) return shared.longest > 0 ? milliseconds(shared.longest) : null;
  return loop.turns > 0 ? milliseconds(loop.longestTurn) : null;
}

/**
 * Share of the observed time outside its own wait: the hub wait, that of any thread where they take turns, a blocking
 * accept, or the lock that serialises accepts.
 */
function busyPercent(thread: Thread, role: Role, end: Nanoseconds): number | null {
  const { loop, firstTime, lastTime, leftIn } = thread;
  const shared = sharedWaitOf(thread);
  if (shared !== null) {
    const { first, attended } = shared;
    const watched = end - first;
    return watched > 0 ? round(100 * (1 - Math.min(1, attended / watched)), 1) : null;
  }
  if (role === 'blocking-acceptor') {
    // The wait in which it was when the capture ended counts as idle, too.
    const lived = (leftIn?.isForListener ? end : lastTime) - firstTime;
    return lived > 0 ? round(100 * (1 - Math.min(1, Math.max(loop.idle, loop.acceptBlocked) / lived)), 1) : null;
  }
  const observed = loop.busy + loop.idle;
  if (observed <= 0) return null;
  // Waits that return at once, round after round, are no rest.
  const idle = loop.idle - spunIn(thread) + (role === 'sync-worker' ? loop.acceptBlocked : 0);
  return round(100 * Math.max(0, 1 - idle / observed), 1);
}
