import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { TimesOfThreads } from '../times-of-threads.ts';

/** A request that stood behind others of the worker that had accepted it together with others. */
export interface Waited {
  readonly thread: Thread;
  readonly request: string;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  readonly behind: Nanoseconds;
  readonly line: KeptLine;
}

/** A request that waited while another worker was idle, and the longest that one was. */
export interface Hoarded extends Waited {
  readonly idle: Thread;
  readonly idleFor: Nanoseconds;
}

/** A waiting worker shows that it was idle only when its wait returns: so many requests may be undecided until then. */
const MOST_UNDECIDED = 2_000;
const MOST_SHOWN = 20;

/** What happened on one accept queue. */
export class Hoards {
  readonly #idle: TimesOfThreads;
  readonly #least: Nanoseconds;
  #undecided: Waited[] = [];
  /** Hoarded requests among those that were decided already. */
  #count = 0;
  readonly #workers = new Set<Thread>();
  #worst: Hoarded[] = [];
  /** Connections of the largest go of accepts. */
  mostInOneGo = 0;

  /** `least` is how long another worker has to be idle meanwhile. */
  constructor(idle: TimesOfThreads, least: Nanoseconds) {
    this.#idle = idle;
    this.#least = least;
  }

  add(waited: Waited, acceptors: () => readonly Thread[]): void {
    if (this.#undecided.length === MOST_UNDECIDED) {
      const old = this.#hoarded(this.#undecided.slice(0, MOST_UNDECIDED / 2), acceptors());
      this.#undecided = this.#undecided.slice(MOST_UNDECIDED / 2);
      this.#count += old.length;
      for (const { thread } of old) this.#workers.add(thread);
      this.#worst = worstOf([...this.#worst, ...old]);
    }
    this.#undecided.push(waited);
  }

  /**
   * Requests that waited in one worker while another was idle: how many, in which workers, and the worst in order of
   * time.
   */
  totals(acceptors: readonly Thread[]): {
    readonly count: number;
    readonly workers: ReadonlySet<Thread>;
    readonly worst: readonly Hoarded[];
  } {
    const recent = this.#hoarded(this.#undecided, acceptors);
    return {
      count: this.#count + recent.length,
      workers: new Set([...this.#workers, ...recent.map(({ thread }) => thread)]),
      worst: worstOf([...this.#worst, ...recent]).sort((a, b) => a.to - b.to),
    };
  }

  #hoarded(waited: readonly Waited[], acceptors: readonly Thread[]): Hoarded[] {
    return waited.flatMap((each) => {
      let idle: Thread | null = null;
      let idleFor = 0;
      for (const other of acceptors) {
        if (other === each.thread) continue;
        const time = this.#idle.within(other, each.from, each.to);
        if (time <= idleFor) continue;
        idle = other;
        idleFor = time;
      }
      return idle === null || idleFor < this.#least ? [] : [{ ...each, idle, idleFor }];
    });
  }
}

function worstOf(hoarded: Hoarded[]): Hoarded[] {
  return hoarded.sort((a, b) => b.behind - a.behind).slice(0, MOST_SHOWN);
}
