import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  count: metric.count('Calls that can wait, made by code that a collector or a finalizer called.'),
  totalMs: metric.lengthMs('Time of all of them.'),
  longestMs: metric.orNull(metric.lengthMs('Time of the longest; null when no durations were recorded.')),
  switching: metric.count('Calls on a socket of a process with greenlets, where another greenlet may run.'),
  gaveWay: metric.count('Those of them that could not go on, so that another one ran.'),
  inside: metric.oneOf(
    ['collector', 'finalizer'],
    'Inside a collection, or inside a finalizer that no collector called.',
  ),
  targets: metric.table(metric.count('Calls.'), 'Calls by what they were and what they were made on.'),
  calls: metric.list(
    metric.record({
      pid: metric.pid('The worker.'),
      call: metric.text('The call.'),
      target: metric.text('What it was made on; empty when the trace does not tell.'),
      atMs: metric.orNull(metric.momentMs('When it was made; null without times.')),
      durationMs: metric.orNull(metric.lengthMs('How long it took; null without durations.')),
      frame: metric.text('The frame of the stack that shows who called.'),
      inside: metric.oneOf(
        ['collector', 'nearby', 'finalizer'],
        'collector: its frame is on the stack; nearby: as far as one can tell without symbols; finalizer: no ' +
          'collector called it.',
      ),
    }),
    'The longest of them.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
