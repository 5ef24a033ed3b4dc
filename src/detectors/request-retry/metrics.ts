import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  count: metric.count('Requests that came again.'),
  retries: metric.list(
    metric.record({
      request: metric.text('The request line.'),
      pid: metric.pid('The worker that read it again.'),
      firstAtMs: metric.momentMs('When the first attempt began.'),
      againAtMs: metric.momentMs('When it came again.'),
      sure: metric.flag(
        'No other request of that line was to be expected then, and the client is known to be the same.',
      ),
    }),
    'The first of them.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
