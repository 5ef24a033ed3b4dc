import { metric, type ValuesOf } from '../metric.ts';

const session = {
  pid: metric.pid('Its process.'),
  tid: metric.count('Its thread.'),
  peer: metric.text('The address of its client; empty when the trace does not tell.'),
  query: metric.text('Its statement, or its last one, without values.'),
  sinceMs: metric.momentMs('Since when.'),
};

/** What its findings carry. */
export const metrics = {
  listener: metric.orNull(metric.text('The address of the listener; null when its accepts were not traced.')),
  protocol: metric.text('In which protocol, or in whose log, the server said it.'),
  code: metric.text('The code of the error; empty where the protocol has none.'),
  count: metric.count('Clients, requests, statements or commands that were refused, or failed so.'),
  accepted: metric.count(
    'Connections that were accepted on that listener; of requests, statements and commands those answered.',
  ),
  workers: metric.list(metric.pid('A process.'), 'Those that said so.'),
  firstMs: metric.orNull(metric.momentMs('The first refusal; null without times.')),
  lastMs: metric.orNull(metric.momentMs('The last refusal; null without times.')),
  requests: metric.list(
    metric.record({
      request: metric.text('A kind of request of HTTP: numbers in its path are `*`.'),
      count: metric.count('So many of them.'),
      others: metric.count('So many of that kind were answered otherwise since the first of them.'),
    }),
    'Those of which most were refused, or failed so; at most 3.',
  ),
  before: metric.list(
    metric.record({
      call: metric.text('A call that had failed in most of these requests, and in few of the others.'),
      errno: metric.text('Its error.'),
      target: metric.text('The address or file.'),
      count: metric.count('Before so many of them.'),
    }),
    'What these requests of HTTP have in common; at most 3.',
  ),
  passedOn: metric.list(
    metric.record({
      target: metric.text('The address of a service behind.'),
      count: metric.count('So many of these requests it had refused before in the same way.'),
    }),
    'Who refused these requests of HTTP, where this server only passed that on; at most 3.',
  ),
  waiting: metric.list(
    metric.record(session),
    'Sessions whose statement had no answer for a second, when most of them waited.',
  ),
  idleInTransaction: metric.list(
    metric.record(session),
    'Sessions that asked nothing in a transaction, at that moment.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
