import type { SocketState } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import { keptLine } from '../evidence.ts';
import type { Connection } from '../machine/connections.ts';
import type { Listener } from '../machine/listener.ts';
import { type Tracker, TrackerBase } from '../tracker.ts';

/** A connection was accepted after it had waited in the queue of its listener. */
export interface QueueDelay {
  readonly connection: Connection;
  readonly listener: Listener;
  readonly delay: Nanoseconds;
  /** The client had left before. */
  readonly goneBefore: boolean;
  readonly time: Nanoseconds;
  /** Where it was established. */
  readonly line: KeptLine;
}

declare module '../fact-bus.ts' {
  interface Facts {
    queueDelay: QueueDelay;
  }
}

/** So many connections may wait to be accepted, or live: the oldest are forgotten. */
const MOST = 65_536;

/** A connection that the kernel has established and nobody has accepted yet. */
interface Queued {
  readonly since: Nanoseconds;
  readonly record: SocketState;
  goneAt: Nanoseconds;
}

/**
 * Follows connections by what the kernel saw of them: how long they wait to be accepted, and when their clients leave.
 */
export class SocketTracker extends TrackerBase implements Tracker {
  readonly #queued = new Map<string, Queued>();
  readonly #live = new Map<string, Connection>();
  /** The capture tells the states of connections. */
  active = false;

  changed(record: SocketState): void {
    this.active = true;
    const { time, state, peer } = record;
    if (state === 'established') {
      if (this.#queued.size >= MOST) forgetOldest(this.#queued);
      this.#queued.set(peer, { since: time, record: { ...record }, goneAt: UNKNOWN });
      return;
    }
    const queued = this.#queued.get(peer);
    if (queued !== undefined) {
      if (queued.goneAt === UNKNOWN) queued.goneAt = time;
      return;
    }
    const request = this.#live.get(peer)?.request;
    if (request?.canHangUp) request.hungUp(time, keptLine(record));
  }

  /** An accept returned this connection at `at`. */
  accepted(connection: Connection, at: Nanoseconds): void {
    if (!this.active) return;
    const { peer } = connection;
    const queued = this.#queued.get(peer);
    this.#queued.delete(peer);
    if (this.#live.size >= MOST) forgetOldest(this.#live);
    this.#live.set(peer, connection);
    const { listener } = connection;
    if (queued === undefined || !listener?.isFollowed || !this.inWindow(at)) return;
    this.facts.tell('queueDelay', {
      connection,
      listener,
      delay: Math.max(0, at - queued.since),
      goneBefore: queued.goneAt !== UNKNOWN && queued.goneAt <= at,
      time: at,
      line: keptLine(queued.record),
    });
  }

  connectionEnded(connection: Connection): void {
    if (!this.active) return;
    const { peer } = connection;
    if (this.#live.get(peer) === connection) this.#live.delete(peer);
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
