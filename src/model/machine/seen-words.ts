import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** A wake and the end of the wait that it ended are so near; for so long around nothing else happens at the word. */
const NEAR = 2 * MILLISECOND;
/** Once may be chance: processes that were forked from one have their words at the same addresses. */
const ENOUGH = 3;
const MOST_WORDS = 4_096;
const MOST_PAIRS = 4_096;
/** Of more uses at one time nobody asks who woke whom. */
const MOST_AT_ONCE = 3;
const MOST_VAIN = 8;

/** A wake of a private word, or a wait for one that somebody ended. */
export interface WordUse {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** How many it woke; null for a wait. */
  readonly woke: number | null;
}

/** What happened at one word lately. */
class Word {
  /** Uses that are near each other in time, the last ones. */
  uses: WordUse[] = [];
  last: Nanoseconds = 0;
  /** Wakes that found nobody. */
  vain: WordUse[] = [];
}

/**
 * Who wakes whom by private words of memory, which only threads of one process share: `FUTEX_WAKE_PRIVATE` of one
 * thread ends `FUTEX_WAIT_PRIVATE` of another. It tells whose a thread is where no clone was seen and no descriptor is
 * named. Forked processes have their words at the same addresses: so only a wake counts that ends a wait while nothing
 * else happens there, and a wake that finds nobody tells that who waits there meanwhile is of another process.
 */
export class SeenWords {
  readonly #words = new Map<string, Word>();
  /** How often a thread of one process ended a wait of the other, by their first threads; NaN when they are two. */
  readonly #pairs = new Map<string, number>();

  /** The two processes that turn out to be one, if any. */
  add(address: string, use: WordUse): readonly [Process, Process] | undefined {
    let word = this.#words.get(address);
    if (word === undefined) {
      if (this.#words.size >= MOST_WORDS) this.#words.clear();
      word = new Word();
      this.#words.set(address, word);
    }
    if (use.woke === 0) {
      if (word.vain.length === MOST_VAIN) word.vain.shift();
      word.vain.push(use);
      return undefined;
    }
    if (use.woke === null) this.#tellApart(word.vain, use);
    const at = use.woke === null ? use.end : use.start;
    const isNear = word.uses.length > 0 && at - word.last <= NEAR;
    const before = isNear ? [] : word.uses;
    word.uses = isNear ? [...word.uses, use].slice(0, MOST_AT_ONCE) : [use];
    word.last = Math.max(word.last, at);
    return before.length === 2 ? this.#judge(before[0] as WordUse, before[1] as WordUse) : undefined;
  }

  /** A wake found nobody at a word at which this thread waited: it looked in another process. */
  #tellApart(vain: readonly WordUse[], { thread, start, end }: WordUse): void {
    for (const wake of vain)
      if (wake.thread.process !== thread.process && wake.start > start + NEAR && wake.end < end - NEAR)
        this.#count(keyOf(thread.process, wake.thread.process), Number.NaN);
  }

  #judge(first: WordUse, second: WordUse): readonly [Process, Process] | undefined {
    const [wake, wait] = first.woke === null ? [second, first] : [first, second];
    if (wake.woke !== 1 || wait.woke !== null || wait.start > wake.end || wait.end < wake.start) return undefined;
    const own = wake.thread.process;
    const other = wait.thread.process;
    if (own === other) return undefined;
    const key = keyOf(own, other);
    const count = (this.#pairs.get(key) ?? 0) + 1;
    this.#count(key, count);
    return count >= ENOUGH ? [own, other] : undefined;
  }

  #count(key: string, count: number): void {
    if (this.#pairs.size >= MOST_PAIRS && !this.#pairs.has(key)) this.#pairs.clear();
    this.#pairs.set(key, count);
  }
}

function keyOf(one: Process, other: Process): string {
  return one.pid < other.pid ? `${one.pid} ${other.pid}` : `${other.pid} ${one.pid}`;
}
