import { readThread, type ThreadProgress, threadsIn } from './process-facts.ts';
import { ThreadFiles } from './thread-files.ts';

/** Which threads there are is asked again after so many looks: a new one is patiently looked at for seconds anyhow. */
const LISTED_EVERY = 5;

/** Then it is forgotten who has ended. */
const SWEPT_EVERY = 10_000;

interface Known {
  readonly slices: string;
  readonly progress: ThreadProgress;
}

/**
 * How far the threads of processes are, for whoever looks a few times a second: one that was given no processor since
 * the last look is where it was, and of 200 processes that wait nothing else has to be read.
 */
export class ThreadsProgress {
  readonly #files = new ThreadFiles();
  readonly #known = new Map<number, Known>();
  #reads = 0;
  readonly #threads = new Map<number, { readonly tids: readonly number[]; looks: number }>();

  /** Reads the threads of a process, at most so many. */
  reader(): (pid: number, most: number) => readonly ThreadProgress[] {
    return (pid, most) => this.#tids(pid, most).flatMap((tid) => this.#progress(pid, tid) ?? []);
  }

  #tids(pid: number, most: number): readonly number[] {
    const listed = this.#threads.get(pid);
    if (listed !== undefined && listed.tids.length > 0 && listed.looks++ < LISTED_EVERY) return listed.tids;
    const tids = threadsIn(pid, most);
    if (tids.length === 0) this.#threads.delete(pid);
    else this.#threads.set(pid, { tids, looks: 1 });
    return tids;
  }

  #progress(pid: number, tid: number): ThreadProgress | null {
    if (++this.#reads % SWEPT_EVERY === 0) this.#sweep();
    const slices = this.#files.schedstat(pid, tid);
    const known = this.#known.get(tid);
    // On a kernel that does not tell each look reads all.
    if (known !== undefined && slices !== '' && known.slices === slices) return known.progress;
    const progress = readThread(pid, tid);
    if (progress === null) this.#known.delete(tid);
    else this.#known.set(tid, { slices, progress });
    return progress;
  }

  #sweep(): void {
    this.#files.sweep();
    this.#known.clear();
    this.#threads.clear();
  }
}
