import { plural } from '../../trace/format-numbers.ts';
import { type Effect, shareOf, stallsOf } from '../effect.ts';
import { listOf, numberOf } from '../read-metric.ts';

/** A queue that filled up while those who should have emptied it were in a stall, or all busy. */
export const effect: Effect = {
  // What one of several workers waits for fills no queue: the others accept.
  of: ['loop-stall', 'worker-saturation'],
  share: ({ floods }, cause) => {
    const stalls = stallsOf(cause);
    return shareOf(listOf(floods), ({ fromMs, startMs }) =>
      stalls.some((stall) => stall.startMs < numberOf(startMs) && stall.endMs > numberOf(fromMs)),
    );
  },
  inWords: ({ count }) => `the queue of the listener was full ${plural(numberOf(count), 'time')}`,
};
