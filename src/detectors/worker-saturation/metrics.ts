import { metric, type ValuesOf } from '../metric.ts';
import { CAUSES } from '../stall-cause/cause.ts';

/** What its findings carry. */
export const metrics = {
  workers: metric.count(
    'Workers, or threads that serve one request at a time each; of those that are replaced, as many as live at once.',
  ),
  share: metric.share('The part of the time in which all of them were busy.'),
  totalMs: metric.lengthMs('That time.'),
  longestMs: metric.lengthMs('The longest stretch of it.'),
  meanRequestMs: metric.orNull(metric.lengthMs('Time of a request in long turns on average; null when none was read.')),
  served: metric.count('Requests in long turns.'),
  queueMs: metric.orNull(
    metric.lengthMs(
      'How long a client waited at most in the queue of the listener meanwhile; null where nothing tells.',
    ),
  ),
  waitMs: metric.orNull(
    metric.lengthMs(
      'How long a request that the server had taken waited at most for a thread of the pool; null where nothing tells.',
    ),
  ),
  stretches: metric.list(
    metric.record({
      startMs: metric.momentMs('From then on all were busy.'),
      endMs: metric.momentMs('Until then.'),
    }),
    'The longest ones.',
  ),
  busyIn: metric.list(
    metric.record({
      pid: metric.pid('A worker.'),
      cause: metric.oneOf(CAUSES, 'What it was in.'),
      call: metric.text('The call; empty for time outside calls.'),
      target: metric.text('What the call was made on; empty when the trace does not tell.'),
    }),
    'What each worker was in during the longest stretch.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
