import { durationOfMs, percent } from '../../trace/format-numbers.ts';
import { totalMsOf } from '../cause-names.ts';
import type { Effect } from '../effect.ts';
import { numberOf } from '../read-metric.ts';

/**
 * Threads of a pool that were all busy: whoever hands connections to them stops accepting meanwhile. Or a service that
 * most of the open connections waited for, as long as nobody accepted: they kept the server at its limit.
 */
export const effect: Effect = {
  of: ['worker-saturation', 'slow-dependency'],
  share: ({ workers, connections, totalMs }, cause) => {
    const own = Array.isArray(workers) ? workers : [];
    if (!cause.findings.some(({ workers: theirs }) => theirs.some((pid) => own.includes(pid)))) return 0;
    if (cause.kind === 'worker-saturation') return 1;
    const open = numberOf(connections) * numberOf(totalMs);
    return open === 0 ? 0 : Math.min(1, totalMsOf(cause) / open);
  },
  inWords: ({ share, longestMs }) =>
    `nobody accepted ${percent(numberOf(share))} of the time, up to ${durationOfMs(numberOf(longestMs))}`,
};
