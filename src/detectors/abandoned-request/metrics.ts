import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  count: metric.count('Requests whose client hung up before the first byte of the reply.'),
  requests: metric.list(
    metric.record({
      pid: metric.pid('The worker that had the request.'),
      fd: metric.orNull(
        metric.descriptor('The descriptor of its connection; null when it is none that a process can have.'),
      ),
      peer: metric.text('Address and port of the client; empty when the trace does not tell.'),
      request: metric.text('The request line.'),
      ageMs: metric.orNull(metric.lengthMs('How old the request was when the client hung up; null without times.')),
      hungUpMs: metric.orNull(metric.momentMs('When the client hung up; null without times.')),
      upstream: metric.orNull(metric.text('The service that it waited for longest; null when there is none.')),
      upstreamMs: metric.orNull(metric.lengthMs('How long it waited for that; null without times.')),
      answered: metric.flag('A reply was written all the same.'),
    }),
    'The first of them.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
