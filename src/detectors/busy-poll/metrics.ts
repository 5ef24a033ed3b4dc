import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  kind: metric.oneOf(
    ['stuck-readiness', 'empty-waits', 'yields', 'end-of-file'],
    'Something stays ready and nothing is done about it, the wait returns with nothing, it only yields, or it reads ' +
      'at the end of something again and again.',
  ),
  call: metric.text('The wait that does not wait.'),
  target: metric.text('What stays ready, in words; empty when the trace does not tell.'),
  sharePercent: metric.percent('The part of its time that the worst worker spun.'),
  rounds: metric.count('Rounds of the worst worker in which nothing got done.'),
  totalMs: metric.lengthMs('Time of these rounds.'),
  roundsPerSecond: metric.amount('Rounds a second while it spun.'),
  spinners: metric.list(
    metric.record({
      pid: metric.pid('A worker that spins.'),
      tid: metric.pid('Its thread.'),
      rounds: metric.count('Its rounds in which nothing got done.'),
      totalMs: metric.lengthMs('Time of these rounds.'),
      sharePercent: metric.percent('Their part of its time.'),
    }),
    'All that spin, the worst first.',
  ),
};

export type Metrics = ValuesOf<typeof metrics>;
