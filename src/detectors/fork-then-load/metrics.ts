import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  workers: metric.list(
    metric.record({
      pid: metric.pid('A worker that loaded the application.'),
      modules: metric.count('Modules that it opened between its fork and its first accept.'),
      loadMs: metric.orNull(metric.lengthMs('How long that took; null without times.')),
      privateBytes: metric.orNull(
        metric.count('Memory of its own that it asked for meanwhile; null when no such call is in the capture.'),
      ),
      startMs: metric.orNull(metric.momentMs('When it began to load; null without times.')),
    }),
    'The first workers that did so.',
  ),
  sharedModules: metric.count('Modules that all of them loaded.'),
  savedBytes: metric.orNull(
    metric.amount(
      'What would be shared if it was loaded before the fork, less what is written to later; null when it is unknown.',
    ),
  ),
  count: metric.count('Workers that loaded the application after their fork.'),
  mostAlive: metric.count('How many of them lived at the same time, at most.'),
  replaced: metric.count('How many of them replaced one that had ended.'),
  loadMs: metric.orNull(metric.lengthMs('How long loading took on average; null without times.')),
  parent: metric.orNull(metric.pid('The process that forked them; null when it is not in the trace.')),
  parentModules: metric.orNull(metric.count('Modules that it had opened before; null when it was not traced then.')),
};

export type Metrics = ValuesOf<typeof metrics>;
