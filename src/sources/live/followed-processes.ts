import { findFamily, hostView, type ProcessView } from './family.ts';
import { type ProcessFacts, readStartTicks } from './process-facts.ts';

interface FollowedOptions {
  readonly view?: () => ProcessView;
  /** When a process started, 0 when there is none of that number. */
  readonly startTicks?: (pid: number) => number;
}

/**
 * The processes that a capture follows: those of its start, and those that they have forked since then, as long as each
 * of them lives. A capture goes on for days: workers are replaced, a whole server is upgraded, and pids are used again.
 */
export class FollowedProcesses {
  readonly #first: readonly ProcessFacts[];
  readonly #view: () => ProcessView;
  readonly #startTicks: (pid: number) => number;
  /** The rest of the server as it was at the start, which is not traced: when each process started, by its pid. */
  readonly #others: ReadonlyMap<number, number>;
  readonly #members: Map<number, ProcessFacts>;

  constructor(first: readonly ProcessFacts[], { view = hostView, startTicks = readStartTicks }: FollowedOptions = {}) {
    this.#first = first;
    this.#view = view;
    this.#startTicks = startTicks;
    this.#members = new Map(first.map((process) => [process.pid, process]));
    const family = findFamily([...this.#members.keys()], view());
    this.#others = new Map(family.map(({ pid, startTicks: ticks }) => [pid, ticks]));
  }

  /** Those that lived at the last look. */
  get pids(): readonly number[] {
    return [...this.#members.keys()];
  }

  /** Those of the start, and those that were forked and live. */
  get all(): readonly ProcessFacts[] {
    const later = [...this.#members.values()].filter((process) => !this.#first.includes(process));
    return [...this.#first, ...later];
  }

  /** None of them is left. */
  get haveEnded(): boolean {
    return [...this.#members.values()].every((process) => !this.#lives(process));
  }

  /** Forgets those that have ended, also where another process has the pid. */
  dropEnded(): void {
    for (const process of this.#members.values()) if (!this.#lives(process)) this.#members.delete(process.pid);
  }

  /** Does so, and finds workers that replaced others, and servers that replaced themselves. */
  refresh(): void {
    this.dropEnded();
    // Parents stand before their children.
    for (const process of findFamily([...this.#members.keys()], this.#view())) {
      const { pid, parent, startTicks } = process;
      const isNew = !this.#members.has(pid) && this.#members.has(parent) && this.#others.get(pid) !== startTicks;
      if (isNew) this.#members.set(pid, { ...process, state: 'S' });
    }
  }

  #lives({ pid, startTicks }: ProcessFacts): boolean {
    return this.#startTicks(pid) === startTicks;
  }
}
