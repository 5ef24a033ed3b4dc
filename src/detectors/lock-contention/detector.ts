import { atEndOf } from '../../model/at-end/at-end.ts';
import type { Process } from '../../model/machine/process.ts';
import { type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { FutexWords, futexesOf, parkedWaits } from '../../model/topics/locks/futex-words.ts';
import { type LockWait, SharedLocks } from '../../model/topics/locks/shared-locks.ts';
import { ExecutorTracker, worksForLoop } from '../../model/topics/pools/executor-tracker.ts';
import { PoolTracker, servesInPool } from '../../model/topics/pools/pool-tracker.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { absent, type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { callsOf } from '../recorded.ts';
import { effect } from './effect.ts';
import { type Metrics, metrics } from './metrics.ts';
import { sharedLockFinding } from './shared-lock-finding.ts';
import { type LockStory, SharedLockWaits } from './shared-lock-waits.ts';
import { contenders, handsOver, isQueueOfMany, threadLockFinding } from './thread-lock-finding.ts';
import { waitsForThreads } from './untold-waits.ts';

const FUTEXES_SHOWN = 3;

export const lockContention = defineDetector({
  kind: 'lock-contention',
  title: 'Workers queue for one lock',
  needs: [
    'times',
    'durations',
    {
      families: ['lock', 'fcntl', 'semaphore', 'futex'],
      calls: 'flock, fcntl, semop or futex',
      without: 'nothing was locked, or it is not shown',
    },
  ],
  thresholds: {
    'lock-wait-ms': {
      default: 500,
      unit: 'ms',
      meaning: 'So much waiting for one lock, all waiters together, is contention.',
    },
    'lock-threads': { default: 3, unit: 'threads', meaning: 'So many threads that queue at one futex are a convoy.' },
    'lock-share': {
      default: 0.3,
      unit: 'of the time',
      meaning:
        'The part of the time, from the first wait to the last, that each of these threads waits, or that more ' +
        'threads wait together.',
    },
  },
  trackers: [SharedLocks, FutexWords, PoolTracker, ExecutorTracker],
  effect,
  metrics,
  create(context) {
    const waits = new SharedLockWaits();
    return {
      on: { lockWait: (wait: LockWait) => waits.add(wait) },
      conclude: () => conclude(context, waits),
    };
  },
});

function conclude(context: Context, waits: SharedLockWaits): Conclusion<Metrics> {
  const { model } = context;
  const roles = rolesIn(model.processes);
  const findings: DraftFinding<Metrics>[] = [];
  for (const story of waits.stories.values()) {
    const found = aboutSharedLock(context, story, roles);
    if (found !== null) findings.push(found);
  }
  for (const process of model.processes.all())
    for (const each of aboutThreads(context, process, roles)) findings.push(each);
  if (findings.length > 0) return found(`${plural(findings.length, 'lock')} with a queue`, findings);
  if (model.topic(SharedLocks).known === 0 && callsOf(model, 'futex') === 0)
    return absent('No lock on a file, no semaphore and no futex is in the capture: nobody asked for a lock');
  const stuck = atEndOf(model).filter(
    ({ idle, wait, left, lasted }) =>
      idle === 'no' &&
      wait.kind === 'lock' &&
      left.futex !== null &&
      lasted >= context.threshold('lock-wait-ms') * MILLISECOND,
  );
  if (stuck.length > 0)
    return notApplicable(
      `${plural(stuck.length, 'thread')} had not come back from a futex: nobody handed the lock over, and the ` +
        'capture does not tell who has it (stuck-call names them)',
    );
  const last = atEndOf(model).find(
    ({ idle, wait, left }) => idle !== 'yes' && wait.kind === 'lock' && left.since >= model.lastTime,
  );
  if (last !== undefined)
    return notApplicable(
      `The capture ends in ${last.left.name} of ${last.thread.tid}, which had not come back: how long it waited for ` +
        `${last.wait.what} is not told`,
    );
  const untold = untoldReason(context);
  if (untold !== null) return notApplicable(untold);
  const longest = Math.max(
    0,
    ...[...waits.stories.values()].filter(({ lock }) => !lock.guardsAccepts).map((story) => story.total),
  );
  const seen =
    longest === 0
      ? 'nobody waited for a shared file or semaphore'
      : `at most ${duration(longest)} of waiting for one shared lock`;
  return clear(`${seen}, and no ${context.threshold('lock-threads')} threads queued at one futex`);
}

/** Why the capture does not tell whether threads queued for a lock of the program; null when it does. */
function untoldReason({ model, threshold }: Context): string | null {
  const waits = waitsForThreads(model, threshold('lock-wait-ms') * MILLISECOND);
  if (waits !== null) {
    const { process, total, request } = waits;
    return (
      `Requests${request === '' ? '' : ` such as ${request}`} waited ${duration(total)} for other threads of ` +
      `${process.pid} (futex): too few hand-overs show whether for one lock`
    );
  }
  for (const process of model.processes.all()) {
    // What runs on such threads is put aside while it waits.
    if (process.takesTurns && process.requests > 0)
      return `The threads of ${process.pid} take turns: what runs on them may wait for a lock in no system call`;
  }
  return null;
}

/** A warning when threads that serve requests waited long, info when others did. */
function aboutSharedLock(
  context: Context,
  story: LockStory,
  roles: ReadonlyMap<Thread, Role>,
): DraftFinding<Metrics> | null {
  if (story.lock.guardsAccepts) return null;
  const least = context.threshold('lock-wait-ms') * MILLISECOND;
  if (story.total < least) return null;
  let served: Nanoseconds = 0;
  for (const [thread, waiter] of story.waiters) served += waiter.served + (isLoop(thread, roles) ? waiter.inTurns : 0);
  return sharedLockFinding(context, story, served >= least ? 'warning' : 'info', served);
}

function aboutThreads(context: Context, process: Process, roles: ReadonlyMap<Thread, Role>): DraftFinding<Metrics>[] {
  const least = context.threshold('lock-threads');
  const found: DraftFinding<Metrics>[] = [];
  const table = futexesOf(process);
  const parked = table === null ? null : parkedWaits(table);
  // Where a word shows the lock, or the threads are known to be parked, the same waits are told by that.
  for (const word of [...(table?.words.values() ?? []), parked, table?.waitsInRequests.all ?? null]) {
    if (
      word === null ||
      (found.length > 0 && word === table?.waitsInRequests.all) ||
      word.isIdling ||
      word.waiters.size < least ||
      word.total < context.threshold('lock-wait-ms') * MILLISECOND ||
      !handsOver(word)
    )
      continue;
    const share = context.threshold('lock-share');
    const threads = contenders(word, share);
    const isOfFew = threads.length >= least;
    if (!isOfFew && !isQueueOfMany(word, least, share)) continue;
    const tids = new Set(isOfFew ? threads.map(({ tid }) => tid) : word.waiters.keys());
    const serving =
      [...tids].some((tid) => word.waiters.get(tid)?.serves === true) ||
      threadsOf(process).some(
        (thread) =>
          tids.has(thread.tid) &&
          // Where one thread reads all requests the others answer them (waitress).
          (isLoop(thread, roles) || servesInPool(thread) || (worksForLoop(thread) && servesClients(process))),
      );
    found.push(threadLockFinding(process, word, isOfFew ? threads : [], serving ? 'warning' : 'info'));
    if (found.length === FUTEXES_SHOWN) break;
  }
  return found;
}

/** Requests wait for what threads do that a loop hands its work to. */
function servesClients({ requests }: Process): boolean {
  return requests > 0;
}

function isLoop(thread: Thread, roles: ReadonlyMap<Thread, Role>): boolean {
  const role = roles.get(thread);
  return role === 'event-loop' || role === 'acceptor';
}
