import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  holder: metric.orNull(
    metric.record(
      {
        pid: metric.pid('Its process.'),
        tid: metric.count('Its thread.'),
        peer: metric.text('The address of its client; empty when the trace does not tell.'),
        query: metric.text('Its last statement before, without values; empty when the trace does not tell.'),
        idleMs: metric.lengthMs('How long it then asked nothing.'),
        isSeen: metric.flag('It was seen to let the others go on; else it is only the one session that fits.'),
      },
      'The session that held the lock; null where nobody knows.',
    ),
  ),
  count: metric.count('Statements that waited.'),
  totalMs: metric.lengthMs('Their waiting, all together.'),
  longestMs: metric.lengthMs('The longest of these waits.'),
  isOver: metric.flag('All of them went on before the capture ended.'),
  waits: metric.list(
    metric.record({
      pid: metric.pid('The process of the session that waited.'),
      tid: metric.count('Its thread.'),
      query: metric.text('What it asked for, without values.'),
      startMs: metric.momentMs('When it began to wait.'),
      endMs: metric.momentMs('When it was woken, or the capture ended.'),
    }),
    'The longest ones.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
