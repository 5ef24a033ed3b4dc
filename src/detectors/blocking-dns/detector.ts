import { rolesOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type NameLookup, NameLookups } from '../../model/topics/names/name-lookups.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { dnsFinding } from './finding.ts';
import { LookupTally } from './lookup-tally.ts';
import { type Metrics, metrics } from './metrics.ts';

/** Workers that end and are replaced must not add up. */
const MOST_THREADS = 500;

export const blockingDns = defineDetector({
  kind: 'blocking-dns',
  title: 'Name lookups stop the worker that makes them',
  needs: ['times', 'durations'],
  thresholds: {
    'dns-ms': { default: 100, unit: 'ms', meaning: 'A name lookup that holds a loop for this long is a warning.' },
    'dns-critical-ms': {
      default: 1000,
      unit: 'ms',
      meaning: 'From here on it is critical; for a sync worker, which may wait, it is a warning.',
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
  const roles = rolesOf(context.model.processes.threads());
  const kinds = [...roles.values()];
  const isLoop = (thread: Thread): boolean => roles.get(thread) === 'event-loop' || roles.get(thread) === 'acceptor';
  if (!kinds.includes('event-loop') && !kinds.includes('acceptor') && !kinds.includes('sync-worker'))
    return notApplicable('No event loop and no sync worker seen');
  const onLoops = [...threads].filter(([thread]) => isLoop(thread)).map(([, tally]) => tally);
  const onWorkers = [...threads].filter(([thread]) => roles.get(thread) === 'sync-worker').map(([, tally]) => tally);
  const findings = [judge(context, onLoops, true), judge(context, onWorkers, false)].filter((found) => found !== null);
  if (findings.length > 0)
    return found(`${plural(count([...onLoops, ...onWorkers]), 'lookup')} that a worker waited for`, findings);
  const { begun } = context.model.topic(NameLookups);
  if (begun === 0)
    return notApplicable(
      'No name lookup of a worker is in the capture (none was sent to a port 53 by a worker itself)',
    );
  const longest = largestOf(
    [...onLoops, ...onWorkers].map((tally) => tally.longest?.blocked ?? 0),
    0,
  );
  return clear(
    longest === 0
      ? `${plural(begun, 'lookup')} on workers, and none of them waited for the name server itself`
      : `${plural(begun, 'lookup')} on workers, none of ${context.threshold('dns-ms')} ms; the longest ` +
          duration(longest),
  );
}

function count(tallies: readonly LookupTally[]): number {
  return tallies.reduce((sum, tally) => sum + tally.count, 0);
}

function judge(context: Context, tallies: readonly LookupTally[], isLoop: boolean): DraftFinding<Metrics> | null {
  const all = LookupTally.of(tallies);
  const longest = all.longest?.blocked ?? 0;
  if (longest < context.threshold('dns-ms') * MILLISECOND) return null;
  const isLong = longest >= context.threshold('dns-critical-ms') * MILLISECOND;
  // A sync worker that waits does its job, slowly; only a lookup of seconds is a fault by itself.
  const severity = isLoop ? (isLong ? 'critical' : 'warning') : isLong ? 'warning' : 'info';
  return dnsFinding(all, severity, isLoop);
}
