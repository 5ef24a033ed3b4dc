import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  backlog: metric.count('What was asked for with listen().'),
  limit: metric.count('What the kernel makes of it.'),
  count: metric.count('How often the queue was full, or nearly full.'),
  most: metric.count('Connections that had queued up at once, at most.'),
  awayMs: metric.lengthMs('How long nobody had accepted before.'),
  floods: metric.list(
    metric.record({
      fromMs: metric.momentMs('From then on nobody accepted.'),
      startMs: metric.momentMs('When a worker came back to it.'),
      endMs: metric.momentMs('When it had taken the last.'),
      accepted: metric.count('Connections taken in one go.'),
    }),
    'The last times that it was full, or nearly full.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
