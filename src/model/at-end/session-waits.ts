import type { Family } from '../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { mayWaitForLock, sleeps } from '../../trace/transaction-state.ts';
import type { LeftIn } from '../machine/left-in.ts';
import { threadsOf } from '../machine/threads-of.ts';
import type { Model } from '../model.ts';
import type { AtStatement, SessionCensus } from '../topics/sessions/session.ts';
import { SessionTracker } from '../topics/sessions/session-tracker.ts';

/** A statement that waits for a lock, as likely as not, and the call in which its thread does. */
export interface StatementLeft extends AtStatement {
  readonly left: LeftIn;
}

/** Where a thread waits for a lock of its database. PostgreSQL wakes up after a second to look for a deadlock. */
const LOCK_WAITS: ReadonlySet<Family> = new Set<Family>(['futex', 'epoll-wait', 'semaphore', 'poll', 'select']);
const LEAST_LEFT: Nanoseconds = 500 * MILLISECOND;

/** Statements that have waited for `least` or longer when the capture ended, as they do for a lock, and all sessions. */
export function statementsLeft(
  model: Model,
  least: Nanoseconds,
): { readonly waits: readonly StatementLeft[]; readonly census: SessionCensus } {
  const end = model.lastTime;
  const census = model.topic(SessionTracker).censusAtEnd(model.processes.all(), end);
  const waits: StatementLeft[] = [];
  for (const statement of census.waiting) {
    if (elapsed(statement.since, end) < least) continue;
    const process = model.processes.all().find(({ pid }) => pid === statement.pid);
    const left = process === undefined ? null : threadsOf(process).find(({ tid }) => tid === statement.tid)?.leftIn;
    if (left == null || !LOCK_WAITS.has(left.syscall.family)) continue;
    const stays = elapsed(left.since, end);
    const isInSlices = statement.isForLock && statement.database === 'MySQL';
    if (!isInSlices && stays < Math.min(LEAST_LEFT, least)) continue;
    if (mayBeForLock(statement, left, stays >= least)) waits.push({ ...statement, left });
  }
  return { waits, census };
}

/**
 * What only reads waits for the lock of a table. In MySQL that is one wait of its thread, as a sleep is; PostgreSQL
 * looks for a deadlock in it.
 */
function mayBeForLock({ statement, database, isForLock }: AtStatement, { syscall }: LeftIn, isLong: boolean): boolean {
  if (isForLock || mayWaitForLock(statement)) return true;
  return database === 'MySQL' && syscall.family === 'futex' && isLong && !sleeps(statement);
}
