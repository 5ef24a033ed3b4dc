import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('Addresses of the listeners of the service; empty when it has none.'),
  changes: metric.count('Calls of epoll_ctl.'),
  added: metric.count('Of these EPOLL_CTL_ADD.'),
  modified: metric.count('Of these EPOLL_CTL_MOD.'),
  removed: metric.count('Of these EPOLL_CTL_DEL.'),
  listenerToggles: metric.count('How often a listener was taken out of the set.'),
  requests: metric.count('Requests that were read.'),
  connections: metric.count('Connections that were accepted.'),
  perRequest: metric.orNull(metric.amount('Changes for each request; null without requests.')),
  togglesPerConnection: metric.orNull(
    metric.amount('Listeners taken out for each connection; null without connections.'),
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
