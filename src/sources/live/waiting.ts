import { isWait, syscall } from '../../trace/syscalls.ts';
import type { ProcessSight, ThreadSight } from './sights.ts';

const ADDRESS = /^(?:[\d.]+|\[[\da-f:.]+\]):\d+$|^unix:[^\s]+$/;
const PARKED: ReadonlySet<string> = new Set(['futex', 'sleep', 'signal-wait']);

/** Whether what a descriptor is names a socket: an address with its port, or the path of a Unix socket. */
export function isAddress(target: string): boolean {
  return ADDRESS.test(target);
}

type Waiting = Pick<ThreadSight, 'call' | 'held' | 'target' | 'isOfClient'>;

/**
 * Whether a thread waits for whatever comes: in the wait of a loop, for a client, a child. Who polls one connection
 * that it made itself waits for an answer, as in a read of it. Who is stopped waits for nothing.
 */
export function isInWait({ call, held, target, isOfClient }: Waiting): boolean {
  if (call === '' || held !== '') return false;
  const { family } = syscall(call);
  return isWait(family) && !(family === 'poll' && !isOfClient && isAddress(target));
}

/** Whether threads that have nothing to do stay in that call: pools wait for lock words, and sleep between rounds. */
export function isParking(call: string): boolean {
  return call !== '' && PARKED.has(syscall(call).family);
}

/**
 * The thread that tells most of a process: its first one, unless that waits for whatever comes while another one has
 * long been in a call that is no wait, and none in which threads are parked.
 */
export function tellingThread({ pid, threads }: ProcessSight): ThreadSight | undefined {
  const first = threads.find(({ tid }) => tid === pid) ?? threads[0];
  if (first === undefined || !isInWait(first)) return first;
  const others = threads.filter((thread) => thread.call !== '' && !isInWait(thread) && !isParking(thread.call));
  return others.toSorted((a, b) => a.since - b.since)[0] ?? first;
}
