import type { Process } from '../../model/machine/process.ts';
import { isWorkerRole, type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { type DiskSync, DiskTracker } from '../../model/topics/disk/disk-tracker.ts';
import { count, duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { effect } from './effect.ts';
import { syncFinding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { SyncTally } from './sync-tally.ts';

const MOST_THREADS = 500;

export const diskSync = defineDetector({
  kind: 'disk-sync',
  title: 'A worker waits until the disk has its data',
  needs: ['times', 'durations'],
  thresholds: {
    'disk-sync-ms': {
      default: 100,
      unit: 'ms',
      meaning: 'One turn of an event loop that waits this long for the disk is a warning.',
    },
    'disk-sync-worker-ms': {
      default: 500,
      unit: 'ms',
      meaning:
        'One request that waits this long for the disk is a warning, on a thread that serves one request ' +
        'at a time. Where no request is seen, one sync of this length is info.',
    },
    'disk-sync-per-second': {
      default: 20,
      unit: 'syncs a second',
      meaning: 'So many syncs a second are info, however quick each of them is.',
    },
  },
  trackers: [DiskTracker],
  effect,
  metrics,
  create(context) {
    const threads = new Map<Thread, SyncTally>();
    return {
      on: {
        diskSync(fact: DiskSync) {
          let tally = threads.get(fact.thread);
          if (tally === undefined) {
            if (threads.size >= MOST_THREADS) return;
            tally = new SyncTally(fact);
            threads.set(fact.thread, tally);
          }
          tally.add(fact);
        },
        threadLetGo: (thread: Thread) => {
          threads.delete(thread);
        },
      },
      conclude: () => conclude(context, threads),
    };
  },
});

function conclude(context: Context, threads: ReadonlyMap<Thread, SyncTally>): Conclusion<Metrics> {
  const { model } = context;
  const roles = rolesIn(model.processes);
  const nobodyServes = ![...roles.values()].some(isWorkerRole);
  const findings: DraftFinding<Metrics>[] = [];
  const told = new Set<Process>();
  for (const tally of [...threads.values()].toSorted((a, b) => b.calls.total - a.calls.total)) {
    const found = judge(context, tally, roles.get(tally.thread), nobodyServes);
    if (found === null) continue;
    // Threads of one pool say the same: one line for what does no harm.
    const { process } = tally.thread;
    if (found.severity === 'info' && told.has(process)) continue;
    told.add(process);
    findings.push(found);
  }
  if (findings.length > 0) return found(`${plural(findings.length, 'thread')} that waited for the disk`, findings);
  const open = [...model.processes.threads()].find(
    ({ ended, leftIn }) => !ended && leftIn?.syscall.family === 'sync' && leftIn.since >= model.lastTime,
  );
  if (open !== undefined)
    return notApplicable(
      `The capture ends in ${open.leftIn?.name} of ${open.tid}, which had not come back: how long it took is not told`,
    );
  const tallies = [...threads.values()];
  const syncs = tallies.reduce((sum, { calls }) => sum + calls.count, 0);
  const longest = largestOf(
    tallies.map(({ calls }) => calls.longest),
    0,
  );
  if (syncs > 0)
    return clear(
      `${plural(syncs, 'sync')}, the longest ${duration(longest)}, none long enough to report: ${limits(context)}`,
    );
  // A capture of sockets alone would hold no sync either.
  const calls = model.statistics.all().filter(({ syscall }) => ON_FILES.has(syscall.name) || syscall.family === 'open');
  const onFiles = calls.reduce((sum, { count: times }) => sum + times, 0);
  // `-e trace=%file` holds calls with a path, and no sync has one.
  const hasOthers = model.statistics.all().some(({ syscall }) => syscall.takesDescriptor && syscall.family !== 'file');
  if (onFiles === 0 || !hasOthers)
    return notApplicable(
      `No sync, and no open or write call in the trace. If -e left them out, record without -e: ${RECORDING}`,
    );
  return clear(`no fsync, fdatasync, msync or sync_file_range beside ${plural(onFiles, 'open or write call')}`);
}

/** Calls that a capture of files holds, and one of sockets alone does not. */
const ON_FILES: ReadonlySet<string> = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2']);

function limits(context: Context): string {
  return (
    `under ${context.threshold('disk-sync-ms')} ms in one turn of a loop, and under ` +
    `${count(context.threshold('disk-sync-per-second'))} a second elsewhere`
  );
}

/**
 * What somebody waits for at one time is what hurts: many quick syncs in many turns are throughput, and they are info,
 * as are syncs that nobody waits for.
 */
function judge(
  context: Context,
  tally: SyncTally,
  role: Role | undefined,
  nobodyServes: boolean,
): DraftFinding<Metrics> | null {
  const isLoop = (role === 'event-loop' || role === 'acceptor') && tally.served > 0;
  const isServing = isLoop || (tally.served > 0 && tally.thread.servesRequests);
  const { longestTogether, mostInSecond } = tally;
  const isSlow =
    (isLoop && longestTogether >= context.threshold('disk-sync-ms') * MILLISECOND) ||
    (isServing && longestTogether >= context.threshold('disk-sync-worker-ms') * MILLISECOND);
  if (isSlow) return syncFinding(context, tally, 'warning', isLoop, isServing);
  const isOften = mostInSecond >= context.threshold('disk-sync-per-second');
  // Beside threads that serve it is where it belongs; who waited for it is unknown where nobody is seen to serve.
  const isLong = nobodyServes && tally.calls.longest >= context.threshold('disk-sync-worker-ms') * MILLISECOND;
  return isOften || isLong ? syncFinding(context, tally, 'info', isLoop, isServing) : null;
}
