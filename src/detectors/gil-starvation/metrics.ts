import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  worker: metric.pid('The worker.'),
  count: metric.count('Slices of about 5 ms that the loop waited for the interpreter lock.'),
  totalMs: metric.lengthMs('Time of all of them.'),
  worstMsPerSecond: metric.lengthMs('Waiting within one second of the clock, at most.'),
  worstSecondMs: metric.momentMs('When that second began.'),
  share: metric.share('The part of the time between the first and the last of these waits.'),
  threads: metric.count('Threads of the process in the trace.'),
};

export type Metrics = ValuesOf<typeof metrics>;
