import { isStoppedUnder } from './held.ts';
import { readProcess, type ThreadProgress } from './process-facts.ts';
import { ThreadsProgress } from './threads-progress.ts';

/** A thread in a tracer's stop that gets on with fewer calls than this a second all but stops. */
const LEAST_CALLS_PER_SECOND = 10;
/** Entry and exit of a call are a stop each. */
const SWITCHES_PER_CALL = 2;
const PATIENCE_MS = 3_000;
/** Threads that are looked at, all processes together. */
const MOST_THREADS = 512;

/** A worker that its tracer keeps from running. */
interface StalledThread {
  readonly pid: number;
  readonly tid: number;
  readonly forMs: number;
}

interface Stop {
  readonly since: number;
  readonly switches: number;
  /** A signal stopped it: its tracer has nothing to do with that. */
  readonly isSignal: boolean;
}

/**
 * Finds traced threads that stand still: at every look in the stop of a tracer, and hardly a call between looks. A
 * waiting thread sleeps and a computing one runs, so neither is mistaken for one; nor is one that a signal stopped.
 */
export class StallWatch {
  readonly #stopped = new Map<number, Stop>();
  readonly #read: (pid: number, most: number) => readonly ThreadProgress[];

  readonly #isStopped: (pid: number) => boolean;

  /** `isStopped`: whether a process that stands still in the stop of its tracer does so for a signal. */
  constructor(
    read: (pid: number, most: number) => readonly ThreadProgress[] = new ThreadsProgress().reader(),
    isStopped: (pid: number) => boolean = (pid) => isStoppedUnder('/proc', readProcess(pid)?.tracer ?? 0),
  ) {
    this.#read = read;
    this.#isStopped = isStopped;
  }

  /** Looks at all of them; to be called a few times a second. `now` are milliseconds that only grow. */
  look(pids: readonly number[], now: number): StalledThread | null {
    const share = Math.max(1, Math.floor(MOST_THREADS / Math.max(1, pids.length)));
    for (const pid of pids) {
      for (const { tid, state, switches } of this.#read(pid, share)) {
        const stop = this.#stopped.get(tid);
        if (state !== 't') {
          this.#stopped.delete(tid);
        } else if (stop === undefined || (stop.isSignal && stop.switches !== switches)) {
          this.#stopped.set(tid, { since: now, switches, isSignal: false });
        } else if (!stop.isSignal) {
          const forMs = now - stop.since;
          const most = Math.max(1, (forMs / 1_000) * LEAST_CALLS_PER_SECOND * SWITCHES_PER_CALL);
          if (switches - stop.switches > most) this.#stopped.set(tid, { since: now, switches, isSignal: false });
          else if (switches === stop.switches && this.#isStopped(pid))
            this.#stopped.set(tid, { ...stop, isSignal: true });
          else if (forMs >= PATIENCE_MS) return { pid, tid, forMs };
        }
      }
    }
    return null;
  }
}
