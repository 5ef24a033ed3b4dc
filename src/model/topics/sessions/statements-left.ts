import type { Family } from '../../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import { mayWaitForLock, sleeps } from '../../../trace/transaction-state.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import type { Process } from '../../machine/process.ts';
import { threadsOf } from '../../machine/threads-of.ts';
import type { AtStatement, SessionCensus } from './session.ts';

/** A statement that waits for a lock, as likely as not, and the call in which its thread does. */
export interface StatementLeft extends AtStatement {
  readonly left: LeftIn;
}

/** Where a thread waits for a lock of its database. PostgreSQL wakes up after a second to look for a deadlock. */
const LOCK_WAITS: ReadonlySet<Family> = new Set<Family>(['futex', 'epoll-wait', 'semaphore', 'poll', 'select']);
const LEAST_LEFT: Nanoseconds = 500 * MILLISECOND;

/** Statements that have waited for `least` when the capture ended, as they do for a lock. */
export function statementsLeft(
  { waiting, at }: SessionCensus,
  processes: readonly Process[],
  least: Nanoseconds,
): readonly StatementLeft[] {
  const waits: StatementLeft[] = [];
  for (const statement of waiting) {
    if (elapsed(statement.since, at) < least) continue;
    const process = processes.find(({ pid }) => pid === statement.pid);
    const left = process === undefined ? null : threadsOf(process).find(({ tid }) => tid === statement.tid)?.leftIn;
    if (left == null || !LOCK_WAITS.has(left.syscall.family)) continue;
    const stays = elapsed(left.since, at);
    const isInSlices = statement.isForLock && statement.database === 'MySQL';
    if (!isInSlices && stays < Math.min(LEAST_LEFT, least)) continue;
    if (mayBeForLock(statement, left, stays >= least)) waits.push({ ...statement, left });
  }
  return waits;
}

/**
 * What only reads waits for the lock of a table. In MySQL that is one wait of its thread, as a sleep is; PostgreSQL
 * looks for a deadlock in it.
 */
function mayBeForLock({ statement, database, isForLock }: AtStatement, { syscall }: LeftIn, isLong: boolean): boolean {
  if (isForLock || mayWaitForLock(statement)) return true;
  return database === 'MySQL' && syscall.family === 'futex' && isLong && !sleeps(statement);
}
