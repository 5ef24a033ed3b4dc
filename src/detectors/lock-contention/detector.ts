import type { LockWait } from '../../model/facts.ts';
import type { Process } from '../../model/process.ts';
import { type Role, rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { duration, plural } from '../words.ts';
import { sharedLockFinding } from './shared-lock-finding.ts';
import { type LockStory, SharedLockWaits } from './shared-lock-waits.ts';
import { contenders, handsOver, threadLockFinding } from './thread-lock-finding.ts';

const FUTEXES_SHOWN = 3;

export const lockContention: DetectorDefinition = {
  kind: 'lock-contention',
  title: 'Workers queue for one lock',
  thresholds: ['lock-wait-ms', 'lock-threads', 'lock-share'],
  create(context): Detector {
    const waits = new SharedLockWaits();
    return {
      on: { lockWait: (wait: LockWait) => waits.add(wait) },
      conclude: () => conclude(context, waits),
    };
  },
};

function conclude(context: Context, waits: SharedLockWaits): Conclusion {
  const { model, capabilities } = context;
  if (!capabilities.times || !capabilities.durations)
    return notApplicable('The capture has no times or no durations of calls. Record with -ttt -T.');
  const families = new Set(model.statistics.all().map(({ syscall }) => syscall.family));
  if (!families.has('lock') && !families.has('fcntl') && !families.has('semaphore') && !families.has('futex'))
    return notApplicable('No flock, fcntl, semop or futex call in the trace: nothing was locked, or they were filtered out');
  const roles = rolesOf(model.processes.threads());
  const findings: DraftFinding[] = [];
  for (const story of waits.stories.values()) {
    const found = aboutSharedLock(context, story, roles);
    if (found !== null) findings.push(found);
  }
  for (const process of model.processes.all()) for (const found of aboutThreads(context, process, roles)) findings.push(found);
  if (findings.length > 0) return { outcome: { status: 'found', reason: `${plural(findings.length, 'lock')} with a queue` }, findings };
  const longest = Math.max(0, ...[...waits.stories.values()].filter(({ lock }) => !lock.guardsAccepts).map((story) => story.total));
  const seen =
    longest === 0 ? 'nobody waited for a shared file or semaphore' : `at most ${duration(longest)} of waiting for one shared lock`;
  return {
    outcome: { status: 'clear', reason: `${seen}, and no ${context.threshold('lock-threads')} threads queued at one futex` },
    findings,
  };
}

/** A warning when threads that serve requests waited long; a line when others did. */
function aboutSharedLock(context: Context, story: LockStory, roles: ReadonlyMap<Thread, Role>): DraftFinding | null {
  if (story.lock.guardsAccepts) return null;
  const least = context.threshold('lock-wait-ms') * MILLISECOND;
  if (story.total < least) return null;
  let served: Nanoseconds = 0;
  for (const [thread, waiter] of story.waiters) served += waiter.served + (isLoop(thread, roles) ? waiter.inTurns : 0);
  return sharedLockFinding(story, served >= least ? 'warning' : 'info', served);
}

function aboutThreads(context: Context, process: Process, roles: ReadonlyMap<Thread, Role>): DraftFinding[] {
  const least = context.threshold('lock-threads');
  const found: DraftFinding[] = [];
  for (const word of process.futexes?.words.values() ?? []) {
    if (word.isIdling || word.waiters.size < least || word.total < context.threshold('lock-wait-ms') * MILLISECOND || !handsOver(word))
      continue;
    const threads = contenders(word, context.threshold('lock-share'));
    if (threads.length < least) continue;
    const tids = new Set(threads.map(({ tid }) => tid));
    const serving =
      threads.some(({ tid }) => word.waiters.get(tid)?.serves === true) ||
      process.threads.some((thread) => tids.has(thread.tid) && isLoop(thread, roles));
    found.push(threadLockFinding(process, word, threads, serving ? 'warning' : 'info'));
    if (found.length === FUTEXES_SHOWN) break;
  }
  return found;
}

function isLoop(thread: Thread, roles: ReadonlyMap<Thread, Role>): boolean {
  const role = roles.get(thread);
  return role === 'event-loop' || role === 'acceptor';
}
