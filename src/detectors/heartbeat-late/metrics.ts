import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  workers: metric.list(
    metric.record({
      pid: metric.pid('A worker whose heartbeat was late.'),
      heartbeats: metric.count('Heartbeats seen.'),
      longestMs: metric.lengthMs('The longest time without one.'),
      sinceMs: metric.momentMs('When that time began.'),
      aborted: metric.flag('The master sent it SIGABRT.'),
      open: metric.flag('That time had not ended when the capture did.'),
      abortedAfterMs: metric.orNull(metric.lengthMs('After so long a silence; null when it did not.')),
    }),
    'The workers that were late, the worst first.',
  ),
  count: metric.count('Workers that were late.'),
  aborted: metric.count('Workers that were sent SIGABRT.'),
  timeoutS: metric.orNull(metric.amount('Seconds of --timeout; null when they are not on the command line.')),
  shareOfTimeout: metric.amount('The longest silence as a part of the timeout, or of the default of 30 s.'),
};

export type Metrics = ValuesOf<typeof metrics>;
