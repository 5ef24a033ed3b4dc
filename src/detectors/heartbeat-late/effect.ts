import { plural } from '../../trace/format-numbers.ts';
import { coveredMs, type Effect, STANDING_STILL, shareOf, stallsOf } from '../effect.ts';
import { listOf, numberOf } from '../read-metric.ts';

/** Workers that gave no sign of life because they were in a stall. */
export const effect: Effect = {
  of: ['loop-stall', ...STANDING_STILL],
  share: ({ workers }, cause) => {
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
