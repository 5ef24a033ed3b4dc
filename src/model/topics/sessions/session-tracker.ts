import { MySql } from '../../../trace/framing/mysql.ts';
import { Postgres } from '../../../trace/framing/postgres.ts';
import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type Database, mayWaitForLock, transactionIn, transactionOf } from '../../../trace/transaction-state.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { Connection, Request } from '../../machine/connections.ts';
import { PerConnection, PerProcess, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import { lastMomentOf, type Thread } from '../../machine/thread.ts';
import { threadsOf } from '../../machine/threads-of.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { type AtStatement, type AtWork, atRest, Session, type SessionCensus } from './session.ts';

/** A statement had no answer for long, and another session ended its wait. */
export interface SessionWait {
  readonly thread: ThreadView;
  readonly connection: Connection;
  readonly statement: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly holder: SessionHolder;
  readonly lines: readonly KeptLine[];
}

/** The session that ended the wait of another, at which statement, and what it had done before. */
export interface SessionHolder {
  readonly connection: Connection;
  readonly pid: number;
  readonly tid: number;
  readonly peer: string;
  /** The statement at whose end it let go: `commit`. */
  readonly at: string;
  /** The last one before; '' where the capture does not show it. */
  readonly before: string;
  /** How long it had asked nothing when that statement came, as far as the capture shows. */
  readonly idle: Nanoseconds;
  /** It had waited for something itself in that statement, and let go as soon as that came. */
  readonly waitedItself: boolean;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    sessionWait: SessionWait;
  }
}

/** Shorter waits for another session are ordinary, and none that clients notice. */
const LONG: Nanoseconds = 100 * MILLISECOND;
/** A wait that begins so soon after a call was what that call was made for. */
const AT_ONCE: Nanoseconds = 20 * MILLISECOND;
const MOST_SESSIONS = 4_096;
const MOST_WAKES = 1_024;
/** Of a process that others wake. */
const MOST_SIGNALS = 8;
/** An answer that is longer is not looked at as a whole. */
const ANSWER_BYTES = 512;
/** By which backends of PostgreSQL wake each other: from version 14 on SIGURG, before it SIGUSR1. */
const WAKING: ReadonlySet<string> = new Set(['SIGURG', 'SIGUSR1']);

/** A session let go of something at that moment. */
interface Wake {
  readonly session: Session;
  /** What that session was at: by the time the other one answers, it may be some statements further. */
  readonly at: AtWork;
  readonly waitedItself: boolean;
  readonly start: Nanoseconds;
  readonly line: KeptLine;
}

/** A wait of a thread, or several in a row, at a word of memory, or for a signal (''). */
interface LongWait {
  readonly word: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

const sessions = new PerConnection<Session>();
/** The longest wait of a thread in the statement that it is at. */
const longest = new PerThread<LongWait>();
/** When the wait ended with which a thread begins in the capture. */
const firstWaits = new PerThread<Nanoseconds>();
/** When a thread set a timer for itself last. */
const timers = new PerThread<Nanoseconds>();
/** When the statement was read in which a thread showed last that it waits for a lock. */
const lockWaits = new PerThread<Nanoseconds>();
/** Processes that answer SQL. */
const databases = new PerProcess<true>();

/** Follows the clients of databases: their statements, their transactions, and who let whom go on. */
export class SessionTracker extends TrackerBase implements Tracker {
  /** Statements of which the answer was seen. */
  statements = 0;
  /** The longest of those that change something, waited or may have, and were not seen to be woken by a session. */
  longestUntold: Nanoseconds = 0;
  /** The capture holds calls in which threads wait. */
  #showsWaits = false;
  readonly #open = new Set<Session>();
  /**
   * Who let go of what at which private word. Threads that were there before the capture may be known as processes of
   * their own, so that the word alone stands for both: who waited there meanwhile was woken.
   */
  readonly #wakes = new Map<string, Wake>();
  /** Who woke which process, the last times. */
  readonly #signals = new Map<number, readonly Wake[]>();
  #atEnd: SessionCensus | null = null;

  hears({ family, name }: Syscall): Heard | undefined {
    if (name === 'setitimer') return (call, thread) => timerSet(call, thread);
    switch (family) {
      case 'kill':
        return (call, thread) => this.#signalled(call, thread);
      case 'futex':
        return (call, thread) => this.#futexCalled(call, thread);
      case 'epoll-wait':
      case 'poll':
        return (call, thread) => {
          this.#showsWaits = true;
          if (family === 'poll' && call.result === 0) looksForClient(call, thread);
          firstWaited(call, thread);
          // Whoever was woken by its own time-out slept (pg_sleep).
          if (call.duration < LONG || call.result === 0) return;
          waitedIn(call, thread, '');
          if (call.error === 'EINTR') looksForDeadlock(call, thread);
        };
      case 'restart':
        return firstWaited;
      default:
        return undefined;
    }
  }

  replied(call: Call, thread: Thread, request: Request): void {
    const { connection, line } = request;
    const database = databaseOf(connection);
    if (database === null) return;
    if (this.inWindow(call.end)) this.statements++;
    const session = this.#sessionOf(connection, database, thread);
    session.thread = thread;
    if (databases.of(thread.process) === undefined) databases.set(thread.process, true);
    const took = request.waitedUntil(call.end);
    if (took >= LONG && this.inWindow(call.end) && !this.#waited(call, session, request))
      if (mayWait(line, thread, request.lastReadAt) && this.#mayHaveWaited(session, request, took))
        this.longestUntold = Math.max(this.longestUntold, took);
    longest.clear(thread);
    session.before = session.last;
    session.last = { statement: line, readAt: request.lastReadAt, at: call.end };
    const isWhole = call.result > 0 && call.result <= ANSWER_BYTES;
    const bytes = isWhole ? (call.arguments.payload(ANSWER_BYTES) ?? '') : '';
    const told = bytes.length === call.result ? transactionIn(bytes, database) : null;
    const asked = transactionOf(line);
    const isIn = told ?? (asked === null ? session.inTransaction : asked === 'begins');
    if (isIn === true && session.inTransaction !== true) session.since = request.lastReadAt;
    session.inTransaction = isIn;
  }

  connectionEnded(connection: Connection): void {
    const session = sessions.of(connection);
    if (session !== undefined) this.#open.delete(session);
  }

  finish(threads: Iterable<Thread>): void {
    const all = [...threads];
    const processes = new Set(all.map(({ process }) => process));
    this.#atEnd = this.census(processes, lastMomentOf(all), LONG);
  }

  /** What the sessions were at when the capture ended, or are at by now. */
  censusAtEnd(processes: Iterable<Process>, end: Nanoseconds): SessionCensus {
    return this.#atEnd ?? this.census(processes, end, LONG);
  }

  /** What the sessions of these processes are at; those count as waiting that had no answer for `long`. */
  census(processes: Iterable<Process>, at: Nanoseconds, long: Nanoseconds): SessionCensus {
    const waiting: AtStatement[] = [];
    for (const process of processes)
      for (const request of process.inProgress.unanswered(process)) {
        const { connection, line, lastReadAt } = request;
        const database = databaseOf(connection);
        if (database === null || elapsed(lastReadAt, at) < long) continue;
        const thread = threadsOf(process).find(({ loop }) => loop === request.loop);
        const tid = thread?.tid ?? process.pid;
        waiting.push({
          database,
          pid: process.pid,
          tid,
          peer: connection.peer,
          statement: line,
          since: lastReadAt,
          inTransactionSince: UNKNOWN,
          isForLock: thread !== undefined && lockWaits.of(thread) === lastReadAt,
        });
      }
    const resting = [...this.#open].filter(({ connection }) => !connection.request.inProgress && !connection.closed);
    const held = resting.filter(({ inTransaction }) => inTransaction === true);
    return {
      at,
      waiting: waiting.toSorted((a, b) => a.since - b.since),
      idleInTransaction: held.map(atRest).toSorted((a, b) => a.since - b.since),
      idle: resting.length - held.length,
    };
  }

  #sessionOf(connection: Connection, database: Database, thread: Thread): Session {
    const known = sessions.of(connection);
    if (known !== undefined) return known;
    const session = sessions.set(
      connection,
      new Session(connection, database, thread, restedSince(connection, thread)),
    );
    if (this.#open.size < MOST_SESSIONS) this.#open.add(session);
    return session;
  }

  #signalled(call: Call, thread: Thread): void {
    const sent = call.result === 0 ? call.arguments.signal() : null;
    if (sent === null || !WAKING.has(sent.signal)) return;
    const wake = this.#wakeBy(call, thread);
    if (wake === null) return;
    const known = this.#signals.get(sent.pid) ?? [];
    keep(this.#signals, sent.pid, [...known.slice(1 - MOST_SIGNALS), wake]);
  }

  #futexCalled(call: Call, thread: Thread): void {
    this.#showsWaits = true;
    // Whose time ran out waited as well, though nobody let go.
    if (!isOfDatabase(thread) || (call.error !== '' && call.error !== 'ETIMEDOUT')) return;
    const isLong = call.duration >= LONG;
    if (!isLong && !(call.result > 0)) return;
    const use = call.arguments.futex();
    if (use === null) return;
    if (use.operation.startsWith('WAIT')) {
      if (isLong) waitedIn(call, thread, use.word);
      return;
    }
    const wake = call.result > 0 ? this.#wakeBy(call, thread) : null;
    if (wake !== null) keep(this.#wakes, use.word, wake);
  }

  /** Somebody is woken by a thread that works for a client of a database; null for any other thread. */
  #wakeBy(call: Call, thread: Thread): Wake | null {
    const request = requestOf(thread);
    const database = request === null ? null : databaseOf(request.connection);
    if (request === null || database === null) return null;
    const wait = longest.of(thread);
    const waitedItself = wait !== undefined && wait.start >= request.lastReadAt && request.inProgress;
    const session = this.#sessionOf(request.connection, database, thread);
    const at = session.around(call.start);
    return at === null ? null : { session, at, waitedItself, start: call.start, line: keptLine(call) };
  }

  /** Who computes, or reads from the disk, waits in no call for another one, where such calls are in the capture. */
  #mayHaveWaited({ thread }: Session, { lastReadAt }: Request, took: Nanoseconds): boolean {
    const wait = longest.of(thread);
    return !this.#showsWaits || (wait !== undefined && wait.start >= lastReadAt && 2 * (wait.end - wait.start) >= took);
  }

  /** Tells whose wait another session ended; false where none is seen to have. */
  #waited(call: Call, session: Session, request: Request): boolean {
    const { connection, thread, process } = session;
    const wait = longest.of(thread);
    if (wait === undefined || wait.start < request.lastReadAt) return false;
    const wake = wait.word === '' ? this.#signalOf(process, wait) : this.#wokenAt(process, wait.word);
    if (wake === null || wake.session === session || wake.start < wait.start || wake.start > wait.end) return false;
    const holder = wake.session;
    const { before, during, readAt } = wake.at;
    const { peer } = holder.connection;
    this.facts.tell('sessionWait', {
      thread,
      connection,
      statement: request.line,
      start: request.lastReadAt,
      end: wake.start,
      holder: {
        connection: holder.connection,
        pid: holder.process.pid,
        tid: holder.thread.tid,
        peer,
        at: during,
        before: before?.statement ?? '',
        idle: elapsed(before?.at ?? holder.restedSince, readAt),
        waitedItself: wake.waitedItself,
      },
      lines: [wake.line, keptLine(call)],
    });
    return true;
  }

  #wokenAt(process: Process, word: string): Wake | null {
    const wake = this.#wakes.get(word) ?? null;
    if (wake === null) return null;
    const by = wake.session.process;
    return by === process || !(by.isWhole && process.isWhole) ? wake : null;
  }

  #signalOf({ pid }: Process, { start, end }: LongWait): Wake | null {
    return this.#signals.get(pid)?.findLast((wake) => start <= wake.start && wake.start <= end) ?? null;
  }
}

/** The request that a thread is at. A process with one client may wait for others in what looks like its loop. */
function requestOf({ loop, process }: Thread): Request | null {
  if (loop.owner !== null) return loop.owner;
  for (const request of process.inProgress.unanswered(process)) if (request.loop === loop) return request;
  return null;
}

/** Asked for each call of futex: most are of processes that never had a request. */
function isOfDatabase(thread: Thread): boolean {
  const { process } = thread;
  if (databases.of(process) !== undefined) return true;
  if (process.requests === 0 || process.answered > 0) return false;
  const request = requestOf(thread);
  return request !== null && databaseOf(request.connection) !== null;
}

/** A statement that may wait for a lock: by what it does, or since its thread did what it does in such a wait alone. */
function mayWait(statement: string, thread: Thread, readAt: Nanoseconds): boolean {
  return mayWaitForLock(statement) || lockWaits.of(thread) === readAt;
}

function firstWaited({ start, end }: Call, thread: Thread): void {
  if (start === thread.firstTime) firstWaits.set(thread, end);
}

function timerSet(call: Call, thread: Thread): void {
  if (call.result === 0) timers.set(thread, call.end);
}

/**
 * Right before it waits for a lock a backend of PostgreSQL sets a timer (`deadlock_timeout`). When that has run out, it
 * looks for a deadlock and waits on. A limit for the statement is set when that begins, and ends it.
 */
function looksForDeadlock({ start }: Call, thread: Thread): void {
  const setAt = timers.of(thread);
  const request = requestOf(thread);
  if (setAt === undefined || request === null || databaseOf(request.connection) !== 'PostgreSQL') return;
  if (request.lastReadAt <= setAt && start - setAt < AT_ONCE) lockWaits.set(thread, request.lastReadAt);
}

/**
 * MariaDB and MySQL wait for the lock of a table, or one that has a name, a second at a time, and look in between
 * whether the client is still there.
 */
function looksForClient({ arguments: told, start }: Call, thread: Thread): void {
  const fd = told.polled()[0] ?? -1;
  const request = fd < 0 ? null : (thread.process.descriptors.get(fd)?.connection?.request ?? null);
  if (request === null || !request.inProgress || databaseOf(request.connection) !== 'MySQL') return;
  const wait = longest.of(thread);
  if (wait === undefined || wait.word === '' || start - wait.end >= AT_ONCE) return;
  if (wait.start >= request.lastReadAt) lockWaits.set(thread, request.lastReadAt);
}

/** Since when the session had asked nothing when it asked first in the capture, as far as that shows. */
function restedSince({ openedAt, seenOpening }: Connection, thread: Thread): Nanoseconds {
  if (seenOpening) return Math.max(openedAt, thread.firstTime);
  // It was there before, and its thread did nothing but wait for what it asked.
  const wokenAt = firstWaits.of(thread);
  return wokenAt !== undefined && wokenAt <= openedAt && openedAt - wokenAt < LONG ? thread.firstTime : openedAt;
}

/**
 * PostgreSQL wakes up after a second to look for a deadlock, and waits on: waits for the same in one statement are
 * one. A wait from before the statement was read was for that.
 */
function waitedIn({ start, end }: Call, thread: Thread, word: string): void {
  const known = longest.of(thread);
  const readAt = requestOf(thread)?.lastReadAt ?? UNKNOWN;
  const isOfOther = known === undefined || (readAt !== UNKNOWN && known.start < readAt);
  if (!isOfOther && known.word === word) longest.set(thread, { word, start: known.start, end });
  else if (isOfOther || known.end - known.start <= end - start) longest.set(thread, { word, start, end });
}

/** The database whose client this is, as far as its messages tell; null for any other client. */
export function databaseOf({ framing }: Connection): Database | null {
  if (framing instanceof Postgres) return 'PostgreSQL';
  return framing instanceof MySql ? 'MySQL' : null;
}

function keep<Key, T>(map: Map<Key, T>, key: Key, value: T): void {
  map.delete(key);
  if (map.size >= MOST_WAKES) for (const oldest of map.keys()) if (map.delete(oldest)) break;
  map.set(key, value);
}
