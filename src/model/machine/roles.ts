import { UNKNOWN } from '../../trace/time.ts';
import { mastersOf } from './acceptors.ts';
import { clienteleOf } from './clientele.ts';
import type { WaitSet } from './loop.ts';
import type { Process } from './process.ts';
import type { Processes } from './processes.ts';
import { sharedWaitIn, sharedWaitOf } from './shared-waits.ts';
import { Siblings } from './siblings.ts';
import type { Thread } from './thread.ts';
import { threadsOf } from './threads-of.ts';
import type { ThreadView } from './views.ts';

export type Role =
  | 'event-loop'
  | 'runtime-thread'
  | 'sync-worker'
  | 'acceptor'
  | 'blocking-acceptor'
  | 'connection-worker'
  | 'master'
  | 'pool-thread'
  | 'library-thread'
  | 'unknown';

/** The roles in a model that changes nothing meanwhile. */
const kept = new WeakMap<Processes, ReadonlyMap<Thread, Role>>();

/** The role of every thread of the model. */
export function rolesIn(processes: Processes): ReadonlyMap<Thread, Role> {
  return kept.get(processes) ?? rolesOf(processes.threads());
}

/** While `act` runs, which changes nothing in the model, its roles are judged once: a dozen detectors ask for them. */
export function judgingRolesOnce<Result>(processes: Processes, act: () => Result): Result {
  kept.set(processes, rolesOf(processes.threads()));
  try {
    return act();
  } finally {
    kept.delete(processes);
  }
}

/** The role of each of these threads, judged from all that was seen so far. */
export function rolesOf(threads: Iterable<Thread>): Map<Thread, Role> {
  const roles = new Map<Thread, Role>();
  const undecided: Thread[] = [];
  const all = [...threads];
  const masters = mastersOf(all);
  for (const thread of all) {
    const role = isMainThread(thread) && masters.has(thread.process) ? 'master' : ownRole(thread);
    if (role === null) undecided.push(thread);
    else roles.set(thread, role);
  }
  // An acceptor that served nobody so far is what its siblings are.
  const siblings = new Siblings<Role>();
  for (const [thread, role] of roles) if (isModel(role)) siblings.add(thread, role);
  for (const thread of undecided) {
    const role = siblingRole(thread, siblings);
    roles.set(thread, role);
    if (isModel(role)) siblings.add(thread, role);
  }
  for (const thread of oneClientEach(roles)) roles.set(thread, 'connection-worker');
  // A shell that a worker starts, for a session or for itself, forks as well.
  const serving = new Set([...roles].filter(([, role]) => isWorkerRole(role)).map(([{ process }]) => process));
  const governing = new Set([...serving].map(({ parent }) => parent));
  for (const [thread, role] of roles)
    if (role === 'master' && !governing.has(thread.process) && isBelow(thread.process, serving))
      roles.set(thread, 'unknown');
  return roles;
}

/** More forks below one another are a mistake. */
const DEEPEST = 32;

/** Whether one of these processes is the parent of this one, or the parent of that, and so on. */
export function isBelow({ parent }: Process, serving: ReadonlySet<Process>): boolean {
  let ancestor = parent;
  for (let forks = 0; ancestor !== null && forks < DEEPEST; forks++, ancestor = ancestor.parent)
    if (serving.has(ancestor)) return true;
  return false;
}

function ownRole(thread: Thread): Role | null {
  const { accepts, loop, process } = thread;
  if (standIn(thread) !== thread || loop.isShared) return 'runtime-thread';
  if (handsOut(thread)) return 'master';
  if (isMainThread(thread) && wasForkedForItsClient(process)) return 'connection-worker';
  const hub = loop.hub ?? loop.formerHub;
  const waitsOnListener = hub?.hasListener === true;
  if (accepts.listeners.size > 0 || waitsOnListener) {
    if (isLoop(thread)) return 'event-loop';
    if (accepts.handedOver * 4 > accepts.servedItself) return 'acceptor';
    if (!waitsOnListener) {
      // An accept that finds nothing and returns does not block.
      if (accepts.wouldBlock || [...accepts.listeners].some(({ isNonBlocking }) => isNonBlocking))
        return accepts.nonblocking > 0 ? 'event-loop' : null;
      // It accepted before its first wait in the capture, and waits for its clients in an epoll set since.
      if (hub?.kind === 'epoll' && accepts.nonblocking > 0 && !accepts.isSurelyWait) return 'event-loop';
      return accepts.acceptedTotal > 0 || loop.acceptBlocked > 0 ? 'blocking-acceptor' : null;
    }
    if (accepts.servedItself === 0) return null;
    // Without ioctl and fcntl in the capture, or without their values (perf trace), one cannot see whether its sockets
    // wait; an epoll that takes one event at a time is clear all the same, and so is a wait for one client alone.
    const mayShare = hub.kind === 'epoll' && !hub.oneAtATime && accepts.clientWaits === 0;
    return mayShare && (accepts.optionsUntold || !showsSocketOptions(process)) ? null : 'sync-worker';
  }
  // Its clients were there before the capture, and nobody new comes.
  if (hub?.servesSeveral === true && loop.turns > 0) return 'event-loop';
  // An idle worker: what it waits for was set up before the capture.
  if (process.showsLife && hub !== null && isMainThread(thread))
    return hub.kind === 'epoll' ? 'event-loop' : 'sync-worker';
  if (process.receivesDescriptors && hub?.kind === 'epoll' && isMainThread(thread)) return 'event-loop';
  // Who reads requests itself starts helpers.
  if (process.forks >= 1 && isMainThread(thread) && !thread.servesRequests) return 'master';
  if (!isMainThread(thread))
    return loop.futexBlocked * 2 >= loop.blockedElsewhere + loop.idle ? 'pool-thread' : 'library-thread';
  // A loop without a listener (a client, a proxy's helper): most of its waiting is in its hub, and sockets are in it.
  if (hub?.hasSockets && loop.turns >= 5 && loop.idle >= loop.blockedElsewhere) return 'event-loop';
  if (thread.beats && hub !== null) return hub.kind === 'epoll' ? 'event-loop' : 'sync-worker';
  return hasOnlyWaited(thread) ? null : 'unknown';
}

/**
 * It has waited for clients all the time, or at an epoll instance that was set up before the capture: it may be what
 * its siblings are that had a client.
 */
function hasOnlyWaited({ leftIn, lastTime, loop: { hub } }: Thread): boolean {
  if (hub?.kind === 'epoll') return hub.descriptor?.seenOpening === false;
  if (leftIn === null || lastTime !== UNKNOWN) return false;
  return leftIn.isForListener || leftIn.syscall.family === 'epoll-wait';
}

/**
 * Whether the thread accepts for others: most of what it accepts it passes on to other processes without a look at it,
 * as the first process of a node cluster does. It is a master; while it is away from its loop nobody gets a connection.
 */
export function handsOut({ accepts, process }: ThreadView): boolean {
  return (
    process.handsDescriptorsOver &&
    accepts.servedItself < accepts.acceptedTotal &&
    accepts.handedOver < accepts.acceptedTotal
  );
}

/** An `ioctl` or `fcntl` of the process or its parent was recorded, which show whether sockets wait. */
export function showsSocketOptions(process: Process): boolean {
  return process.setSocketOptions || (process.parent?.setSocketOptions ?? false);
}

/**
 * Evidence that connections share the thread: they wait in its hub, alternate, or were made non-blocking for a hub that
 * takes many.
 */
function isLoop({ accepts, loop }: Thread): boolean {
  const hub = loop.hub ?? loop.formerHub;
  if (hub === null || !hub.hasListener) return false;
  if (accepts.handedOver * 4 > accepts.servedItself) return false;
  return (
    (hub.hasSockets && !waitsForEachClientAlone(accepts, hub)) ||
    hub.servesSeveral ||
    accepts.interleaved > 0 ||
    (hub.kind === 'epoll' && accepts.nonblocking > 0 && !hub.oneAtATime && accepts.clientWaits === 0)
  );
}

/**
 * It waits for each of its clients in a poll for that one alone, and none was ever in its hub: the sockets there lead
 * to services behind, which postfix watches to hear when they leave.
 */
function waitsForEachClientAlone(accepts: Thread['accepts'], { kind, descriptor }: WaitSet): boolean {
  return (
    kind === 'epoll' &&
    accepts.acceptedTotal > 0 &&
    accepts.clientWaits >= accepts.acceptedTotal &&
    descriptor?.epoll?.clients === 0
  );
}

/** Forks between who accepts a connection and who serves it: sshd makes two. */
const MOST_FORKS = 3;

/**
 * The process got its one client with its fork, from who had accepted it, and accepts none but on listeners of its own
 * (FTP opens one for the data).
 */
function wasForkedForItsClient(process: Process): boolean {
  const { from, isSeveral } = clienteleOf(process);
  if (from === null || isSeveral || process.receivesDescriptors) return false;
  let ancestor = process.parent;
  for (let forks = 1; ancestor !== null && ancestor !== from && forks < MOST_FORKS; forks++) ancestor = ancestor.parent;
  return (
    ancestor === from &&
    threadsOf(process).every(({ accepts }) => [...accepts.listeners].every(({ openedBy }) => openedBy === process))
  );
}

/**
 * Main threads of processes that are heard on one socket only, which was open before the capture, while their parent
 * accepts and serves nobody itself, or, where the parent is not known, another process does so and forks.
 */
function* oneClientEach(roles: ReadonlyMap<Thread, Role>): Iterable<Thread> {
  let handsOver: Thread | undefined;
  for (const [thread, role] of roles)
    if (role === 'acceptor' && thread.process.forks > 0 && leavesServing(thread.process)) handsOver ??= thread;
  for (const [thread, role] of roles) {
    const { process, lane } = thread;
    if (role === 'connection-worker' || !isMainThread(thread) || !clienteleOf(process).talksOnOne) continue;
    if (process.receivesDescriptors) continue;
    if (threadsOf(process).some(({ accepts }) => accepts.listeners.size > 0)) continue;
    const { parent } = process;
    const isForked =
      parent !== null
        ? leavesServing(parent)
        : handsOver !== undefined && (lane.comm === handsOver.lane.comm || lane.comm === '');
    if (isForked) yield thread;
  }
}

/** The process accepts, serves no connection itself, and passes none on to a process that is there already. */
export function leavesServing(process: Process): boolean {
  const threads = threadsOf(process);
  return (
    !process.handsDescriptorsOver &&
    threads.some(({ accepts }) => accepts.listenerNumbers.size > 0) &&
    threads.every(({ accepts }) => accepts.servedItself === 0)
  );
}

function isMainThread(thread: Thread): boolean {
  return thread.isMain;
}

/** Whether others of the service may be like a thread of this role. */
function isModel(role: Role): boolean {
  return role !== 'master' && role !== 'unknown';
}

function siblingRole(thread: Thread, siblings: Siblings<Role>): Role {
  if (thread.process.forks >= 2 && (thread.loop.hub ?? thread.loop.formerHub)?.hasListener !== true) return 'master';
  return siblings.roleFor(thread) ?? 'unknown';
}

/** Whether a thread of this role serves requests. */
export function isWorkerRole(role: string): boolean {
  return (
    role === 'event-loop' ||
    role === 'runtime-thread' ||
    role === 'sync-worker' ||
    role === 'acceptor' ||
    role === 'blocking-acceptor' ||
    role === 'connection-worker'
  );
}

/**
 * The thread that stands for this one: of threads that take turns at one epoll instance, and of those that accept what
 * such a turn brought, one for all; else the thread itself.
 */
export function standIn(thread: Thread): Thread {
  const { loop, process, accepts } = thread;
  const acceptsForAll = !loop.isShared && process.takesTurns && loop.hub === null && accepts.listeners.size > 0;
  const shared = acceptsForAll ? sharedWaitIn(process) : sharedWaitOf(thread);
  return shared?.speaker ?? thread;
}

/** Whether the thread is a loop of its own, or stands for several that are one. */
export function isLoopOf(thread: Thread, role: Role | undefined): boolean {
  return (
    role === 'event-loop' ||
    (role === 'acceptor' && !isBlockingInAccept(thread)) ||
    (role === 'runtime-thread' && standIn(thread) === thread) ||
    (role === 'master' && thread.loop.hub !== null && handsOut(thread))
  );
}

/**
 * It waits for connections inside `accept`, and its other waits are something else: a thread of varnish leaves the
 * accept to another one and serves, or waits to be needed.
 */
export function isBlockingInAccept({ loop }: Thread): boolean {
  return loop.acceptBlocked > 0 && (loop.hub ?? loop.formerHub)?.hasListener !== true;
}

/** The process that stands for a worker in reports. */
export function pidsOf(threads: Iterable<Thread>): number[] {
  return [...new Set([...threads].map((thread) => thread.process.pid))];
}
