import { type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { NameLookup } from '../../model/topics/names/name-lookup.ts';
import { NameLookups } from '../../model/topics/names/name-lookups.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { absent, type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { RECORDING, sentenceWithout } from '../need.ts';
import { callsOf } from '../recorded.ts';
import { dnsFinding } from './finding.ts';
import { LookupTally } from './lookup-tally.ts';
import { type Metrics, metrics, PLACES, type Place } from './metrics.ts';

/** Workers that end and are replaced must not add up. */
const MOST_THREADS = 500;

export const blockingDns = defineDetector({
  kind: 'blocking-dns',
  title: 'Name lookups stop the worker that makes them',
  needs: [],
  thresholds: {
    'dns-ms': { default: 100, unit: 'ms', meaning: 'A name lookup that holds a loop for this long is a warning.' },
    'dns-critical-ms': {
      default: 1000,
      unit: 'ms',
      meaning:
        'A name lookup of this length is critical on a loop, and a warning on a sync worker, which may ' + 'wait.',
    },
    'dns-pool-ms': {
      default: 4000,
      unit: 'ms',
      meaning:
        'A name lookup on a thread beside the loop is a warning from here on, or when no name server ' + 'answered it.',
    },
  },
  trackers: [NameLookups],
  metrics,
  create(context) {
    const threads = new Map<Thread, LookupTally>();
    return {
      on: {
        nameLookup(lookup: NameLookup) {
          let tally = threads.get(lookup.thread);
          if (tally === undefined) {
            if (threads.size >= MOST_THREADS) return;
            tally = new LookupTally();
            threads.set(lookup.thread, tally);
          }
          tally.add(lookup);
        },
        threadLetGo: (thread: Thread) => {
          threads.delete(thread);
        },
      },
      conclude: () => conclude(context, threads),
    };
  },
});

function conclude(context: Context, threads: ReadonlyMap<Thread, LookupTally>): Conclusion<Metrics> {
  const roles = rolesIn(context.model.processes);
  const at = (place: Place): LookupTally[] =>
    [...threads].filter(([thread]) => placeOf(roles.get(thread)) === place).map(([, tally]) => tally);
  const findings = PLACES.map((place) => judge(context, LookupTally.of(at(place)), place)).filter(
    (found) => found !== null,
  );
  const { begun } = context.model.topic(NameLookups);
  const all = LookupTally.of([...threads.values()]);
  if (findings.length > 0) return found(`${plural(all.count, 'lookup')} that a thread waited for`, findings);
  if (begun === 0)
    return absent('No name lookup is in the capture (nothing was sent to a port 53, to nscd or systemd-resolved)');
  // Without durations only waits that ran out tell how long somebody waited: by their time limit.
  const { times, durations } = context.capabilities;
  if (!times || !durations) return notApplicable(sentenceWithout(times ? ['durations'] : ['times', 'durations']));
  if (all.count === 0 && callsOf(context.model, 'poll', 'select', 'epoll-wait', 'io-uring') === 0)
    return notApplicable(
      `${plural(begun, 'lookup')}, and no poll, select or epoll_wait in the trace: how long somebody waited is ` +
        `unknown. If -e left them out, record without -e: ${RECORDING}`,
    );
  const longest = all.longest?.blocked ?? 0;
  return clear(
    all.count === 0
      ? `${plural(begun, 'lookup')}, and nobody waited for the name server itself`
      : `${plural(begun, 'lookup')}, none of ${context.threshold('dns-ms')} ms; the longest ${duration(longest)}`,
  );
}

/** Which kind of thread made the lookups; what has another role is a thread beside those that serve. */
function placeOf(role: Role | undefined): Place {
  if (role === 'event-loop' || role === 'acceptor') return 'loop';
  return role === 'sync-worker' || role === 'connection-worker' || role === 'blocking-acceptor' ? 'worker' : 'pool';
}

function judge(context: Context, all: LookupTally, place: Place): DraftFinding<Metrics> | null {
  const longest = all.longest?.blocked ?? 0;
  if (longest < context.threshold('dns-ms') * MILLISECOND) return null;
  const isLong = longest >= context.threshold('dns-critical-ms') * MILLISECOND;
  // Beside a loop only those wait who asked for the name, and who needs the same pool.
  const isInVain = all.unanswered > 0 || longest >= context.threshold('dns-pool-ms') * MILLISECOND;
  if (place === 'pool') return dnsFinding(context, all, isInVain ? 'warning' : 'info', place);
  // A sync worker that waits does its job, slowly; only a lookup of seconds is a fault by itself.
  const severity = place === 'loop' ? (isLong ? 'critical' : 'warning') : isLong ? 'warning' : 'info';
  return dnsFinding(context, all, severity, place);
}
