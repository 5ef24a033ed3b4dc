import { longestWaitsShape } from '../longest-waits.ts';
import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  lock: metric.text('The file or semaphore, or the address of the futex word.'),
  count: metric.count('Waits.'),
  totalMs: metric.lengthMs('Time of all waits.'),
  longestMs: metric.lengthMs('Time of the longest wait.'),
  waiters: metric.list(
    metric.record({
      pid: metric.pid('A process that waited.'),
      tid: metric.pid('Its thread.'),
      waits: metric.sometimes(metric.count('Its waits, for a lock that processes share.')),
      waitedMs: metric.lengthMs('Time of its waits.'),
    }),
    'Who waited, longest first.',
  ),
  longestWaits: metric.sometimes(longestWaitsShape),
  servingMs: metric.sometimes(metric.lengthMs('Waiting of threads that serve requests.')),
  asking: metric.sometimes(metric.count('Waits that asked again and again instead of sleeping in one call.')),
  refused: metric.sometimes(metric.count('Waits that ended without the lock.')),
  longestHeldMs: metric.sometimes(
    metric.orNull(metric.lengthMs('How long it was held at most while others waited; null when no holder is known.')),
  ),
  holders: metric.sometimes(
    metric.list(
      metric.record({
        pid: metric.pid('A process that had the lock while others waited.'),
        waits: metric.count('Waits for it.'),
        waitedMs: metric.lengthMs('Time of these waits.'),
      }),
      'Who had it, the one waited for longest first.',
    ),
  ),
  unknownHolder: metric.sometimes(metric.count('Waits for which the holder is not in the capture.')),
  requests: metric.sometimes(
    metric.list(
      metric.record({
        request: metric.text('A request line.'),
        waits: metric.count('Waits while it was served.'),
      }),
      'The requests that waited most often.',
    ),
  ),
  handOffs: metric.sometimes(metric.count('Wake-ups by threads that wait for the same word themselves.')),
  otherWakes: metric.sometimes(metric.count('Wake-ups by other threads.')),
  againShare: metric.sometimes(
    metric.orNull(
      metric.share(
        'The part of all futex waits of the process that found the word changed; null when they are too few.',
      ),
    ),
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
