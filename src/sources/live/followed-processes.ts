import { findFamily, hostView } from './family.ts';
import { type ProcessFacts, readProcess } from './process-facts.ts';

/** The processes that a capture follows: those of its start, and those that they have forked since then. */
export class FollowedProcesses {
  /** Those of the start. */
  readonly first: readonly ProcessFacts[];
  /** The whole server as it was at the start, traced or not. */
  readonly #before: ReadonlySet<number>;
  /** Pids as of the last `refresh`. */
  pids: readonly number[];

  constructor(first: readonly ProcessFacts[]) {
    this.first = first;
    this.pids = first.map(({ pid }) => pid);
    this.#before = new Set(findFamily(this.pids, hostView()).map(({ pid }) => pid));
  }

  /** Finds workers that replaced others. */
  refresh(): void {
    this.pids = this.all().map(({ pid }) => pid);
  }

  all(): ProcessFacts[] {
    const all = new Map(this.first.map((process) => [process.pid, process]));
    // Parents stand before their children.
    for (const process of findFamily([...all.keys()], hostView())) {
      const isNew = !this.#before.has(process.pid) && all.has(process.parent);
      if (isNew) all.set(process.pid, { ...process, state: 'S' });
    }
    return [...all.values()];
  }

  /** Of those of the start none is left. */
  get haveEnded(): boolean {
    return this.first.every(({ pid, startTicks }) => readProcess(pid)?.startTicks !== startTicks);
  }
}
