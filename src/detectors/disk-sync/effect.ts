import { durationOfMs } from '../../trace/format-numbers.ts';
import { bareName, waitedMs } from '../cause-names.ts';
import { type Effect, isSaidByCause } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Waits for the disk that are those of threads that never came back, or of a loop that stood still. */
export const effect: Effect = {
  of: ['stuck-call', 'loop-stall'],
  share: ({ files, totalMs }, cause) => {
    const waited = waitedMs(cause, new Set(listOf(files).map(({ path }) => bareName(textOf(path)))));
    return numberOf(totalMs) === 0 ? 0 : Math.min(1, waited / numberOf(totalMs));
  },
  inWords: ({ worker, totalMs }, share) =>
    isSaidByCause(share)
      ? ''
      : `worker ${numberOf(worker)} waited ${durationOfMs(numberOf(totalMs))} in all for the disk`,
};
