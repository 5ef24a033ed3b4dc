import type { Nanoseconds } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';

/** Waits and wakes that have no other end yet, at most. */
const MOST_OPEN = 256;

/** A long wait of a thread in the middle of a request, which somebody ended. */
export interface WaitInRequest {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly duration: Nanoseconds;
  readonly line: KeptLine;
  readonly tid: number;
  /** The line of that request. */
  readonly request: string;
}

/** What all such waits come to, as if they were waits for one word. */
interface Sum {
  /** Waits that others ended than threads in requests. */
  otherWakes: number;
  /** A thread in a request ended this one. */
  handedTo(wait: WaitInRequest): void;
}

/** Who woke a waiting thread. */
interface Wake {
  readonly at: Nanoseconds;
  /** It was in the middle of a request as well, as whoever hands on a lock is. */
  readonly isPeer: boolean;
}

/**
 * Long waits of threads in the middle of a request, by who ended them: where each thread waits at a word of its own, as
 * threads of Java do, no word shows what is a lock. The end of a wait and its wake come in any order.
 */
export class WaitsInRequests<All extends Sum> {
  /** All those that other threads in requests ended, as waits for one word. */
  readonly all: All;
  readonly #waits = new Map<string, WaitInRequest>();
  readonly #wakes = new Map<string, Wake>();

  constructor(all: All) {
    this.all = all;
  }

  /** A thread was woken at this word. */
  waited(word: string, wait: WaitInRequest): void {
    const wake = this.#wakes.get(word);
    if (wake !== undefined && isWithin(wake.at, wait)) this.#matched(word, wait, wake);
    else keep(this.#waits, word, wait);
  }

  /** A thread woke somebody at this word. */
  woke(word: string, wake: Wake): void {
    const wait = this.#waits.get(word);
    if (wait !== undefined && isWithin(wake.at, wait)) this.#matched(word, wait, wake);
    else keep(this.#wakes, word, wake);
  }

  #matched(word: string, wait: WaitInRequest, { isPeer }: Wake): void {
    this.#waits.delete(word);
    this.#wakes.delete(word);
    if (isPeer) this.all.handedTo(wait);
    else this.all.otherWakes++;
  }
}

function isWithin(at: Nanoseconds, { start, end }: WaitInRequest): boolean {
  return start <= at && at <= end;
}

function keep<T>(map: Map<string, T>, word: string, value: T): void {
  map.delete(word);
  if (map.size >= MOST_OPEN) for (const oldest of map.keys()) if (map.delete(oldest)) break;
  map.set(word, value);
}
