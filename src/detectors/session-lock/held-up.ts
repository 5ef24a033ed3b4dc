import type { KeptLine } from '../../model/evidence.ts';
import type { Connection } from '../../model/machine/connections.ts';
import type { Model } from '../../model/model.ts';
import type { AtStatement } from '../../model/topics/sessions/session.ts';
import {
  databaseOf,
  type SessionHolder,
  SessionTracker,
  type SessionWait,
} from '../../model/topics/sessions/session-tracker.ts';
import { statementsLeft } from '../../model/topics/sessions/statements-left.ts';
import { elapsed, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Database } from '../../trace/transaction-state.ts';

/** A statement that waited. */
export interface HeldUp {
  readonly pid: number;
  readonly tid: number;
  readonly statement: string;
  readonly database: Database | null;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** It was for a lock: its session did what it does in no other wait, or was seen to be let go on. */
  readonly isForLock: boolean;
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
    hold.waits.push({
      pid: thread.process.pid,
      tid: thread.tid,
      statement,
      database,
      start,
      end,
      isForLock: true,
      lines,
    });
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
  const processes = model.processes.all();
  const census = model.topic(SessionTracker).censusAtEnd(processes, model.lastTime);
  const waits = statementsLeft(census, processes, least).map(
    ({ pid, tid, statement, since, database, isForLock, left: { line } }) => ({
      pid,
      tid,
      statement,
      database,
      start: since,
      end: model.lastTime,
      isForLock,
      lines: [line],
    }),
  );
  if (waits.length === 0) return { waits, suspects: [] };
  const first = Math.min(...waits.map(({ start }) => start));
  return {
    waits,
    suspects: census.idleInTransaction.filter(({ inTransactionSince: since }) => since !== UNKNOWN && since <= first),
  };
}
