import type { KeptLine } from '../../model/evidence.ts';
import type { Connection } from '../../model/machine/connections.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import type { AtStatement } from '../../model/topics/sessions/session.ts';
import {
  databaseOf,
  type SessionHolder,
  SessionTracker,
  type SessionWait,
} from '../../model/topics/sessions/session-tracker.ts';
import type { Family } from '../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type Database, mayWaitForLock } from '../../trace/transaction-state.ts';

/** A statement that waited. */
export interface HeldUp {
  readonly pid: number;
  readonly tid: number;
  readonly statement: string;
  readonly database: Database | null;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly lines: readonly KeptLine[];
}

/** Statements that one session held up. */
export interface Hold {
  readonly holder: SessionHolder;
  /** That session had waited itself, for somebody whom the capture does not show. */
  readonly isUnknown: boolean;
  readonly waits: HeldUp[];
}

/** A wait goes on behind another one if that covers so much of it. */
const COVERS = 0.5;
const LONGEST_CHAIN = 16;
/** Where a thread waits for a lock of its database. PostgreSQL wakes up after a second to look for a deadlock. */
const LOCK_WAITS: ReadonlySet<Family> = new Set<Family>(['futex', 'epoll-wait', 'semaphore', 'poll', 'select']);
const LEAST_LEFT: Nanoseconds = 500 * MILLISECOND;

/** The waits by whose session they were for: of a queue that is the one that the first of them waited for. */
export function holdsOf(waits: readonly SessionWait[], least: Nanoseconds): Hold[] {
  const holds = new Map<Connection, Hold>();
  for (const wait of waits) {
    if (elapsed(wait.start, wait.end) < least) continue;
    const holder = rootOf(wait, waits);
    const hold = holds.get(holder.connection) ?? { holder, isUnknown: holder.waitedItself, waits: [] };
    holds.set(holder.connection, hold);
    const { thread, connection, statement, start, end, lines } = wait;
    const database = databaseOf(connection);
    hold.waits.push({ pid: thread.process.pid, tid: thread.tid, statement, database, start, end, lines });
  }
  return [...holds.values()];
}

function rootOf(wait: SessionWait, waits: readonly SessionWait[]): SessionHolder {
  let found = wait;
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const { start, end } = found;
    const { connection } = found.holder;
    const behind = waits.find(
      (other) =>
        other.connection === connection &&
        other !== found &&
        Math.min(other.end, end) - Math.max(other.start, start) >= COVERS * (end - start),
    );
    if (behind === undefined || behind === wait) break;
    found = behind;
  }
  return found.holder;
}

/** Statements that wait at the end of the capture, as they do for a lock, and the sessions that may have it. */
export function stillHeldUp(
  model: Model,
  least: Nanoseconds,
): { readonly waits: HeldUp[]; readonly suspects: AtStatement[] } {
  const end = model.lastTime;
  const census = model.topic(SessionTracker).censusAtEnd(model.processes.all(), end);
  const waits: HeldUp[] = [];
  for (const { pid, tid, statement, since, database } of census.waiting) {
    if (!mayWaitForLock(statement) || elapsed(since, end) < least) continue;
    const process = model.processes.all().find((each) => each.pid === pid);
    const left = process === undefined ? null : threadsOf(process).find((each) => each.tid === tid)?.leftIn;
    if (left == null || !LOCK_WAITS.has(left.syscall.family)) continue;
    if (elapsed(left.since, end) < Math.min(LEAST_LEFT, least)) continue;
    waits.push({ pid, tid, statement, database, start: since, end, lines: [left.line] });
  }
  if (waits.length === 0) return { waits, suspects: [] };
  const first = Math.min(...waits.map(({ start }) => start));
  return {
    waits,
    suspects: census.idleInTransaction.filter(({ inTransactionSince: since }) => since !== UNKNOWN && since <= first),
  };
}
