import { plural } from '../../trace/format-numbers.ts';
import { peersOf } from '../broken-pipe/effect.ts';
import { coveredMs, type Effect, STANDING_STILL, shareOf, stallsOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

const LEAST_PART = 0.5;

/** Clients that left while a stall, or another service, took most of the time that they had waited. */
export const effect: Effect = {
  of: ['loop-stall', 'slow-dependency', ...STANDING_STILL],
  share: ({ requests }, cause) => {
    const stalls = stallsOf(cause);
    const peers = peersOf(cause);
    return shareOf(listOf(requests), ({ pid, ageMs, hungUpMs, upstream, upstreamMs }) => {
      if (typeof ageMs !== 'number' || typeof hungUpMs !== 'number' || ageMs <= 0) return false;
      const least = ageMs * LEAST_PART;
      if (peers.has(textOf(upstream)) && numberOf(upstreamMs) >= least) return true;
      return coveredMs(stalls, numberOf(pid), hungUpMs - ageMs, hungUpMs) >= least;
    });
  },
  inWords: ({ count }) => `${plural(numberOf(count), 'client')} hung up before the reply`,
};
