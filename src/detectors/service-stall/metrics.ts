import { framesShape } from '../code-line.ts';
import { metric, type ValuesOf } from '../metric.ts';
import { CAUSES } from '../stall-cause/cause.ts';

/** What its findings carry. */
export const metrics = {
  cause: metric.oneOf(['busy-loops', 'no-worker'], 'All loops were away, or no worker lived.'),
  workers: metric.count('Workers of the service; where none lived, those that came then.'),
  blocked: metric.count('How many of them were away from their loops at once: all; 0 where none lived.'),
  count: metric.count('How often that happened.'),
  totalMs: metric.lengthMs('Time in which no worker could accept.'),
  longestMs: metric.lengthMs('The longest such time.'),
  busyPercent: metric.percent('The part of the turns in question that was outside calls: computing at most.'),
  waited: metric.sometimes(metric.count('Connections that had queued up when the next workers came, at least.')),
  stalls: metric.list(
    metric.record({
      startMs: metric.momentMs('From then on no worker could accept.'),
      endMs: metric.momentMs('Until then.'),
      blockedIn: metric.list(
        metric.record({
          pid: metric.pid('A worker.'),
          cause: metric.oneOf(CAUSES, 'What its loop was in.'),
          call: metric.text('The call; empty for time outside calls.'),
          target: metric.text('What the call was made on; empty when the trace does not tell.'),
          frames: framesShape,
        }),
        'What each worker was in.',
      ),
    }),
    'The longest ones.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
