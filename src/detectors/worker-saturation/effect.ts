import { durationOfMs, percent } from '../../trace/format-numbers.ts';
import { bareName, isForConnections, namesOf } from '../cause-names.ts';
import { type Effect, shareOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Where one of two workers waits for it, the other one is as much of a reason. */
const MORE_THAN_HALF = 0.51;

/** Workers that were all busy because most of them waited for the same service, lock, disk or name server. */
export const effect: Effect = {
  of: ['slow-dependency', 'lock-contention', 'disk-sync', 'blocking-dns'],
  least: MORE_THAN_HALF,
  share: ({ busyIn }, cause) => {
    const names = namesOf(cause);
    const hasPool = isForConnections(cause);
    return shareOf(
      listOf(busyIn),
      ({ call, target }) => names.has(bareName(textOf(target))) || (hasPool && textOf(call) === 'futex'),
    );
  },
  inWords: ({ share, longestMs, waitMs }) =>
    `no worker was free ${percent(numberOf(share))} of the time, up to ${durationOfMs(numberOf(longestMs))}` +
    (typeof waitMs === 'number' ? `; a request waited up to ${durationOfMs(waitMs)} for one` : ''),
};
