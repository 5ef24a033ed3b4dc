import { metric, type ValuesOf } from '../metric.ts';

export const metrics = {
  deaths: metric.list(
    metric.record({
      pid: metric.pid('The process that ended.'),
      atMs: metric.orNull(metric.momentMs('When; null without times.')),
      signal: metric.orNull(metric.text('The signal that killed it; null when it exited by itself.')),
      status: metric.orNull(metric.amount('Its exit status; null when a signal killed it.')),
      assumed: metric.flag('No line tells its end: the signal is the last that the capture has of it.'),
      coreDumped: metric.flag('The kernel wrote a core dump.'),
      killedBy: metric.orNull(metric.pid('Who sent the signal; null when the trace does not tell.')),
      lastCall: metric.orNull(
        metric.text('The last call of the thread that ended, or that one of its threads hung in.'),
      ),
      lastCallMs: metric.orNull(
        metric.lengthMs('How long it had not come back from that call, from stuck-ms on; null when it had not waited.'),
      ),
      printed: metric.orNull(
        metric.record(
          {
            lines: metric.list(
              metric.text('As the process wrote it, masked like any line of a capture.'),
              'The first and the last lines of its last failure, at most 8.',
            ),
            error: metric.orNull(metric.text('Which of the lines names the error; null when none does.')),
            leftOut: metric.amount('Lines between the first and the last ones.'),
          },
          'What it printed of its failure, before it ended; null when the capture shows nothing of that kind.',
        ),
      ),
      replacedBy: metric.orNull(metric.pid('The process that its parent started next.')),
    }),
    'In order of time; at most 50.',
  ),
  count: metric.count('How many processes ended so.'),
};

export type Metrics = ValuesOf<typeof metrics>;
