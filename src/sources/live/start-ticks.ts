import { readStartTicks } from './process-facts.ts';
import { ThreadFiles } from './thread-files.ts';

/** Days of workers that come and go. */
const MOST_KNOWN = 4_096;

/**
 * When processes started, for whoever asks again and again whether each of them is still the one of that number: a file
 * of it that stays open tells that for a fifth of the time.
 */
export class StartTicks {
  readonly #files = new ThreadFiles();
  #known = new Map<number, number>();

  /** Clock ticks since boot; 0 when there is no process of that number. */
  of(pid: number): number {
    const known = this.#known.get(pid);
    if (known !== undefined && this.#files.isStill(pid)) return known;
    // Opened before it is asked: the number may be given to another process in between.
    const isTold = this.#files.schedstat(pid, pid) !== '';
    const ticks = readStartTicks(pid);
    if (isTold && this.#files.isStill(pid)) this.#known.set(pid, ticks);
    else this.#known.delete(pid);
    return ticks;
  }

  /** Closes the files of processes that nobody asked about since the last time. */
  sweep(): void {
    this.#files.sweep();
    if (this.#known.size > MOST_KNOWN) this.#known = new Map();
  }
}
