import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { bareName, waitedForConnections, waitedMs } from '../cause-names.ts';
import { type Effect, isSaidByCause } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/**
 * Waits for a lock that are those of threads that never came back, of a loop that stood still, or of threads for a free
 * connection of a pool.
 */
export const effect: Effect = {
  of: ['stuck-call', 'loop-stall', 'slow-dependency'],
  share: ({ lock, totalMs, waiters, handOffs }, cause) => {
    if (cause.kind === 'slow-dependency') {
      // Threads of one process: a lock of processes, or of a file, is no pool's.
      const pids = new Set(listOf(waiters).map(({ pid }) => numberOf(pid)));
      return handOffs === undefined ? 0 : waitedForConnections(pids, numberOf(totalMs), cause);
    }
    const waited = waitedMs(cause, new Set([bareName(textOf(lock))]));
    return numberOf(totalMs) === 0 ? 0 : Math.min(1, waited / numberOf(totalMs));
  },
  inWords: ({ waiters, totalMs, holders, handOffs }, share) => {
    if (handOffs !== undefined) {
      const threads = plural(listOf(waiters).length, 'thread');
      return `${threads} waited ${durationOfMs(numberOf(totalMs))} in all for each other`;
    }
    const [holder] = listOf(holders);
    if (holder === undefined && isSaidByCause(share)) return '';
    const held = holder === undefined ? '' : `, which process ${numberOf(holder.pid)} held`;
    return (
      `${plural(new Set(listOf(waiters).map(({ pid }) => pid)).size, 'process', 'processes')} waited ` +
      `${durationOfMs(numberOf(totalMs))} in all for the lock${held}`
    );
  },
};
