import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  acceptors: metric.count('Event-loop workers that share the listener.'),
  count: metric.count('Requests that waited in one worker while another was idle.'),
  mostInOneGo: metric.count('Connections that a worker accepted in one go, at most.'),
  longestMs: metric.lengthMs('The longest time that a request stood behind others.'),
  requests: metric.list(
    metric.record({
      pid: metric.pid('The worker that had accepted it.'),
      request: metric.text('The request line.'),
      acceptedMs: metric.momentMs('When its connection was accepted.'),
      repliedMs: metric.momentMs('When it was answered, less the work of its own.'),
      behindMs: metric.lengthMs('How long it stood behind other requests of the worker.'),
      idle: metric.pid('The worker that was idle longest meanwhile.'),
      idleMs: metric.lengthMs('How long that one was idle.'),
    }),
    'Those that waited longest.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
