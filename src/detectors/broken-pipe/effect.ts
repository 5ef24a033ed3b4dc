import { plural } from '../../trace/format-numbers.ts';
import { type Causing, coveredMs, type Effect, STANDING_STILL, shareOf, stalledRequests, stallsOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** The cause must have taken so much of the life of a request. */
const LEAST_PART = 0.5;
/** What waited during a stall is written within that time after it. */
const SOON_MS = 100;

/** Replies that came too late because a stall, a wait or another service took most of the life of their requests. */
export const effect: Effect = {
  of: ['loop-stall', 'stuck-call', 'slow-dependency', ...STANDING_STILL],
  share: ({ replies, target }, cause) => {
    if (target !== 'client') return 0;
    const requests = stalledRequests(cause);
    const stalls = stallsOf(cause);
    const peers = peersOf(cause);
    const away = awayOf(cause);
    return shareOf(listOf(replies), (reply) => {
      if (reply.cut === true) return false;
      if (peers.has(textOf(reply.upstream)) || away.has(numberOf(reply.pid))) return true;
      const behind = textOf(reply.behind);
      const { ageMs, atMs } = reply;
      const isBehind = requests.has(behind);
      // Without times there is the name alone.
      if (typeof atMs !== 'number') return isBehind;
      const pid = numberOf(reply.pid);
      // Where nothing tells how old it is, it failed in the stall, or as the first thing after it.
      if (typeof ageMs !== 'number') return isBehind || coveredMs(stalls, pid, atMs - SOON_MS, atMs) > 0;
      const least = ageMs * LEAST_PART;
      if (isBehind && numberOf(reply.behindMs) >= least) return true;
      return ageMs > 0 && coveredMs(stalls, pid, atMs - ageMs, atMs) >= least;
    });
  },
  inWords: ({ count }) => `${plural(numberOf(count), 'reply', 'replies')} came too late`,
};

/** The services that a slow-dependency finding is about. */
export function peersOf({ kind, findings }: Causing): ReadonlySet<string> {
  if (kind !== 'slow-dependency') return new Set();
  return new Set(findings.flatMap(({ metrics }) => listOf(metrics.dependencies).map(({ peer }) => textOf(peer))));
}

/**
 * Processes whose first thread did not come back to its wait in the whole capture: each reply of theirs was late. Of a
 * thread in one call its `waitsFor` is told, and without times nobody knows when that call began.
 */
function awayOf({ kind, findings }: Causing): ReadonlySet<number> {
  if (kind !== 'stuck-call') return new Set();
  const threads = findings.flatMap(({ metrics }) => (metrics.isOver === true ? [] : listOf(metrics.threads)));
  const away = threads.filter(
    ({ pid, tid, sinceMs, forMs, waitsFor }) =>
      tid === pid && sinceMs === null && typeof forMs === 'number' && waitsFor === null,
  );
  return new Set(away.map(({ pid }) => numberOf(pid)));
}
