/** Numbers that strace names as attached by themselves, at most: they may be forks. */
const MOST_NAMED = 1_024;

/**
 * Which threads strace attached as one process: `Process 4444 attached with 6 threads` is followed by records of 4444
 * and of five others. Who they are is told only while a single process was attached so, and by counting: numbers that
 * no clone explains, and that strace did not name as attached alone, until there are as many as it said.
 */
export class AttachedTogether {
  #leader = 0;
  #missing = 0;
  readonly #named = new Set<number>();

  /** strace attached `tid` and, with it, so many threads in all. */
  attached(tid: number, threads: number): void {
    if (threads <= 1) {
      if (this.#missing > 0 && this.#named.size < MOST_NAMED) this.#named.add(tid);
      return;
    }
    // With two processes nobody can tell whose a thread is.
    const isOther = this.#leader !== 0 && this.#leader !== tid;
    this.#missing = isOther ? 0 : threads - 1;
    this.#leader = tid;
  }

  /** The process that a thread belongs to which has its first record now; 0 when nobody said. */
  leaderOf(tid: number): number {
    if (this.#missing === 0 || tid === this.#leader || this.#named.has(tid)) return 0;
    this.#missing--;
    return this.#leader;
  }
}
