import { durationOfMs } from '../../trace/format-numbers.ts';
import type { Effect } from '../effect.ts';
import { numberOf } from '../read-metric.ts';

/** Waits for the interpreter lock that a stall of the loop is made of. */
export const effect: Effect = {
  of: ['loop-stall'],
  share: ({ worker, totalMs }, { findings }) => {
    const own = findings.filter(({ metrics }) => metrics.worker === worker && metrics.cause === 'gil-wait');
    const waited = own.reduce((sum, { metrics }) => sum + numberOf(metrics.totalMs), 0);
    return numberOf(totalMs) === 0 ? 0 : Math.min(1, waited / numberOf(totalMs));
  },
  inWords: ({ worstMsPerSecond }) =>
    `its loop waited up to ${durationOfMs(numberOf(worstMsPerSecond))} a second for the interpreter lock`,
};
