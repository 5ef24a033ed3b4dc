import type { Nanoseconds } from '../../trace/time.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** A thread is on its way from the wake to the end of its wait for so long at most. */
const LATEST = 2 * MILLISECOND;
/** Once may be chance: processes that were forked from one have their words at the same addresses. */
const ENOUGH = 3;
const MOST_WORDS = 4_096;
const MOST_PAIRS = 4_096;

/** A wake of a private word that found somebody, or a wait for one that somebody ended. */
export interface WordUse {
  readonly thread: Thread;
  readonly word: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly isWake: boolean;
}

/**
 * Who wakes whom by private words of memory, which only threads of one process share: `FUTEX_WAKE_PRIVATE` of one
 * thread ends `FUTEX_WAIT_PRIVATE` of another. It tells whose a thread is where no clone was seen and no descriptor is
 * named.
 */
export class SeenWords {
  /** The last use of each word that has found no other end. */
  readonly #uses = new Map<string, WordUse | 'several'>();
  /** How often a thread of one process ended a wait of the other, by their first threads. */
  readonly #pairs = new Map<string, number>();

  /** The process whose thread is at the other end, when that was seen often enough; undefined before. */
  add(use: WordUse): Process | undefined {
    const known = this.#uses.get(use.word);
    if (known === undefined || known === 'several') {
      this.#keep(use);
      return undefined;
    }
    if (known.isWake === use.isWake) {
      // Of two wakes at one time nobody knows which of them it was.
      const isOther = known.thread.process !== use.thread.process && use.start - known.end <= LATEST;
      this.#uses.set(use.word, isOther ? 'several' : use);
      return undefined;
    }
    this.#uses.delete(use.word);
    const [wake, wait] = use.isWake ? [use, known] : [known, use];
    if (wait.start > wake.end || wait.end < wake.start || wait.end > wake.end + LATEST) {
      this.#uses.set(use.word, use);
      return undefined;
    }
    return this.#counted(use.thread.process, known.thread.process);
  }

  #counted(own: Process, other: Process): Process | undefined {
    if (own === other) return undefined;
    const key = own.pid < other.pid ? `${own.pid} ${other.pid}` : `${other.pid} ${own.pid}`;
    const count = (this.#pairs.get(key) ?? 0) + 1;
    if (count < ENOUGH) {
      if (this.#pairs.size >= MOST_PAIRS) this.#pairs.clear();
      this.#pairs.set(key, count);
      return undefined;
    }
    this.#pairs.delete(key);
    return other;
  }

  #keep(use: WordUse): void {
    if (this.#uses.size >= MOST_WORDS) this.#uses.clear();
    this.#uses.set(use.word, use);
  }
}
