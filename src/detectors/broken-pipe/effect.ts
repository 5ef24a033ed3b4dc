import { plural } from '../../trace/format-numbers.ts';
import { type Causing, coveredMs, type Effect, STANDING_STILL, shareOf, stalledRequests, stallsOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** The cause must have taken so much of the life of a request. */
const LEAST_PART = 0.5;

/** Replies that came too late because a stall, a wait or another service took most of the life of their requests. */
export const effect: Effect = {
  of: ['loop-stall', 'slow-dependency', ...STANDING_STILL],
  share: ({ replies, target }, cause) => {
    if (target !== 'client') return 0;
    const requests = stalledRequests(cause);
    const stalls = stallsOf(cause);
    const peers = peersOf(cause);
    return shareOf(listOf(replies), (reply) => {
      if (reply.cut === true) return false;
      if (peers.has(textOf(reply.upstream))) return true;
      const behind = textOf(reply.behind);
      // Without times there is the name alone.
      if (typeof reply.ageMs !== 'number' || typeof reply.atMs !== 'number') return requests.has(behind);
      const least = reply.ageMs * LEAST_PART;
      if (behind !== '' && requests.has(behind) && numberOf(reply.behindMs) >= least) return true;
      return reply.ageMs > 0 && coveredMs(stalls, numberOf(reply.pid), reply.atMs - reply.ageMs, reply.atMs) >= least;
    });
  },
  inWords: ({ count }) => `${plural(numberOf(count), 'reply', 'replies')} came too late`,
};

/** The services that a slow-dependency finding is about. */
export function peersOf({ kind, findings }: Causing): ReadonlySet<string> {
  if (kind !== 'slow-dependency') return new Set();
  return new Set(findings.flatMap(({ metrics }) => listOf(metrics.dependencies).map(({ peer }) => textOf(peer))));
}
