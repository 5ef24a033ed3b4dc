import { longestWaitsShape } from '../longest-waits.ts';
import { metric, type ValuesOf } from '../metric.ts';

/** Where lookups were made: on an event loop, on a worker that may wait, or on another thread. */
export const PLACES = ['loop', 'worker', 'pool'] as const;
export type Place = (typeof PLACES)[number];

/** What its findings carry. */
export const metrics = {
  place: metric.oneOf(PLACES, 'On an event loop, on a worker that may wait, or on another thread.'),
  count: metric.count('Name lookups for which a worker stood still.'),
  totalMs: metric.lengthMs('Time of all of them.'),
  longestMs: metric.lengthMs('Time of the longest.'),
  questions: metric.count('Questions sent to name servers.'),
  timeouts: metric.count('Tries that got no answer in time.'),
  noSuchName: metric.count('Answers that said there is no such name.'),
  failures: metric.count('Answers with another failure of the name server.'),
  searched: metric.count('Lookups that tried several names.'),
  overTcp: metric.count('Lookups that were made over TCP, or repeated so.'),
  unanswered: metric.count('Lookups that waited in vain: no name server answered.'),
  openAtEnd: metric.count('Lookups that had not ended when the capture did.'),
  perRequest: metric.orNull(
    metric.amount('Lookups for each request that these workers read; null when they read none.'),
  ),
  names: metric.list(
    metric.record({
      name: metric.text('The name that was looked up.'),
      count: metric.count('Its lookups.'),
      totalMs: metric.lengthMs('Time of its lookups.'),
      longestMs: metric.lengthMs('Time of its longest lookup.'),
    }),
    'The names that took most time.',
  ),
  longestWaits: longestWaitsShape,
  servers: metric.list(
    metric.record({
      server: metric.text('Address of a name server.'),
      lookups: metric.count('Lookups that asked it.'),
      timeouts: metric.count('Tries that it did not answer in time.'),
    }),
    'The name servers that were asked.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
