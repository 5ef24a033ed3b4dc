import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import type { Request } from '../../machine/connections.ts';
import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';

/** The loop answers the request of a job that has ended so soon. */
const SOON = 100 * MILLISECOND;
/** Jobs of a process of which the reply has not been seen, at most. */
const MOST_OPEN = 64;

/** A job that a thread did for the loop of its process, and what there is to tell of it. */
export interface HandJob {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** Called once, with the request that it was for; null where that is not known. */
  readonly told: (request: Request | null) => void;
}

const jobs = new PerProcess<HandJob[]>();

/**
 * For which requests the jobs were that a loop handed to threads of its process: the loop reads the request before the
 * job begins, and answers it soon after the job has ended.
 */
export class HandJobs {
  readonly #open = new Set<Process>();

  ended(process: Process, job: HandJob): void {
    const own = jobs.of(process) ?? jobs.set(process, []);
    this.#open.add(process);
    if (own.length === MOST_OPEN) own.shift()?.told(null);
    own.push(job);
  }

  replied(process: Process, request: Request, at: Nanoseconds): void {
    const own = jobs.of(process);
    if (own === undefined || own.length === 0) return;
    while (own.length > 0 && (own[0] as HandJob).end < at - SOON) own.shift()?.told(null);
    const place = own.findIndex(({ start, end }) => request.readAt <= start && end <= at);
    if (place >= 0) for (const job of own.splice(place, 1)) job.told(request);
  }

  /** Nothing follows: who had asked for the others is not known. */
  finish(): void {
    for (const process of this.#open) for (const job of jobs.of(process)?.splice(0) ?? []) job.told(null);
    this.#open.clear();
  }
}
