import type { NameLookup } from '../../model/name-lookups.ts';
import { rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { duration, plural } from '../words.ts';
import { dnsFinding } from './finding.ts';
import { LookupTally } from './lookup-tally.ts';

/** Workers that end and are replaced must not add up. */
const MOST_THREADS = 500;

export const blockingDns: DetectorDefinition = {
  kind: 'blocking-dns',
  title: 'Name lookups stop the worker that makes them',
  thresholds: ['dns-ms', 'dns-critical-ms'],
  create(context): Detector {
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
};

function conclude(context: Context, threads: ReadonlyMap<Thread, LookupTally>): Conclusion {
  const { times, durations } = context.capabilities;
  if (!times || !durations) return notApplicable('The capture has no times or no durations of calls. Record with -ttt -T.');
  const roles = rolesOf(context.model.processes.threads());
  const kinds = [...roles.values()];
  const isLoop = (thread: Thread): boolean => roles.get(thread) === 'event-loop' || roles.get(thread) === 'acceptor';
  if (!kinds.includes('event-loop') && !kinds.includes('acceptor') && !kinds.includes('sync-worker'))
    return notApplicable('No event loop and no sync worker seen');
  const onLoops = [...threads].filter(([thread]) => isLoop(thread)).map(([, tally]) => tally);
  const onWorkers = [...threads].filter(([thread]) => roles.get(thread) === 'sync-worker').map(([, tally]) => tally);
  const findings = [judge(context, onLoops, true), judge(context, onWorkers, false)].filter((found) => found !== null);
  if (findings.length > 0)
    return {
      outcome: { status: 'found', reason: `${plural(count([...onLoops, ...onWorkers]), 'lookup')} that a worker waited for` },
      findings,
    };
  const longest = largestOf(
    [...onLoops, ...onWorkers].map((tally) => tally.longest?.blocked ?? 0),
    0,
  );
  return {
    outcome: {
      status: 'clear',
      reason:
        longest === 0
          ? 'no worker waited for a name server itself'
          : `no lookup on a worker took ${context.threshold('dns-ms')} ms; the longest ${duration(longest)}`,
    },
    findings,
  };
}

function count(tallies: readonly LookupTally[]): number {
  return tallies.reduce((sum, tally) => sum + tally.count, 0);
}

function judge(context: Context, tallies: readonly LookupTally[], isLoop: boolean): DraftFinding | null {
  const all = LookupTally.of(tallies);
  const longest = all.longest?.blocked ?? 0;
  if (longest < context.threshold('dns-ms') * MILLISECOND) return null;
  const isLong = longest >= context.threshold('dns-critical-ms') * MILLISECOND;
  // A sync worker that waits does its job, slowly; only a lookup of seconds is a fault by itself.
  const severity = isLoop ? (isLong ? 'critical' : 'warning') : isLong ? 'warning' : 'info';
  return dnsFinding(all, severity, isLoop);
}
