import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  workers: metric.list(metric.pid('A process.'), 'Those that accept from it.'),
  count: metric.count('Times in which nobody looked at it.'),
  totalMs: metric.lengthMs('How long they lasted in all.'),
  longestMs: metric.lengthMs('The longest of them.'),
  stretchMs: metric.lengthMs('The longest that such times, with less than 100 ms between them, lasted.'),
  share: metric.share('Their part of the time.'),
  queued: metric.count('Connections that had come by the ends of those times, at least.'),
  connections: metric.count('Connections that were open when they began, at most, as far as the capture shows.'),
  request: metric.text('A request that was in progress at the end of most of them; empty for none.'),
  goesOn: metric.flag('The last of them had not ended when the capture did.'),
  pauses: metric.list(
    metric.record({
      startMs: metric.momentMs('When nobody looked any more.'),
      endMs: metric.momentMs('When somebody did again.'),
      queued: metric.count('Connections that had come by then, at least.'),
    }),
    'The longest of those times.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
