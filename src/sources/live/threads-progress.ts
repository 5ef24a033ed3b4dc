import { readThread, type ThreadProgress, threadsIn } from './process-facts.ts';
import { ThreadFiles } from './thread-files.ts';

/**
 * Which threads there are is asked again after so many looks, unless none of them ran: a new one is patiently looked at
 * for seconds anyhow.
 */
const LISTED_EVERY = 5;
/** Who sleeps must run before a tracer can stop it, and is read at every so manieth look. */
const ASLEEP_EVERY = 3;
const ASLEEP = 'S';

/** Then it is forgotten who has ended. */
const SWEPT_EVERY = 10_000;

interface Known {
  readonly slices: string;
  readonly progress: ThreadProgress;
  /** Looks since it was read. */
  looks: number;
}

interface Listed {
  readonly tids: readonly number[];
  looks: number;
  /** One of them ran since they were listed, or may have. */
  hasRun: boolean;
}

/**
 * How far the threads of processes are, for whoever looks a few times a second: one that was given no processor since
 * the last look is where it was, and of 200 processes that wait nothing else has to be read.
 */
export class ThreadsProgress {
  readonly #files = new ThreadFiles();
  readonly #known = new Map<number, Known>();
  #reads = 0;
  readonly #threads = new Map<number, Listed>();

  /** Reads the threads of a process, at most so many. */
  reader(): (pid: number, most: number) => readonly ThreadProgress[] {
    return (pid, most) => {
      const listed = this.#listed(pid, most);
      return listed.tids.flatMap((tid) => this.#progress(pid, tid, listed) ?? []);
    };
  }

  #listed(pid: number, most: number): Listed {
    const before = this.#threads.get(pid);
    if (before !== undefined && (before.looks++ < LISTED_EVERY || !before.hasRun)) return before;
    const tids = threadsIn(pid, most);
    const listed = { tids, looks: 1, hasRun: tids.length === 0 };
    if (tids.length === 0) this.#threads.delete(pid);
    else this.#threads.set(pid, listed);
    return listed;
  }

  #progress(pid: number, tid: number, listed: Listed): ThreadProgress | null {
    const known = this.#known.get(tid);
    if (known?.progress.state === ASLEEP && known.looks++ < ASLEEP_EVERY - 1) return known.progress;
    if (++this.#reads % SWEPT_EVERY === 0) this.#sweep();
    const slices = this.#files.schedstat(pid, tid);
    // On a kernel that does not tell each look reads all.
    if (known !== undefined && slices !== '' && known.slices === slices) {
      known.looks = 0;
      return known.progress;
    }
    listed.hasRun = true;
    const progress = readThread(pid, tid);
    if (progress === null) this.#known.delete(tid);
    else this.#known.set(tid, { slices, progress, looks: 0 });
    return progress;
  }

  #sweep(): void {
    this.#files.sweep();
    this.#known.clear();
    this.#threads.clear();
  }
}
