import type { Lane, LastLine, PendingCall } from '../src/trace/record.ts';

/** Gives each life of a thread its lane. Shared by all parsers of one analysis. */
export class LaneTable {
  readonly #live = new Map<number, OwnLane>();
  #count = 0;

  /** The lane that now lives under this tid, made at first sight. */
  get(tid: number): Lane {
    const found = this.#live.get(tid);
    if (found !== undefined) return found;
    const lane = new OwnLane(this.#count++, tid);
    this.#live.set(tid, lane);
    return lane;
  }

  /** Ends a life: the next `get` of this tid makes a new lane. */
  end(tid: number): void {
    this.#live.delete(tid);
  }

  get size(): number {
    return this.#live.size;
  }

  /** Gives a lane the number that the trace tells only later. False, and nothing changes, when another lane lives under that number. */
  rename(from: number, to: number): boolean {
    const lane = this.#live.get(from);
    if (lane === undefined || this.#live.has(to)) return false;
    this.#live.delete(from);
    this.#live.set(to, lane);
    lane.tid = to;
    return true;
  }

  get live(): IterableIterator<Lane> {
    return this.#live.values();
  }
}

class OwnLane implements Lane {
  readonly index: number;
  tid: number;
  comm = '';
  lastLine: LastLine | null = null;
  pending: PendingCall | null = null;

  constructor(index: number, tid: number) {
    this.index = index;
    this.tid = tid;
  }
}
