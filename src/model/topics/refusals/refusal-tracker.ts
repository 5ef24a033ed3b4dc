import { Memcached } from '../../../trace/framing/memcached.ts';
import { MySql } from '../../../trace/framing/mysql.ts';
import { Postgres } from '../../../trace/framing/postgres.ts';
import { Redis } from '../../../trace/framing/redis.ts';
import type { Call } from '../../../trace/record.ts';
import {
  isAlertCutOff,
  mayHideRefusal,
  NGINX_HAS_NO_ROOM,
  type Refusal,
  refusalIn,
  refusalInLog,
  refusalInReply,
  refusalOfCommand,
  refusalOfMySql,
  refusalOfPostgres,
  STATUS_BYTES,
} from '../../../trace/refusals.ts';
import { requestShape } from '../../../trace/request-shape.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { Connection, Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { Listener } from '../../machine/listener.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { type AnswerBehind, noteAnswered, passedOnBy } from './answers-behind.ts';
import { type FailedCall, failedCallsOf, hearsFailing, noteWrite } from './failed-calls.ts';

/** A server turned a client away in the words of its protocol, or said so in its log. */
export interface ClientRefused {
  readonly thread: ThreadView;
  /** null when its accept was not traced. */
  readonly listener: Listener | null;
  readonly refusal: Refusal;
  readonly time: Nanoseconds;
  readonly line: KeptLine;
  /** Of a request of HTTP: its line, and what failed in it before its reply. */
  readonly request: string;
  readonly before: readonly FailedCall[];
  /** The answer of a service behind that is passed on; null where none was seen. */
  readonly behind: AnswerBehind | null;
}

/**
 * Replies of HTTP that refused nobody, since the first that did, by what would tell them from those: nobody asks for
 * them where all requests are served.
 */
export interface Served {
  count: number;
  /** By request line without what differs from one to the next; of too many the first. */
  readonly requests: Map<string, number>;
  /** By what had failed before: `connect ECONNREFUSED 10.0.0.7:5432`. */
  readonly before: Map<string, number>;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    clientRefused: ClientRefused;
  }
}

/** Requests, and what failed before, that are told apart on one listener. */
const MOST_KINDS = 64;
const HEAD_BYTES = 256;
const REDIS_ANSWERS = '+-:$*';
/** An error is a message, and at most what was asked before it in one go. */
const LONGEST_ERROR = 1_024;
/** Whoever waits for a lock for so long did not ask for an answer at once. */
const LONG: Nanoseconds = 100 * MILLISECOND;
/** What nginx does right before it logs that it has no room; it asks for the number of its thread once. */
const ASKS_FOR_ROOM: ReadonlySet<string> = new Set(['accept', 'accept4', 'socket', 'gettid']);

/** Whether the last thing a thread did was to log an alert of which the tracer shows too little. */
const alerts = new PerThread<true>();

/** Reads the first words to each client, the beginning of each answer, and the log line behind an accept. */
export class RefusalTracker extends TrackerBase implements Tracker {
  /** Connections of which the first words to the client were traced. */
  read = 0;
  /** What an answer began with is cut off before it tells whether it refuses. */
  hidden = false;
  /** Answers to what was asked, on each listener; null stands for connections whose accept was not traced. */
  readonly replies = new Map<Listener | null, number>();
  /** Of those of HTTP the ones that refused nobody, on listeners where one did. */
  readonly served = new Map<Listener | null, Served>();

  hears(syscall: Syscall): Heard | undefined {
    const { family } = syscall;
    if (family !== 'write') return hearsFailing(syscall);
    return (call, thread) => {
      if (call.error !== '') noteWrite(call, thread);
      if (thread.lastSyscall !== null && ASKS_FOR_ROOM.has(thread.lastSyscall.name)) this.#logged(call, thread);
    };
  }

  answered(call: Call, thread: Thread, descriptor: Descriptor): void {
    noteAnswered(call, thread.process, descriptor);
  }

  replied(call: Call, thread: Thread, request: Request): void {
    const { isHttp, listener, framing } = request.connection;
    if (!this.inWindow(call.end)) return;
    if (isHttp) {
      this.#counted(listener);
      const bytes = statusOf(call);
      this.#looked(bytes, call);
      const refusal = refusalInReply(bytes);
      if (refusal === null) this.#served(listener, request);
      else {
        if (!this.served.has(listener)) this.served.set(listener, { count: 0, requests: new Map(), before: new Map() });
        this.#refused(call, thread, listener, refusal, request);
      }
    } else if (!framing || framing instanceof Redis || framing instanceof Memcached) {
      const bytes = call.arguments.payload(STATUS_BYTES) ?? '';
      // Commands of Redis in plain words have no framing: its answers are known by their first byte.
      if (!framing && (bytes === '' || !REDIS_ANSWERS.includes(bytes.charAt(0)))) return;
      this.#answered(request.connection);
      this.#looked(bytes, call);
      this.#saidIn(refusalOfCommand(bytes), call, thread, listener);
    } else if (framing instanceof Postgres || framing instanceof MySql) {
      this.#answered(request.connection);
      if (call.result > LONGEST_ERROR) return;
      const bytes = call.arguments.payload(HEAD_BYTES) ?? '';
      this.#looked(bytes, call);
      const refusal = framing instanceof MySql ? refusalOfMySql(bytes, call.result) : refusalOfPostgres(bytes);
      // NOWAIT gives up at once, and whoever says it expects that.
      const isMeant = refusal?.reason === 'lock' && request.waitedUntil(call.end) < LONG;
      if (!isMeant) this.#saidIn(refusal, call, thread, listener);
    }
  }

  #saidIn(refusal: Refusal | null, call: Call, thread: Thread, listener: Listener | null): void {
    if (refusal !== null) this.#refused(call, thread, listener, refusal);
  }

  /** The first answer on a connection was counted as its first words. */
  #answered({ listener, firstWrites }: Connection): void {
    if (firstWrites === 1 && this.read > 0) this.read--;
    this.#counted(listener);
  }

  #served(listener: Listener | null, request: Request): void {
    const served = this.served.get(listener);
    if (served === undefined) return;
    served.count++;
    countIn(served.requests, requestShape(request.line));
    for (const failed of failedCallsOf(request)) countIn(served.before, nameOf(failed));
  }

  #counted(listener: Listener | null): void {
    this.replies.set(listener, (this.replies.get(listener) ?? 0) + 1);
  }

  #looked(bytes: string, { result }: Call): void {
    this.hidden ||= mayHideRefusal(bytes, result);
  }

  wroteFirst(call: Call, thread: Thread, connection: Connection): void {
    if (!(call.result > 0)) return;
    const bytes = call.arguments.payload(HEAD_BYTES) ?? '';
    if (bytes !== '' && this.inWindow(call.end)) {
      if (connection.firstWrites === 1) this.read++;
      // PostgreSQL says whether it speaks TLS before it refuses.
      this.#looked(bytes, call);
    }
    const refusal = refusalIn(bytes, call.result);
    if (refusal !== null) this.#refused(call, thread, connection.listener, refusal);
  }

  #logged(call: Call, thread: Thread): void {
    const descriptor = thread.process.descriptors.get(call.fd);
    if (!(call.result > 0) || (descriptor !== undefined && descriptor.connection !== null)) return;
    const bytes = call.arguments.payload(HEAD_BYTES) ?? '';
    const refusal = refusalInLog(bytes);
    if (refusal !== null) this.#refused(call, thread, thread.accepts.listener, refusal);
    else if (isAlertCutOff(bytes, call.result)) alerts.set(thread, true);
  }

  /**
   * The connection that nginx accepted before an alert is closed right after it, and nothing was read from it: there
   * was no room, whatever the tracer shows of the alert.
   */
  closed(call: Call, thread: Thread, { connection }: Descriptor): void {
    const alert = alerts.of(thread);
    if (alert === undefined) return;
    alerts.clear(thread);
    if (connection === null || connection.used || !connection.seenOpening) return;
    if (thread.lastSyscall?.family !== 'write' || thread.accepts.listener !== connection.listener) return;
    this.#refused(call, thread, connection.listener, NGINX_HAS_NO_ROOM);
  }

  #refused(
    call: Call,
    thread: Thread,
    listener: Listener | null,
    refusal: Refusal,
    asked: Request | null = null,
  ): void {
    if (!this.inWindow(call.end)) return;
    const request = asked?.line ?? '';
    const before = asked === null ? [] : failedCallsOf(asked);
    this.facts.tell('clientRefused', {
      thread,
      listener,
      refusal,
      time: call.end,
      line: keptLine(call),
      request,
      before,
      behind: asked === null ? null : passedOnBy(thread.process, refusal.code.replace('status ', ''), call.end),
    });
  }
}

/** How a call that failed is told from others in a table. */
export const nameOf = ({ call, errno, target }: FailedCall): string => `${call} ${errno} ${target}`;

/** Counts it, unless there are too many others. */
export function countIn(counts: Map<string, number>, key: string): void {
  const known = counts.get(key);
  if (known !== undefined || counts.size < MOST_KINDS) counts.set(key, (known ?? 0) + 1);
}

/** The first bytes of a reply; varnish writes the words of its first line from a buffer each. */
function statusOf({ arguments: traced }: Call): string {
  const { head } = traced;
  const bytes = head.length >= STATUS_BYTES ? head : (traced.payload(STATUS_BYTES) ?? '');
  if (bytes.length >= STATUS_BYTES || !bytes.startsWith('HTTP/1.')) return bytes;
  return traced.payloads(STATUS_BYTES).join('').slice(0, STATUS_BYTES);
}
