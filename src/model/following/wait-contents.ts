import type { CallArguments } from '../../trace/call-arguments.ts';
import type { Call } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import type { DescriptorTable } from '../machine/descriptor-table.ts';
import { type Descriptor, describeByLabel } from '../machine/descriptors.ts';
import type { Listener } from '../machine/listener.ts';
import type { Listeners } from '../machine/listeners.ts';
import { UNTOLD, WITHOUT_LISTENER } from '../machine/loop.ts';
import type { Process } from '../machine/process.ts';
import type { Thread } from '../machine/thread.ts';

/** What a poll or select set holds, as far as its descriptors are known. */
export interface Contents {
  readonly hasListener: boolean;
  /** Connections that were accepted, and sockets of all kinds but listeners. */
  readonly connections: number;
  readonly sockets: number;
  /** Descriptors by which a process wakes itself up. */
  readonly events: number;
  readonly pipes: number;
  /** The number of an epoll instance; -1 for none. */
  readonly epoll: number;
}

/** What is in a poll or select set of these descriptors. */
export function contentsOf(
  numbers: readonly number[],
  told: Pick<CallArguments, 'polledLabel'>,
  { descriptors }: Process,
): Contents {
  let hasListener = false;
  let connections = 0;
  let sockets = 0;
  let events = 0;
  let pipes = 0;
  let epoll = -1;
  for (const fd of numbers) {
    const descriptor = descriptors.get(fd) ?? learned(fd, told.polledLabel(fd), descriptors);
    const kind = descriptor?.kind;
    if (descriptor?.listener != null) hasListener = true;
    else if (kind === 'connection' || kind === 'socket') {
      sockets++;
      if (descriptor?.connection != null) connections++;
    } else if (kind === 'event') events++;
    else if (kind === 'pipe') pipes++;
    else if (kind === 'epoll') epoll = fd;
  }
  return { hasListener, connections, sockets, events, pipes, epoll };
}

/**
 * The listeners that a thread waits for in `poll` or `select` at the end: others may have shown in the meantime that
 * they are listeners.
 */
export function recognizeListeners(call: Call, { process }: Thread, listeners: Listeners): Listener[] {
  const { family } = call.syscall;
  if (family !== 'poll' && family !== 'select') return [];
  return call.arguments.polled().flatMap((fd) => {
    const label = call.arguments.polledLabel(fd);
    const descriptor = process.descriptors.get(fd) ?? learned(fd, label, process.descriptors);
    if (descriptor !== undefined) listeners.recognize(descriptor);
    return descriptor?.listener ?? [];
  });
}

/** What was open before the capture and is only waited for is learned from what the wait says of it. */
function learned(fd: number, label: string, descriptors: DescriptorTable): Descriptor | undefined {
  return label === '' ? undefined : descriptors.set(fd, describeByLabel(label));
}

/**
 * Whether a poll or select set of so many descriptors, without events, is the hub of the thread: one that cannot report
 * the listener is work on a thread that has a set that can. A loop that took its listener out still waits for several
 * clients.
 */
export function isHubSet({ loop: { hub } }: Thread, { hasListener, connections }: Contents, others: number): boolean {
  if (hub === null || hub.kind !== 'set') return false;
  return hasListener || connections > 1 || (hub.fd === WITHOUT_LISTENER && others > 1);
}

/** Whether a poll or select set is a wait for the epoll instance that is the hub: so EventMachine and glib wait. */
export function isThrough({ loop: { hub }, process }: Thread, { epoll, hasListener, sockets }: Contents): boolean {
  return (
    !hasListener && sockets === 0 && epoll >= 0 && hub !== null && hub.descriptor === process.descriptors.get(epoll)
  );
}

/** Whether a set that the capture does not tell is the hub of the thread: the same call on such a set is. */
export function isUntoldHub({ loop, accepts }: Thread, called: Syscall, watched: readonly number[]): boolean {
  return watched.length === 0 && loop.hub?.fd === UNTOLD && accepts.untoldWait === called;
}
