import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { bareName, namesOf, totalMsOf } from '../cause-names.ts';
import type { Effect } from '../effect.ts';
import { numberOf, textOf } from '../read-metric.ts';

/**
 * Loops that stood still because the C library looked a name up on them; and those that waited for what others waited
 * for much longer.
 */
export const effect: Effect = {
  of: ['blocking-dns', 'slow-dependency', 'lock-contention', 'disk-sync'],
  share: ({ cause, target, worker, allTotalMs }, causing) => {
    const { kind, findings } = causing;
    if (!findings.some(({ workers }) => workers.includes(numberOf(worker)))) return 0;
    if (kind === 'blocking-dns') {
      const isOnLoop = findings.some(
        ({ workers, metrics }) => metrics.place === 'loop' && workers.includes(numberOf(worker)),
      );
      return cause === 'dns' && isOnLoop ? 1 : 0;
    }
    const name = bareName(textOf(target));
    const total = totalMsOf(causing);
    if (name === '' || total === 0 || !namesOf(causing).has(name)) return 0;
    // Where the loop has most of these waits, they are its effect.
    return 1 - Math.min(1, numberOf(allTotalMs) / total);
  },
  inWords: ({ allCount, allTotalMs, longestMs }) =>
    numberOf(allCount) === 1
      ? `the event loop stood still for ${durationOfMs(numberOf(longestMs))}`
      : `the event loop stood still ${plural(numberOf(allCount), 'time')}, up to ` +
        `${durationOfMs(numberOf(longestMs))}, together ${durationOfMs(numberOf(allTotalMs))}`,
};
