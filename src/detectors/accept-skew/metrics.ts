import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener.'),
  acceptors: metric.count('Threads that accept from it.'),
  connections: metric.count('Connections that they accepted.'),
  maxShare: metric.share('The share of the one that accepted most.'),
  gini: metric.share('Gini coefficient of the shares: 0 is equal, towards 1 one has all.'),
  favourite: metric.pid('The worker that accepted most.'),
  longestStreak: metric.count('Connections in a row that one thread accepted, at most.'),
  favouriteBusyPercent: metric.orNull(
    metric.percent('How much of its time the favourite was away from its wait; null without times.'),
  ),
  idlestBusyPercent: metric.orNull(metric.percent('The same of the least busy thread; null without times.')),
  shares: metric.list(metric.count('Connections of one thread.'), 'Connections by thread, most first.'),
};

export type Metrics = ValuesOf<typeof metrics>;
