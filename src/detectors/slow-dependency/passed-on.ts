import type { Listener } from '../../model/machine/listener.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Peer } from '../../model/topics/dependencies/peer.ts';
import { requestName } from '../../trace/request-shape.ts';
import type { Slow } from './judge.ts';

/**
 * The same peers in the same order, except that those come last that only passed a request on: where a proxy and the
 * server behind it are in one capture, the proxy waits for that server, and that server for the peer that is to blame.
 */
export function causesFirst(slow: readonly Slow[]): Slow[] {
  const passing = new Set(slow.filter((each) => slow.some((other) => isPassedOn(each, other))));
  return [...slow.filter((each) => !passing.has(each)), ...passing];
}

/** Whether those who waited for `next` are a server that those who waited for `peer` asked for the same request. */
function isPassedOn({ peer, by, waits }: Slow, next: Slow): boolean {
  if (by !== 'requests' || next.by !== 'requests' || next.waits.longest > waits.longest) return false;
  const request = requestName(peer.longestServing?.request ?? '');
  if (request === '' || request !== next.peer.longestServing?.request) return false;
  // A peer is none behind itself, either.
  for (const process of next.peer.processes.keys()) if (peer.processes.has(process)) return false;
  const [listeners, others] = [listenersOf(peer), listenersOf(next.peer)];
  return listeners.size > 0 && others.size > 0 && [...others].every((listener) => !listeners.has(listener));
}

/** What those who waited for a peer accept connections on. */
function listenersOf({ processes }: Peer): ReadonlySet<Listener> {
  const threads = [...processes.values()].flatMap(({ process }) => [...threadsOf(process)]);
  return new Set(threads.flatMap(({ accepts }) => [...accepts.listeners]));
}
