import type { Nanoseconds } from '../../trace/time.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Connection, Request } from './connections.ts';
import type { Listener } from './listener.ts';
import type { Turn } from './turn.ts';

/** What comes so long after a long turn, or this share of its length after it, did not wait for it. */
const LATEST = 5 * MILLISECOND;
const SHARE = 0.005;
const MOST_CONNECTIONS = 4_096;

/** The time right after a long turn, in which those who waited for it show up: in the queue, with their requests. */
export class Aftermath {
  readonly turn: Turn;
  /** Those that were counted, so that their next request is not. */
  readonly #counted = new Set<Connection>();
  /** Others took connections from the queue meanwhile: those in it have not waited. Null before the first accept. */
  #isShared: boolean | null = null;

  constructor(turn: Turn, waiting: readonly Request[]) {
    this.turn = turn;
    for (const { connection } of waiting.slice(0, MOST_CONNECTIONS)) this.#counted.add(connection);
  }

  /** Whether a wait that began at `start` and took `duration` ends it: nobody was left, or it is late. */
  endsWith(start: Nanoseconds, duration: Nanoseconds): boolean {
    const { turn } = this;
    return duration > MILLISECOND || start - turn.end > Math.max(LATEST, SHARE * (turn.end - turn.start));
  }

  /** The thread of `lane` took a connection from the queue; `listener` still tells of the accept before. */
  accepted(connection: Connection, listener: Listener, lane: number): void {
    const { lastLane, lastAt } = listener;
    this.#isShared ??= lastLane >= 0 && lastLane !== lane && lastAt > this.turn.start;
    if (this.#isShared || this.#counted.size >= MOST_CONNECTIONS) return;
    this.#counted.add(connection);
    this.turn.waitingCount++;
  }

  /** A request was read. */
  received(request: Request): void {
    const { connection } = request;
    if (this.#counted.size >= MOST_CONNECTIONS) return;
    if (!this.#counted.has(connection)) this.turn.addWaiting(request.name);
    else if (connection.requests === 1) this.turn.nameWaiting(request.name);
    this.#counted.add(connection);
  }
}
