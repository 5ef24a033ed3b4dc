import type { Durations } from '../../model/machine/durations.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import type { Peer } from '../../model/topics/dependencies/peer.ts';
import { elapsed, MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import type { Severity } from '../finding.ts';
import { MOMENT } from '../worst-moment.ts';

/** A peer that was waited for long, and by whom. */
export interface Slow {
  readonly peer: Peer;
  readonly severity: Severity;
  /** The waits that count: of requests for answers or for a free connection, of main work, or limits that ran out. */
  readonly by: 'requests' | 'connections' | 'main-work' | 'limits';
  readonly waits: Durations;
}

/** Limits that ran out are told from so many on, and from so much time in them. */
const MOST_ORDINARY = 3;
const LONG_WITHOUT: Nanoseconds = 10 * SECOND;
const DNS_PORT = /:53$/;

/** Name servers have a kind of their own, `blocking-dns`. */
export function isNameServer({ name }: Peer): boolean {
  return DNS_PORT.test(name);
}

/** From here on a wait is long, and long enough to be no product of stamps of whole seconds. */
export function longFrom({ threshold, capabilities }: Context): Nanoseconds {
  return threshold('dependency-ms') * MILLISECOND + capabilities.resolution;
}

/** How a peer is judged; null when nobody waited for it for long. */
export function judge(context: Context, peer: Peer): Slow | null {
  if (isNameServer(peer)) return null;
  const { threshold, capabilities } = context;
  const long = longFrom(context);
  const { ofRequests, ofConnections, ofMainWork, ranOut, ranOutFor } = peer;
  // Who waits for a free connection waits for several answers: those of the requests before.
  const queue = threshold('pool-wait-ms') * MILLISECOND + capabilities.resolution;
  const { longest } = ofConnections;
  if (longest >= queue && (longest >= ofRequests.longest || ofRequests.longest < long)) {
    const isUsual = (ofConnections.percentile(0.99) ?? 0) >= queue;
    return { peer, severity: isUsual ? 'warning' : 'info', by: 'connections', waits: ofConnections };
  }
  if (ofRequests.timed > 0 && Math.max(ofRequests.longest, peer.longestOfRequest) >= long) {
    // Where only slow requests are known to have waited, what is usual shows in the waits of everybody.
    const all = peer.linked > 0 ? peer.all : ofRequests;
    const isUsual = (all.percentile(0.99) ?? 0) >= long;
    return { peer, severity: isUsual ? 'warning' : 'info', by: 'requests', waits: ofRequests };
  }
  // A capture of minutes is as bad as its worst moment.
  const isLong =
    shareOfMainWork(context.model, peer) >= threshold('dependency-share') || ofMainWork.longest >= MOMENT / 4;
  if (ofMainWork.longest >= long && isLong) return { peer, severity: 'warning', by: 'main-work', waits: ofMainWork };
  if (ranOut >= MOST_ORDINARY && ranOutFor >= LONG_WITHOUT && peer.longest !== null && peer.longest.length >= ranOutFor)
    return { peer, severity: peer.isKnown && peer.isAsked ? 'warning' : 'info', by: 'limits', waits: peer.all };
  return null;
}

/** The largest part of its life that a process waited for the peer in its main work, 0 to 1. */
function shareOfMainWork(model: Model, { processes }: Peer): number {
  let most = 0;
  for (const { process, mainWork } of processes.values()) {
    const first = Math.min(model.lastTime, ...threadsOf(process).map(({ firstTime }) => firstTime));
    const end = threadsOf(process).some(({ ended }) => !ended)
      ? model.lastTime
      : Math.max(first, ...threadsOf(process).map(({ lastTime }) => lastTime));
    const lived = elapsed(first, end);
    if (lived > 0) most = Math.max(most, Math.min(1, mainWork / lived));
  }
  return most;
}
