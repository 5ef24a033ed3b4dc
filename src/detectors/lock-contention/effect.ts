import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { bareName, waitedMs } from '../cause-names.ts';
import type { Effect } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Waits for a lock that are those of threads that never came back, or of a loop that stood still. */
export const effect: Effect = {
  of: ['stuck-call', 'loop-stall'],
  share: ({ lock, totalMs }, cause) => {
    const waited = waitedMs(cause, new Set([bareName(textOf(lock))]));
    return numberOf(totalMs) === 0 ? 0 : Math.min(1, waited / numberOf(totalMs));
  },
  inWords: ({ waiters, totalMs, holders }) => {
    const [holder] = listOf(holders);
    const held = holder === undefined ? '' : `, which process ${numberOf(holder.pid)} held`;
    return (
      `${plural(new Set(listOf(waiters).map(({ pid }) => pid)).size, 'process', 'processes')} waited ` +
      `${durationOfMs(numberOf(totalMs))} in all for the lock${held}`
    );
  },
};
