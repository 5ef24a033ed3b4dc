import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address.'),
  queues: metric.count('Sockets that listen on it, each with a queue of its own.'),
  count: metric.count('How often nobody accepted from a queue while another worker was free.'),
  connections: metric.count('Connections that waited there.'),
  longestMs: metric.lengthMs('The longest time that nobody accepted from such a queue.'),
  stranded: metric.list(
    metric.record({
      pid: metric.pid('The worker that did not look at its queue.'),
      startMs: metric.momentMs('From then on.'),
      endMs: metric.momentMs('Until then.'),
      connections: metric.count('Connections that had queued up.'),
      free: metric.list(metric.pid('A worker.'), 'Workers that were free meanwhile.'),
    }),
    'The last ones.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
