import type { Exit, Lane, LastLine, PendingCall } from '../src/trace/record.ts';

/**
 * The kernel gives 32,768 numbers by default, and what is traced has some hundred threads. Of more those go that were
 * silent for longest.
 */
export const MOST_THREADS = 8_192;

/** The numbers of the lanes of one table: small ones, since much is kept in arrays by the number of a lane. */
export interface LaneNumbers {
  readonly first: number;
  readonly step: number;
}

/** Gives each life of a thread its lane. Shared by all parsers of one analysis. */
export class LaneTable {
  readonly #live = new Map<number, OwnLane>();
  /** Threads whose own file is at its end without telling theirs, in that order. */
  readonly #over = new Set<number>();
  #next: number;
  readonly #step: number;
  #uses = 0;

  /** Numbers lanes from `first` on, each `step` more than the one before: tables that differ in `first` share none. */
  constructor({ first, step }: LaneNumbers = { first: 0, step: 1 }) {
    this.#next = first;
    this.#step = step;
  }

  /** The lane that now lives under this tid, made at first sight. */
  get(tid: number): Lane {
    const found = this.#live.get(tid);
    if (found !== undefined) {
      found.lastUse = ++this.#uses;
      return found;
    }
    const lane = new OwnLane(this.#next, tid, ++this.#uses);
    this.#next += this.#step;
    this.#live.set(tid, lane);
    return lane;
  }

  /** Ends a life: the next `get` of this tid makes a new lane. */
  end(tid: number): void {
    this.#live.delete(tid);
    this.#over.delete(tid);
  }

  /**
   * The ends of the lives that were silent for longest, when there are more than `MOST_THREADS`; else nothing. For
   * parsers that ask for the lane of each record.
   */
  endSilent(at: Pick<Exit, 'time' | 'file' | 'line'>): Exit[] {
    if (this.#live.size <= MOST_THREADS) return [];
    const oldest = [...this.#live.values()].sort((a, b) => a.lastUse - b.lastUse).slice(0, MOST_THREADS / 4);
    return this.#endAll(oldest, at);
  }

  /**
   * The file of a thread (`strace -ff`) is at its end: nothing of its parser is needed any more. Gives the ends of the
   * lives whose files ended longest ago, when there are more than `MOST_THREADS`; else nothing.
   */
  fileEnded(tid: number, at: Pick<Exit, 'time' | 'file' | 'line'>): Exit[] {
    const lane = this.#live.get(tid);
    if (lane === undefined) return [];
    if (lane.lastLine !== null) {
      const { file, line, text } = lane.lastLine;
      lane.lastLine = { file, line, text };
    }
    this.#over.add(tid);
    if (this.#live.size <= MOST_THREADS) return [];
    const oldest = [...this.#over].slice(0, MOST_THREADS / 4).map((each) => this.#live.get(each));
    return this.#endAll(
      oldest.filter((each) => each !== undefined),
      at,
    );
  }

  #endAll(lanes: readonly OwnLane[], at: Pick<Exit, 'time' | 'file' | 'line'>): Exit[] {
    for (const { tid } of lanes) this.end(tid);
    return lanes.map((lane) => ({
      kind: 'exit',
      lane,
      status: null,
      signal: '',
      coreDumped: false,
      supersededBy: 0,
      assumed: 'silent',
      text: '',
      ...at,
    }));
  }

  /**
   * Gives a lane the number that the trace tells only later. False, and nothing changes, when another lane lives under
   * that number.
   */
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
  lastUse: number;

  constructor(index: number, tid: number, use: number) {
    this.lastUse = use;
    this.index = index;
    this.tid = tid;
  }
}
