import { metric, type ValuesOf } from '../metric.ts';

/** Who had left when a write failed. */
const TARGETS = ['client', 'upstream', 'pipe', 'log', 'unknown'] as const;
/** Who had left when a write failed. */
export type Target = (typeof TARGETS)[number];

/** What its findings carry. */
export const metrics = {
  count: metric.count('Writes that failed because the other end had left.'),
  target: metric.oneOf(TARGETS, 'Who had left.'),
  requests: metric.count('Requests that were read in the capture.'),
  replies: metric.list(
    metric.record({
      pid: metric.pid('The worker that wrote.'),
      fd: metric.orNull(
        metric.descriptor('The descriptor that it wrote to; null when it is none that a process can have.'),
      ),
      errno: metric.text('EPIPE, ECONNRESET or ESHUTDOWN.'),
      signal: metric.text('The signal that came with it; empty when none was seen.'),
      target: metric.oneOf(TARGETS, 'Who had left.'),
      peer: metric.text('Address and port of the client, or what the descriptor is.'),
      request: metric.text('The request line; empty when it was not read in the capture.'),
      ageMs: metric.orNull(
        metric.lengthMs(
          'How old the request was: ownMs + waitingMs + behindMs. null without times, request, or if cut.',
        ),
      ),
      ageIsLowerBound: metric.flag('The connection was open before the capture began: the request may be older.'),
      ownMs: metric.orNull(metric.lengthMs('Time in which the worker worked on it.')),
      waitingMs: metric.orNull(metric.lengthMs('Time in which the worker waited in its loop.')),
      behindMs: metric.orNull(metric.lengthMs('Time in which the worker did other work.')),
      behind: metric.text('The request that kept the worker longest meanwhile; empty when none did for 10 ms.'),
      upstream: metric.orNull(
        metric.text('Another service that it waited for, for half of its life or longer; null when there is none.'),
      ),
      upstreamMs: metric.orNull(metric.lengthMs('How long it waited for that; null without times.')),
      atMs: metric.orNull(metric.momentMs('When the write failed; null without times.')),
      fatal: metric.flag('SIGPIPE ended the process.'),
      cut: metric.flag('The reply had begun well before: the client ended a stream or a download.'),
    }),
    'The first, and those that stood longest behind others.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
