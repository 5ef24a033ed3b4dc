import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  acceptors: metric.count('Processes that accept from the one socket.'),
  openedBy: metric.pid('The process that opened it; 0 when the capture has no pids.'),
  backlog: metric.orNull(metric.amount('What was asked for with listen(); null when the capture does not show it.')),
  server: metric.text('The server software where the trace names it, else empty.'),
};

export type Metrics = ValuesOf<typeof metrics>;
