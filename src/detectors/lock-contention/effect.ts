import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { bareName, waitedMs } from '../cause-names.ts';
import type { Effect } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Waits for a lock that are those of threads that never came back. */
export const effect: Effect = {
  of: ['stuck-call'],
  share: ({ lock, totalMs }, cause) => {
    const waited = waitedMs(cause, new Set([bareName(textOf(lock))]));
    return numberOf(totalMs) === 0 ? 0 : Math.min(1, waited / numberOf(totalMs));
  },
  inWords: ({ waiters, totalMs }) =>
    `${plural(new Set(listOf(waiters).map(({ pid }) => pid)).size, 'process', 'processes')} waited ` +
    `${durationOfMs(numberOf(totalMs))} in all for the lock`,
};
