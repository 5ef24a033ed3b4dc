import type { Process } from '../../model/machine/process.ts';
import type { Model } from '../../model/model.ts';
import { futexesOf } from '../../model/topics/locks/futex-words.ts';
import type { Nanoseconds } from '../../trace/time.ts';

/** Time that requests of one process waited for its other threads in futexes. */
export interface UntoldWaits {
  readonly process: Process;
  readonly total: Nanoseconds;
  /** One of the requests; '' where none is known. */
  readonly request: string;
}

/** The first process whose requests waited that long, all together, whatever for; null where there is none. */
export function waitsForThreads(model: Model, least: Nanoseconds): UntoldWaits | null {
  for (const process of model.processes.all()) {
    const { inRequests = 0, request = '' } = futexesOf(process) ?? {};
    if (inRequests >= least) return { process, total: inRequests, request };
  }
  return null;
}
