import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Request } from './connections.ts';

/** The loop answers the request of a job that ended so lately. */
const SOON = 250 * MILLISECOND;
/** Jobs of a process of which the reply has not been seen, at most. */
const MOST_OPEN = 64;

/** What a thread did for the loop of its process. */
export interface DoneJob {
  readonly thread: object;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/**
 * For which requests the jobs of one process were that a loop handed to other threads: the loop reads a request before
 * its job begins, and answers it soon after that has ended, in the order in which jobs end. `told` is called once for
 * each job, with null where its request is not known, and for those of one thread in the order in which they ended.
 */
export class AnsweredJobs<Job extends DoneJob> {
  readonly #told: (job: Job, request: Request | null) => void;
  /** In the order in which they ended. */
  #open: Job[] = [];

  constructor(told: (job: Job, request: Request | null) => void) {
    this.#told = told;
  }

  ended(job: Job): void {
    if (this.#open.length === MOST_OPEN) this.#tellNameless(this.#open.splice(0, 1));
    this.#open.push(job);
  }

  /** The loop begins its reply to a request at that moment. */
  replied(request: Request, at: Nanoseconds): void {
    const { readAt } = request;
    if (this.#open.length === 0) return;
    const recent = this.#open.findIndex(({ end }) => end >= at - SOON);
    this.#tellNameless(this.#open.splice(0, recent < 0 ? this.#open.length : recent));
    const job = this.#open.find(({ start, end }) => readAt <= start && end <= at);
    if (job === undefined) return;
    const before = this.#open.slice(0, this.#open.indexOf(job)).filter(({ thread }) => thread === job.thread);
    this.#tellNameless(before);
    this.#open = this.#open.filter((each) => each !== job && !before.includes(each));
    this.#told(job, request);
  }

  /** These jobs are of the same process. */
  add(other: AnsweredJobs<Job>): void {
    const all = [...this.#open, ...other.#open.splice(0)].sort((a, b) => a.end - b.end);
    this.#tellNameless(all.splice(0, Math.max(0, all.length - MOST_OPEN)));
    this.#open = all;
  }

  /** Nobody answers any longer. */
  finish(): void {
    this.#tellNameless(this.#open.splice(0));
  }

  #tellNameless(jobs: readonly Job[]): void {
    for (const job of jobs) this.#told(job, null);
  }
}
