import { plural } from '../../trace/format-numbers.ts';
import { type Causing, coveredMs, type Effect, STANDING_STILL, shareOf, stallsOf } from '../effect.ts';
import { listOf, numberOf } from '../read-metric.ts';

/** Workers that gave no sign of life because they were in a stall, or had not come back from a call. */
export const effect: Effect = {
  of: ['loop-stall', ...STANDING_STILL, 'stuck-call'],
  share: ({ workers }, cause) => {
    if (cause.kind === 'stuck-call')
      return shareOf(
        listOf(workers),
        ({ pid, open, longestMs }) => open === true && stuckMs(cause, numberOf(pid)) * 2 >= numberOf(longestMs),
      );
    const stalls = stallsOf(cause);
    return shareOf(listOf(workers), ({ pid, sinceMs, longestMs }) => {
      const from = numberOf(sinceMs);
      return coveredMs(stalls, numberOf(pid), from, from + numberOf(longestMs)) * 2 >= numberOf(longestMs);
    });
  },
  inWords: ({ count, aborted }) =>
    numberOf(aborted) > 0
      ? `${plural(numberOf(aborted), 'worker was', 'workers were')} killed by the master for a late heartbeat`
      : `${plural(numberOf(count), 'heartbeat was', 'heartbeats were')} late`,
};

/** For how long that worker had been stuck when the capture ended, in milliseconds. */
function stuckMs({ findings }: Causing, pid: number): number {
  return findings.reduce(
    (most, { metrics }) =>
      metrics.isOver === true
        ? most
        : listOf(metrics.threads).reduce(
            (own, thread) => (thread.pid === pid ? Math.max(own, numberOf(thread.forMs)) : own),
            most,
          ),
    0,
  );
}
