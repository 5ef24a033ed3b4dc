import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  count: metric.count('Requests that waited while modules were imported.'),
  totalMs: metric.orNull(metric.lengthMs('Time of these imports; null without times.')),
  longestMs: metric.orNull(metric.lengthMs('Time of the longest; null without times.')),
  requests: metric.list(
    metric.record({
      pid: metric.pid('The worker.'),
      request: metric.text('The request line.'),
      modules: metric.count('Modules that were opened.'),
      importMs: metric.orNull(metric.lengthMs('How long that took at least; null without times.')),
      correctedMs: metric.orNull(metric.lengthMs('The same without what the tracer added; null without times.')),
      atMs: metric.orNull(metric.momentMs('When the first module was opened; null without times.')),
      packages: metric.list(metric.text('A package.'), 'The packages of these modules.'),
      first: metric.flag('The first request that this worker was seen to serve.'),
    }),
    'Those that imported longest.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
