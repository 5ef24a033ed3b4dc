import type { CallCount } from '../../src/trace/record.ts';
import { countOf } from './counted-calls.ts';

/** Which calls the maps of `watch.bt` count, and with which error. */
const MAPS: Readonly<Record<string, readonly [call: string, error: string]>> = {
  '@accepts': ['accept4', ''],
  '@eagain': ['accept4', 'EAGAIN'],
  '@emfile': ['accept4', 'EMFILE'],
  '@waits': ['epoll_wait', ''],
  '@timeouts': ['epoll_wait', ''],
  '@reads': ['recvfrom', ''],
};
/** So many threads may show up in one second. */
const MOST = 10_000;

/** What one thread did in one second. */
export interface WatchedSecond {
  readonly tid: number;
  accepted: number;
  empty: number;
  waits: number;
  timeouts: number;
  wakeUps: number;
}

const COLUMNS: Readonly<Record<string, Exclude<keyof WatchedSecond, 'tid'>>> = {
  '@accepts': 'accepted',
  '@eagain': 'empty',
  '@waits': 'waits',
  '@timeouts': 'timeouts',
  '@wakes': 'wakeUps',
};

/** Takes in what `watch.bt` prints once a second. */
export class WatchedCapture {
  readonly #sums = new Map<string, number>();
  #second = new Map<number, WatchedSecond>();
  /** The capture is one of `watch.bt`. */
  active = false;

  /** True when the entry is one of the program's. */
  add(map: string, key: string, value: number): boolean {
    if (!this.active || !Number.isSafeInteger(value) || value < 0) return false;
    const sum = (this.#sums.get(map) ?? 0) + value;
    if (!Number.isSafeInteger(sum)) return false;
    if (MAPS[map] !== undefined) this.#sums.set(map, sum);
    const column = COLUMNS[map];
    if (column === undefined) return MAPS[map] !== undefined;
    if (/^\d{1,10}$/.test(key)) this.#of(Number(key))[column] += value;
    return true;
  }

  /** The seconds of all threads since the last tick. */
  takeSecond(): Iterable<WatchedSecond> {
    const second = this.#second;
    this.#second = new Map();
    return second.values();
  }

  /** Each family of calls goes by the name of its most usual one. */
  *records(): Generator<CallCount> {
    for (const [map, count] of this.#sums) {
      const [call = '', error = ''] = MAPS[map] ?? [];
      yield countOf(call, error, count);
    }
  }

  #of(tid: number): WatchedSecond {
    const known = this.#second.get(tid);
    if (known !== undefined) return known;
    const made: WatchedSecond = { tid, accepted: 0, empty: 0, waits: 0, timeouts: 0, wakeUps: 0 };
    if (this.#second.size < MOST) this.#second.set(tid, made);
    return made;
  }
}
