import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import type { Effect } from '../effect.ts';
import { numberOf } from '../read-metric.ts';

/** Loops that stood still because the C library looked a name up on them. */
export const effect: Effect = {
  of: ['blocking-dns'],
  share: ({ cause, worker }, { findings }) =>
    cause === 'dns' &&
    findings.some(({ workers, metrics }) => metrics.place === 'loop' && workers.includes(numberOf(worker)))
      ? 1
      : 0,
  inWords: ({ allCount, allTotalMs, longestMs }) =>
    `the event loop stood still ${plural(numberOf(allCount), 'time')}, up to ${durationOfMs(numberOf(longestMs))}, ` +
    `together ${durationOfMs(numberOf(allTotalMs))}`,
};
