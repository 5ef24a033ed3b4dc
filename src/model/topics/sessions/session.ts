import { type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import type { Database } from '../../../trace/transaction-state.ts';
import type { Connection } from '../../machine/connections.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';

/** A statement of a session that was answered. */
export interface Answered {
  /** Without its values. */
  readonly statement: string;
  readonly readAt: Nanoseconds;
  readonly at: Nanoseconds;
}

/** A statement at some moment, and what was answered before it. */
export interface AtWork {
  readonly during: string;
  readonly readAt: Nanoseconds;
  readonly before: Answered | null;
}

/** What a client of a database did on its connection. */
export class Session {
  readonly connection: Connection;
  readonly database: Database;
  /** Who answered it last. */
  thread: Thread;
  /** null while nothing tells. */
  inTransaction: boolean | null = null;
  /** When its transaction began, as far as the capture shows. */
  since: Nanoseconds = UNKNOWN;
  /** The last answered statement, and the one before it. */
  last: Answered | null = null;
  before: Answered | null = null;
  /** Since when it had asked nothing when it asked first, as far as the capture shows. */
  readonly restedSince: Nanoseconds;

  constructor(connection: Connection, database: Database, thread: Thread, restedSince: Nanoseconds) {
    this.restedSince = restedSince;
    this.connection = connection;
    this.database = database;
    this.thread = thread;
  }

  get process(): Process {
    return this.thread.process;
  }

  /** The statement that it had in progress at that moment, since when, and the answered one before; null for none. */
  around(at: Nanoseconds): AtWork | null {
    const { line, lastReadAt, inProgress } = this.connection.request;
    if (inProgress && lastReadAt <= at) return { during: line, readAt: lastReadAt, before: this.last };
    const { last } = this;
    if (last === null || last.readAt > at || at > last.at) return null;
    return { during: last.statement, readAt: last.readAt, before: this.before };
  }
}

/** What sessions were at, at one moment. */
export interface SessionCensus {
  readonly at: Nanoseconds;
  /** Those whose statement had no answer for so long. */
  readonly waiting: readonly AtStatement[];
  /** Those that did nothing, in a transaction. */
  readonly idleInTransaction: readonly AtStatement[];
  /** Those that did nothing and are in no transaction, as far as anybody knows. */
  readonly idle: number;
}

/** A session, the statement that it is at or was at last, and since when. */
export interface AtStatement {
  readonly database: Database;
  readonly pid: number;
  readonly tid: number;
  readonly peer: string;
  readonly statement: string;
  readonly since: Nanoseconds;
  /** When its transaction began, as far as the capture shows; UNKNOWN for none. */
  readonly inTransactionSince: Nanoseconds;
  /** What it waits for is a lock: it has done meanwhile what the server does in such a wait alone. */
  readonly isForLock: boolean;
}

export function atRest({ database, process, thread, connection, last, since }: Session): AtStatement {
  return {
    database,
    pid: process.pid,
    tid: thread.tid,
    peer: connection.peer,
    statement: last?.statement ?? '',
    since: last?.at ?? UNKNOWN,
    inTransactionSince: since,
    isForLock: false,
  };
}
