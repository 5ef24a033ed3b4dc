import { randomUUID } from 'node:crypto';
import { readOrEmpty, readParents } from './process-facts.ts';

const WORD = 'DROVER_OFFSPRING';
/** What forks faster than it is found is given up after so many looks. */
const MOST_LOOKS = 20;

/**
 * Finds what came of a program that drover starts, also what began a session of its own (`setsid`, a daemon), which no
 * signal to a group reaches: a word in the environment is handed on to all of it.
 */
export class Offspring {
  readonly #mark = randomUUID();

  /** To be added to the environment of the program. */
  get environment(): Readonly<Record<string, string>> {
    return { [WORD]: this.#mark };
  }

  /**
   * Kills the group of the program, whoever has the word, and the children of those, which may have dropped it. Looks
   * at every process of the host until there is nobody new.
   */
  kill(leader: number): void {
    const killed = new Set<number>();
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const found = this.#find(leader).filter((pid) => !killed.has(pid));
      for (const pid of found) killed.add(pid);
      // The group first: who is the leader of nothing any more is found as a child no more.
      for (const pid of looks === 0 ? [-leader, ...found] : found) killNow(pid);
      if (looks > 0 && found.length === 0) return;
    }
  }

  #find(leader: number): readonly number[] {
    const parents = readParents();
    const found = new Set([...parents.keys()].filter((pid) => pid !== process.pid && this.#marks(pid)));
    const isOf = (pid: number): boolean => pid === leader || found.has(pid);
    for (let before = -1; before < found.size; ) {
      before = found.size;
      for (const [pid, parent] of parents) if (isOf(parent)) found.add(pid);
    }
    return [...found];
  }

  #marks(pid: number): boolean {
    return readOrEmpty(`/proc/${pid}/environ`).split('\0').includes(`${WORD}=${this.#mark}`);
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended a moment ago.
  }
}
