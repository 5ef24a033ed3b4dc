import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  count: metric.count('Accepts that failed.'),
  errors: metric.table(metric.count('Accepts that failed with it.'), 'Failed accepts by errno.'),
  dropped: metric.count('Connections that were accepted after that and closed unread.'),
  firstMs: metric.orNull(metric.momentMs('The first failure; null without times.')),
  lastMs: metric.orNull(metric.momentMs('The last failure; null without times.')),
  openDescriptors: metric.table(
    metric.count('Open descriptors of that kind.'),
    'What the worker held open at its first failure, by kind.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
