import { metric, type ValuesOf } from '../metric.ts';

export const metrics = {
  dependencies: metric.list(
    metric.record({
      peer: metric.text('Its address; `fd 3` where the capture does not tell it.'),
      protocol: metric.orNull(
        metric.text('What it speaks, as seen in the bytes or by convention of the port; null when not known.'),
      ),
      waits: metric.count('Waits of requests, and of the main work of a process.'),
      requests: metric.count('Requests that waited for it, also for a moment.'),
      longRequests: metric.count('Those of them that waited for 1 s or longer, all their waits together.'),
      totalMs: metric.lengthMs('Those waits together.'),
      p99Ms: metric.lengthMs('99 of 100 waits took no longer, within 9 %.'),
      longestMs: metric.lengthMs('The longest of them; at least, when it had not ended.'),
      longestOfRequestMs: metric.lengthMs('The longest time that one request waited for it, all its waits together.'),
      openAtEnd: metric.count('Waits of any kind that had not ended when the capture did.'),
      failures: metric.count('Failed connects, resets, ends without an answer, time limits that ran out.'),
      ranOut: metric.count('Time limits of poll or read that ran out.'),
      ranOutMs: metric.lengthMs('The time of those calls.'),
      failedReplies: metric.count(
        'Of a name server: clients that were told a failure: it was silent, could not be reached, or told one.',
      ),
      unanswered: metric.count('Of a name server: clients without a reply that still wait for it.'),
      queued: metric.count('Requests that waited until a connection was free, for 100 ms or longer.'),
      longestQueuedMs: metric.lengthMs('The longest of those waits.'),
      connections: metric.orNull(
        metric.count(
          'How many connections the process of that wait had; null where nobody waited, or it is not known.',
        ),
      ),
    }),
    'Those with the longest wait first; at most 20.',
  ),
  query: metric.text('What was asked in the longest wait, values masked; empty when the capture does not tell.'),
};

export type Metrics = ValuesOf<typeof metrics>;
