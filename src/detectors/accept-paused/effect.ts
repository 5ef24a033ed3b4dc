import { durationOfMs, percent } from '../../trace/format-numbers.ts';
import type { Effect } from '../effect.ts';
import { numberOf } from '../read-metric.ts';

/** Threads of a pool that were all busy: whoever hands connections to them stops accepting meanwhile. */
export const effect: Effect = {
  of: ['worker-saturation'],
  share: ({ workers }, { findings }) => {
    const own = Array.isArray(workers) ? workers : [];
    return findings.some((cause) => cause.workers.some((pid) => own.includes(pid))) ? 1 : 0;
  },
  inWords: ({ share, longestMs }) =>
    `nobody accepted ${percent(numberOf(share))} of the time, up to ${durationOfMs(numberOf(longestMs))}`,
};
