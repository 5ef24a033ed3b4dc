import { DESCRIPTOR_GROUPS } from '../../model/machine/descriptor-groups.ts';
import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  group: metric.sometimes(metric.oneOf(DESCRIPTOR_GROUPS, 'The kind of descriptors that grew.')),
  growth: metric.sometimes(metric.count('How many more were open after the requests than before, in all workers.')),
  requests: metric.sometimes(metric.count('Requests of these workers meanwhile.')),
  perRequest: metric.sometimes(metric.amount('How many more for each request, in the worst worker.')),
  perMinute: metric.sometimes(
    metric.orNull(metric.amount('How many more a minute, in the worst worker; null when all came at one moment.')),
  ),
  workers: metric.sometimes(
    metric.list(
      metric.record({
        pid: metric.pid('A worker that leaks.'),
        before: metric.count('Open before the requests.'),
        after: metric.count('Open after them.'),
        requests: metric.count('Its requests meanwhile.'),
      }),
      'The workers that leak, the worst first.',
    ),
  ),
  names: metric.sometimes(
    metric.list(
      metric.record({
        name: metric.text('What the descriptors lead to.'),
        open: metric.count('How many of them were left open.'),
      }),
      'What was left open most in the worst worker.',
    ),
  ),
  openedWhile: metric.sometimes(
    metric.list(
      metric.record({
        request: metric.text('A request line.'),
        opened: metric.count('Descriptors opened while it was served and left open.'),
      }),
      'While which requests they were opened.',
    ),
  ),
  worker: metric.sometimes(metric.pid('The worker that keeps sockets open whose other end has closed.')),
  count: metric.sometimes(metric.count('Sockets whose other end has closed and that are kept open.')),
  clients: metric.sometimes(metric.count('Those of clients among them.')),
  oldestMs: metric.sometimes(metric.lengthMs('How long ago the other end of the oldest closed.')),
};

export type Metrics = ValuesOf<typeof metrics>;
