import type { Nanoseconds } from '../../../trace/time.ts';
import type { Thread } from '../../machine/thread.ts';

/** Wakes and waits that have no other end yet, at most. */
const MOST_OPEN = 256;
/** Words of which it is counted who wakes whom. */
const MOST_WORDS = 256;
/** The part of its wakes that come from elsewhere where a word is one that jobs are waited for at. */
const FROM_ELSEWHERE = 0.25;

/** A wait for a word that somebody ended. */
export interface WokenWait {
  readonly word: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** Who ended it; null as long as that is not known. */
  waker: Thread | null;
}

/** Who waits at a word, and how often one of them, or another thread, ended a wait there. */
interface Word {
  readonly waiters: Set<Thread>;
  byWaiters: number;
  byOthers: number;
}

/** Which thread of a process ended which wait of another. The end of a wait and its wake come in any order. */
export class Wakes {
  readonly #wakes = new Map<string, { readonly thread: Thread; readonly at: Nanoseconds }>();
  readonly #waits = new Map<string, WokenWait>();
  readonly #words = new Map<string, Word>();

  /** A thread woke somebody at this word. */
  woke(word: string, thread: Thread, at: Nanoseconds): void {
    const wait = this.#waits.get(word);
    if (wait !== undefined && wait.start <= at && at <= wait.end) this.#matched(wait, thread);
    else keep(this.#wakes, word, { thread, at });
  }

  /** A thread was woken. */
  waited(wait: WokenWait, thread: Thread): void {
    const { word, start, end } = wait;
    const known = this.#words.get(word);
    if (known !== undefined) known.waiters.add(thread);
    else if (this.#words.size < MOST_WORDS)
      this.#words.set(word, { waiters: new Set([thread]), byWaiters: 0, byOthers: 0 });
    const wake = this.#wakes.get(word);
    if (wake !== undefined && start <= wake.at && wake.at <= end) this.#matched(wait, wake.thread);
    else keep(this.#waits, word, wait);
  }

  /** Whether several threads wait at this word for what others bring, and not for what each of them hands on. */
  isQueue(word: string): boolean {
    const known = this.#words.get(word);
    if (known === undefined || known.waiters.size < 2) return false;
    return known.byOthers >= FROM_ELSEWHERE * (known.byOthers + known.byWaiters) && known.byOthers > 0;
  }

  #matched(wait: WokenWait, thread: Thread): void {
    const { word } = wait;
    this.#wakes.delete(word);
    this.#waits.delete(word);
    wait.waker = thread;
    const known = this.#words.get(word);
    if (known === undefined) return;
    if (known.waiters.has(thread)) known.byWaiters++;
    else known.byOthers++;
  }
}

function keep<T>(map: Map<string, T>, word: string, value: T): void {
  map.delete(word);
  if (map.size >= MOST_OPEN) for (const oldest of map.keys()) if (map.delete(oldest)) break;
  map.set(word, value);
}
