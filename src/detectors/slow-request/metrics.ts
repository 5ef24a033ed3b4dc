import { metric, type ValuesOf } from '../metric.ts';
import { CAUSES } from '../stall-cause/cause.ts';

/** What its findings carry. */
export const metrics = {
  request: metric.text('The request that took longest.'),
  worker: metric.pid('The worker that served it.'),
  cause: metric.oneOf(CAUSES, 'What the worker was in for most of that time.'),
  call: metric.text('The call that took most of it; empty when it was no call.'),
  callMs: metric.lengthMs('Time of the longest such call.'),
  target: metric.text('What that call waited for; empty when the capture does not tell.'),
  count: metric.count('Requests that took `client-timeout-ms` or more in this way.'),
  totalMs: metric.lengthMs('Time of all of them, each until its reply began.'),
  longestMs: metric.lengthMs('Time of the longest.'),
  slowest: metric.list(
    metric.record({
      pid: metric.pid('The worker.'),
      request: metric.text('The request line.'),
      startMs: metric.momentMs('When it had been read.'),
      endMs: metric.momentMs('When its reply began, or where the capture ended.'),
      tookMs: metric.lengthMs('The time between.'),
      open: metric.flag('It had no reply when the capture ended.'),
    }),
    'The requests that took longest, the longest first.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
