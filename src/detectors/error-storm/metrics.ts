import { metric, type ValuesOf } from '../metric.ts';

export const metrics = {
  storms: metric.list(
    metric.record({
      call: metric.text('The call that fails.'),
      errno: metric.orNull(metric.text('Its error, or `no answer`; null where a table does not name it.')),
      failed: metric.count('How often it failed so.'),
      total: metric.count('How often it was called, on this target where there is one.'),
      perSecond: metric.orNull(metric.amount('Failures a second, over the whole capture; null without times.')),
      target: metric.orNull(metric.text('The address or file; null for all of them.')),
    }),
    'Those that failed most first; at most 20.',
  ),
  failed: metric.count('All of them together.'),
};

export type Metrics = ValuesOf<typeof metrics>;
