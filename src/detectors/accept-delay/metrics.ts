import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  connections: metric.count('Connections that were both established and accepted in the capture.'),
  p50Ms: metric.lengthMs('Half of the connections waited no longer to be accepted.'),
  p95Ms: metric.lengthMs('95 in 100 connections waited no longer to be accepted.'),
  maxMs: metric.lengthMs('The longest wait of a connection.'),
  count: metric.count('Connections whose client had left before they were accepted.'),
  deadOnArrival: metric.count('The same as `count`.'),
  dead: metric.list(
    metric.record({
      pid: metric.pid('The worker that accepted it.'),
      peer: metric.text('Address and port of the client; empty when the trace does not tell.'),
      waitedMs: metric.lengthMs('How long the connection had waited.'),
      atMs: metric.momentMs('When it was accepted.'),
    }),
    'The first connections whose client had left.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
