import type { Thread } from '../../model/processes.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';

/** One wake-up of an acceptor. */
export interface WakeUp {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  readonly won: boolean;
}

/** Wake-ups that follow each other closely: one connection (or a few at once) and everybody it woke. */
export interface Burst {
  readonly wakeUps: readonly WakeUp[];
  readonly threads: number;
}

/** Cycles are told when they end; they are put in order of their start within this time. */
const HORIZON = 2 * SECOND;
/** So many wake-ups wait for order at most; they are settled in batches, because moving a long array up costs more than the rest. */
const MOST_WAITING = 8192;
const BATCH = 1024;
const LONGEST_CHAIN = 4096;

/** Chains wake-ups whose starts are at most `distance` apart and remembers the burst with most threads. Memory is bounded. */
export class Bursts {
  readonly #distance: Nanoseconds;
  readonly #waiting: WakeUp[] = [];
  #settleAt = BATCH;
  #chain: WakeUp[] = [];
  count = 0;
  /** Bursts in which the first thread woken won. */
  firstWon = 0;
  /** Bursts in which somebody won. */
  won = 0;
  largest: Burst = { wakeUps: [], threads: 0 };

  constructor(distance: Nanoseconds = 5 * MILLISECOND) {
    this.#distance = distance;
  }

  add(wakeUp: WakeUp): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as WakeUp).start > wakeUp.start) at--;
    if (at === waiting.length) waiting.push(wakeUp);
    else waiting.splice(at, 0, wakeUp);
    if (waiting.length < this.#settleAt) return;
    const newest = (waiting[waiting.length - 1] as WakeUp).start;
    let settled = 0;
    while (settled < waiting.length && (newest - (waiting[settled] as WakeUp).start > HORIZON || waiting.length - settled > MOST_WAITING)) settled++;
    for (const old of waiting.splice(0, settled)) this.#settle(old);
    this.#settleAt = waiting.length + BATCH;
  }

  /** Takes in what is still waiting for order. */
  finish(): void {
    for (const wakeUp of this.#waiting.splice(0)) this.#settle(wakeUp);
    this.#close();
  }

  #settle(wakeUp: WakeUp): void {
    const last = this.#chain.at(-1);
    if (last !== undefined && wakeUp.start - last.start > this.#distance) this.#close();
    if (this.#chain.length < LONGEST_CHAIN) this.#chain.push(wakeUp);
  }

  #close(): void {
    const wakeUps = this.#chain;
    if (wakeUps.length === 0) return;
    this.#chain = [];
    const threads = new Set(wakeUps.map((wakeUp) => wakeUp.thread)).size;
    if (threads >= 2) {
      this.count++;
      if (wakeUps.some((wakeUp) => wakeUp.won)) this.won++;
      if (wakeUps[0]?.won) this.firstWon++;
    }
    if (threads > this.largest.threads) this.largest = { wakeUps, threads };
  }
}
