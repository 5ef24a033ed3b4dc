import { plural } from '../../trace/format-numbers.ts';
import { coveredMs, type Effect, shareOf, stallsOf } from '../effect.ts';
import { listOf, numberOf } from '../read-metric.ts';

/** Connections that waited in the queue of a worker while it was in a stall. */
export const effect: Effect = {
  of: ['loop-stall'],
  share: ({ stranded }, cause) => {
    const stalls = stallsOf(cause);
    return shareOf(
      listOf(stranded),
      ({ pid, startMs, endMs }) => coveredMs(stalls, numberOf(pid), numberOf(startMs), numberOf(endMs)) > 0,
    );
  },
  inWords: ({ connections }) =>
    `${plural(numberOf(connections), 'connection')} waited for a stalled worker while others were free`,
};
