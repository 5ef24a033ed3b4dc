import { longestWaitsShape } from '../longest-waits.ts';
import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  worker: metric.pid('The worker.'),
  thread: metric.pid('The thread that waited.'),
  onLoop: metric.flag('It is an event loop: all requests of the worker waited as well.'),
  count: metric.count('Syncs.'),
  totalMs: metric.lengthMs('Time of all of them.'),
  longestMs: metric.lengthMs('Time of the longest.'),
  p95Ms: metric.lengthMs('95 in 100 took no longer.'),
  mostPerSecond: metric.count('Syncs that began within one second of the clock, at most.'),
  worstMsPerSecond: metric.lengthMs('Time of the syncs that began within one second of the clock, at most.'),
  longestTogetherMs: metric.lengthMs('Time of the syncs within one turn of the loop, or one request, at most.'),
  files: metric.list(
    metric.record({
      path: metric.text('The file.'),
      count: metric.count('Its syncs.'),
      totalMs: metric.lengthMs('Time of its syncs.'),
      longestMs: metric.lengthMs('Time of its longest sync.'),
    }),
    'The files that took most time.',
  ),
  longestWaits: longestWaitsShape,
  requests: metric.list(
    metric.record({
      request: metric.text('A request line.'),
      syncs: metric.count('Syncs while it was served.'),
    }),
    'The requests that were being served, those with most time in syncs first.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
